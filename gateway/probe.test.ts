import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../core/clock.ts';
import type { Language } from '../core/errors.ts';
import { FolderLock } from '../core/folder-lock.ts';
import { decodeRequest, encodeResponse } from '../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../core/modbus/rtu.ts';
import { describeWith } from '../core/testing/needs.ts';
import { temporaryFolder } from '../core/testing/temporary-folder.ts';
import { probe } from './probe.ts';
import { startForeignSlave } from './testing/foreign-slave.ts';
import { openPtyLine } from './testing/pty-line.ts';

const SETTINGS = `site: farm
gateway: shed
broker: { url: "mqtt://127.0.0.1:1" }
drivers:
  - driver: modbus-rtu
    id: field
    port: bus
    timeoutMs: 300
    devices: [{ id: probe, unit: 1, profile: soil-moisture-temperature-ec }]
  - { driver: nmea, id: gnss, port: gnss, timeoutMs: 1000 }
  - { driver: nmea, id: roof, port: roof, device: tractor }
  - { driver: system }
`;

function setUp() {
  const folder = temporaryFolder();
  const configFile = join(folder, 'gateway.yaml');
  writeFileSync(configFile, SETTINGS);
  const printed: string[] = [];
  const run = (device: string, language: Language = 'en', listenMs = 2_000) =>
    probe({
      configFile,
      device,
      dataFolder: folder,
      listenMs,
      language,
      clock: systemClock,
      print: (line) => printed.push(line),
    });
  return { folder, configFile, printed, text: () => printed.join('\n'), run };
}

async function soilProbe(name: string): Promise<void> {
  const line = await openPtyLine(name, (frame) => {
    const { unit, pdu } = unwrapRtu(frame);
    line.send(wrapRtu(unit, encodeResponse(decodeRequest(pdu), { registers: [234, 0xfff6, 812] })));
  });
  onTestFinished(() => line.unplug());
}

test('a device on a bus: its readings with units and quality, in the reader’s language', async () => {
  const { folder, run, text, printed } = setUp();
  await soilProbe(join(folder, 'bus'));
  expect(await run('probe')).toBe(true);
  expect(text()).toContain('Soil moisture (volumetric): 23.4 % (good)  soil/moisture');
  printed.length = 0;
  expect(await run('probe', 'zh')).toBe(true);
  expect(text()).toContain('土壤温度: -1 °C (良好)  soil/temperature');
});

test('a device that is silent: what is wrong and how to mend it', async () => {
  const { folder, run, text } = setUp();
  const line = await openPtyLine(join(folder, 'bus'), () => {});
  onTestFinished(() => line.unplug());
  expect(await run('probe')).toBe(false);
  expect(text()).toContain('No readings');
  expect(text()).toContain('MODBUS_TIMEOUT: unit 1 on field did not answer');
});

test('a receiver that speaks by itself is listened to, and each sentence shown', async () => {
  const { folder, run, text } = setUp();
  const line = await openPtyLine(join(folder, 'gnss'), () => {});
  onTestFinished(() => line.unplug());
  let second = 19;
  const speaking = setInterval(() => {
    const said = `GPGGA,1235${second++},4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,`;
    const sum = [...said].reduce((xor, letter) => xor ^ letter.charCodeAt(0), 0);
    line.send(Buffer.from(`$${said}*${sum.toString(16).padStart(2, '0')}\r\n`));
  }, 250);
  onTestFinished(() => clearInterval(speaking));
  expect(await run('gnss')).toBe(true);
  expect(text()).toMatch(/\d+ ms {2}← \$GPGGA,1235\d\d/);
  expect(text()).toContain('Latitude: 48.117300 ° (good)  gnss/latitude');
  expect(text()).toContain('Fix quality: GNSS fix (good)');
});

test('a port that is not there', async () => {
  const { run, text } = setUp();
  expect(await run('tractor', 'zh', 500)).toBe(false);
  expect(text()).toContain('SERIAL_UNAVAILABLE: 无法打开串口');
});

test('the machine itself', async () => {
  const { run, text } = setUp();
  expect(await run('system')).toBe(true);
  expect(text()).toMatch(/Memory in use: [\d.]+ % \(good\)/);
});

test('a device that is not in the settings: which there are', async () => {
  const { run } = setUp();
  await expect(run('prob')).rejects.toMatchObject({
    code: 'PROBE_DEVICE_UNKNOWN',
    details: { known: 'field, probe, gnss, roof, tractor, system' },
  });
  await expect(run('')).rejects.toMatchObject({ code: 'PROBE_DEVICE_UNKNOWN' });
});

test('a gateway that runs keeps its line, and the message says what to do', async () => {
  const { folder, run } = setUp();
  const lock = new FolderLock(join(folder, 'gateway', 'farm.shed'));
  await expect(run('probe')).rejects.toMatchObject({
    code: 'PROBE_LINE_IN_USE',
    message: expect.stringContaining('care request "probe"'),
  });
  lock.release();
});

test('a mistake in another driver’s profile is no hindrance', async () => {
  const { configFile, run } = setUp();
  writeFileSync(configFile, SETTINGS.replace('soil-moisture-temperature-ec', 'none.yaml'));
  expect(await run('system')).toBe(true);
  await expect(run('probe')).rejects.toMatchObject({ message: expect.stringContaining('none.yaml') });
});

test('the command: options, exit status, language of the terminal', async () => {
  const { folder, configFile } = setUp();
  mkdirSync(join(folder, 'data'));
  const run = async (...parameters: string[]) => {
    const main = join(import.meta.dirname, 'main.ts');
    const child = spawn(process.execPath, [main, '--probe', ...parameters, '--data', join(folder, 'data')], {
      env: { ...process.env, LC_ALL: 'zh_CN.UTF-8' },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes));
    const [status] = (await once(child, 'close')) as [number];
    return { status, output };
  };
  const machine = await run(configFile, 'system');
  expect(machine).toMatchObject({ status: 0, output: expect.stringContaining('内存占用') });
  const unknown = await run(configFile, 'nobody');
  expect(unknown).toMatchObject({ status: 1, output: expect.stringContaining('没有名为 "nobody"') });
  expect(await run(configFile)).toMatchObject({ status: 1, output: expect.stringContaining('DEVICE') });
});

describeWith('python3-pymodbus')('a slave that nobody here wrote', () => {
  test('is probed on a pseudo-terminal', async () => {
    const { folder, run, text } = setUp();
    await startForeignSlave(join(folder, 'bus'), 1, { input: [234, 65526, 812], holding: [234, 65526, 812] });
    expect(await run('probe')).toBe(true);
    expect(text()).toContain('23.4 %');
  });
});
