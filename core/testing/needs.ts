import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** Programs that tests bring in from outside, and the Debian package that has each. */
const PACKAGES = {
  influxd: 'influxdb',
  'rabbitmq-server': 'rabbitmq-server',
  influx: 'influxdb-client',
  mosquitto_sub: 'mosquitto-clients',
  mosquitto_pub: 'mosquitto-clients',
  mbpoll: 'mbpoll',
  chromium: 'chromium',
  'coap-client-notls': 'libcoap3-bin',
  prlimit: 'util-linux',
  python3: 'python3',
  'python3-pymodbus': 'python3-pymodbus',
  'python3-paho-mqtt': 'python3-paho-mqtt',
  'python3-aiosmtpd': 'python3-aiosmtpd',
  'docker-compose': 'docker-compose',
  mosquitto: 'mosquitto',
  'systemd-analyze': 'systemd',
  fping: 'fping',
  ip: 'iproute2',
  nft: 'nftables',
} as const;

export type Program = keyof typeof PACKAGES;

/**
 * `describe` where every named program is installed; elsewhere a skip with one line that says what to install.
 * In CI nothing may be skipped, so there the suite runs and fails on what is missing.
 */
export function describeWith(...programs: Program[]): typeof describe | typeof describe.skip {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0 || process.env.CI) return describe;
  const packages = [...new Set(missing.map((program) => PACKAGES[program]))].join(' ');
  process.stderr.write(`skipped: ${missing.join(', ')} not found (on Debian: apt install ${packages})\n`);
  return describe.skip;
}

/** Where Debian puts the interpreter that sees Debian's Python packages; a version manager may shadow it. */
export const DEBIAN_PYTHON = '/usr/bin/python3';

const PYTHON_MODULES: Partial<Record<Program, string>> = {
  'python3-pymodbus': 'pymodbus',
  'python3-paho-mqtt': 'paho.mqtt.client',
  'python3-aiosmtpd': 'aiosmtpd',
};

function isInstalled(program: Program): boolean {
  const module = PYTHON_MODULES[program];
  if (module !== undefined) {
    try {
      execFileSync(DEBIAN_PYTHON, ['-c', `import ${module}`], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  }
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
