import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { driverContext } from '../../testing/driver-context.ts';
import { SystemConfig } from './config.ts';
import { findMachine, modemLevel } from './machine.ts';
import { SystemDriver } from './system-driver.ts';

/** A driver on a machine whose files and programs are these; `root` is where they are. */
async function readingsOf(files: Record<string, string>, clockStatus = { isSynced: true }) {
  const root = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(name)), { recursive: true });
    writeFileSync(join(root, name), text);
    chmodSync(join(root, name), 0o755);
  }
  const context = driverContext({
    dataFolder: root,
    clockStatus: () => ({ systemOffsetMs: undefined, ...clockStatus }),
  });
  const config = checkConfig(SystemConfig, { driver: 'system' });
  const driver = new SystemDriver(config, context, findMachine(root, join(root, 'bin')));
  const declared = driver.devices.flatMap(({ metrics }) => metrics.map(({ quantity }) => quantity.field));
  const { samples } = await driver.poll();
  const values = Object.fromEntries(samples.map(({ metric, value }) => [metric.quantity.field, value]));
  return { declared, values, samples };
}

test('this very machine has a processor, memory and a disk', async () => {
  const { values, samples } = await readingsOf({});
  expect(values).toMatchObject({
    memory: expect.any(Number),
    disk: expect.any(Number),
    process_memory: expect.any(Number),
    clock_synced: 1,
  });
  for (const { metric, value } of samples) {
    expect(value).toBeGreaterThanOrEqual(metric.quantity.min);
    expect(value).toBeLessThanOrEqual(metric.quantity.max);
  }
});

test('what the machine cannot measure is not declared, and nothing is zero for want of a sensor', async () => {
  const { declared, values } = await readingsOf({
    'proc/net/wireless': 'Inter-| sta-|   Quality\n face | tus |\n',
  });
  expect(declared).not.toContain('temperature');
  expect(declared).not.toContain('signal');
  expect(values).not.toHaveProperty('clock_offset');
});

test('the hottest sensor, and one that cannot be read passed over', async () => {
  const { values } = await readingsOf({
    'sys/class/thermal/thermal_zone0/temp': '41500\n',
    'sys/class/thermal/thermal_zone1/temp': '58250\n',
    'sys/class/thermal/thermal_zone2/temp': '',
    'sys/class/thermal/cooling_device0/temp': '99000\n',
  });
  expect(values).toMatchObject({ temperature: 58.25 });
});

test('Wi-Fi tells its level', async () => {
  const { values } = await readingsOf({
    'proc/net/wireless':
      'Inter-| sta-|   Quality        |   Discarded packets\n face | tus | link level noise |\n wlan0: 0000   54.  -56.  -256        0      0\n',
  });
  expect(values).toMatchObject({ signal: -56 });
});

test('a modem is asked through ModemManager, and goes before Wi-Fi', async () => {
  const { values } = await readingsOf({
    'bin/mmcli':
      '#!/bin/sh\necho \'{"modem":{"signal":{"5g":{"rsrp":"--"},"lte":{"rsrp":"-103.00","rssi":"-69.00"},"gsm":{"rssi":"--"}}}}\'\n',
    'proc/net/wireless': ' wlan0: 0000   54.  -56.  -256        0      0\n',
  });
  expect(values).toMatchObject({ signal: -103 });
});

test.each([
  ['no modem', undefined],
  ['no JSON', 'error: couldn’t find modem'],
  ['nothing measured', '{"modem":{"signal":{"lte":{"rsrp":"--"}}}}'],
])('%s is no level', (_, json) => {
  expect(modemLevel(json)).toBeUndefined();
});

test('whether the clock is right, and how far the system’s is off', async () => {
  const { values } = await readingsOf({}, { isSynced: false, systemOffsetMs: -1_500 } as {
    isSynced: boolean;
  });
  expect(values).toMatchObject({ clock_synced: 0, clock_offset: -1_500 });
});
