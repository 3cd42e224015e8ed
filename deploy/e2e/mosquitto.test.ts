import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { getJson } from '../../core/testing/get-json.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { CertificateFolder } from '../certs/certificate-folder.ts';
import { demoSettings, lastReading, startWith } from './farm.ts';

function blockOf(kind: string): string {
  const page = readFileSync('docs/broker.md', 'utf8');
  return new RegExp(`^\`\`\`${kind}\n(.*?)^\`\`\`$`, 'ms').exec(page)?.[1] ?? '';
}

/** Debian's mosquitto, set up as docs/broker.md says: only the folders and the port are others. */
async function startMosquitto(passwords: Readonly<Record<string, string>>) {
  const folder = temporaryFolder();
  const port = await freePort();
  const certs = new CertificateFolder(folder, Date.now());
  await certs.make('authority', 'ca');
  await certs.make('server', 'server', ['localhost', '127.0.0.1']);
  const config = blockOf('conf')
    .replaceAll('/etc/mosquitto/sluice', folder)
    .replace('/var/lib/mosquitto/', `${folder}/`)
    .replace('listener 8883', `listener ${port} 127.0.0.1`);
  // Started by root it would become another user, who may not read what is in this folder.
  writeFileSync(join(folder, 'mosquitto.conf'), `user ${userInfo().username}\n${config}`);
  writeFileSync(join(folder, 'acl'), blockOf('acl'));
  writeFileSync(join(folder, 'passwords'), '');
  for (const [user, password] of Object.entries(passwords)) {
    execFileSync('mosquitto_passwd', ['-b', join(folder, 'passwords'), user, password]);
  }
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  const child = spawn('mosquitto', ['-c', join(folder, 'mosquitto.conf')], { env });
  let words = '';
  child.stderr.on('data', (data) => (words += data));
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(words);
    return /running/.test(words);
  });
  return { url: `mqtts://localhost:${port}`, caFile: join(folder, 'ca.pem') };
}

describeWith('mosquitto')('with mosquitto in the place of our broker', () => {
  test('readings are stored, a command is answered and the ledger is confirmed', async () => {
    const { settings, folder, mqttPort } = await demoSettings();
    const passwords = { ingest: 'secret of ingest', 'pump-house': 'secret of the pump house' };
    const connection = await startMosquitto(passwords);
    const own = { ingest: settings.ingest.broker, 'pump-house': settings.gateway.broker };
    for (const [name, password] of Object.entries(passwords)) {
      const passwordFile = join(folder, `password-of-${name}`);
      writeFileSync(passwordFile, password, { mode: 0o600 });
      Object.assign(own[name as keyof typeof own], connection, { username: name, passwordFile });
    }
    delete settings.broker;
    const farm = await startWith(settings, folder, mqttPort);

    await lastReading(farm, 'measurement=soil&field=moisture', undefined, 40_000);
    const valve = 'measurement=irrigation&field=valve_state&point=v1';
    await lastReading(farm, valve, ({ value }) => value === 0, 40_000);
    const lease = { device: 'valves', metric: 'irrigation/valve_state/v1', value: true, leaseS: 60 };
    const response = await fetch(`${farm.url}/api/v1/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ site: 'demo-farm', gateway: 'pump-house', ...lease }),
    });
    expect([response.status, await response.text()]).toEqual([202, expect.any(String)]);
    await lastReading(farm, valve, ({ value }) => value === 1, 20_000);

    const completeness = await eventually(async () => {
      const url = `${farm.url}/api/v1/gateways/demo-farm/pump-house/completeness`;
      const now = await getJson<Record<string, unknown>>(url);
      return Number(now.stored) > 100 && now;
    });
    expect(completeness).toMatchObject({ dropped: 0, rejected: 0 });
  });
});
