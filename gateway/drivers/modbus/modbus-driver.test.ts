import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import { decodeRequest, encodeException, encodeResponse } from '../../../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../../../core/modbus/rtu.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { GATEWAY_ITSELF, type Outcome } from '../../driver.ts';
import { driverContext } from '../../testing/driver-context.ts';
import { openPtyLine } from '../../testing/pty-line.ts';
import { ModbusConfig } from './config.ts';
import { modbusRtu } from './modbus-rtu.ts';

const PROFILE = `protocol: modbus
title: { en: Pond probe, zh: 水质探头 }
groups: { readings: { everyMs: 1000 } }
metrics:
  - { quantity: water/temperature, read: { table: input, address: 0, scale: 0.1 } }
  - { quantity: water/ph, read: { table: holding, address: 0, scale: 0.1 } }
`;
const SIGNAL = new AbortController().signal;

/** A driver for one device, whose far end refuses holding registers and is silent while `isMute`. */
async function setUp() {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'pond.yaml'), PROFILE);
  const far = { isMute: false, refuses: [3], functions: [] as number[] };
  const line = await openPtyLine(join(folder, 'bus'), (frame) => {
    if (far.isMute) return;
    const { unit, pdu } = unwrapRtu(frame);
    far.functions.push(pdu[0]!);
    if (far.refuses.includes(pdu[0]!)) line.send(wrapRtu(unit, encodeException(pdu[0]!, 2)));
    else line.send(wrapRtu(unit, encodeResponse(decodeRequest(pdu), { registers: [215] })));
  });
  onTestFinished(() => line.unplug());
  const device = { id: 'pond', unit: 1, profile: 'pond.yaml' };
  const config = { driver: 'modbus-rtu', id: 'shore', port: 'bus', timeoutMs: 300, devices: [device] };
  const context = driverContext({ dataFolder: folder, configFolder: folder });
  const driver = modbusRtu.create(checkConfig(ModbusConfig, config), context);
  onTestFinished(() => driver.stop());
  const values = (outcome: Outcome | undefined) =>
    Object.fromEntries(outcome!.samples.map(({ metric, value }) => [metric.quantity.field, value]));
  return { driver, far, values };
}

test('a device that refuses a register is alive, and gives what else it has', async () => {
  const { driver, far, values } = await setUp();
  const outcome = await driver.poll!('pond', 'readings', SIGNAL);
  expect(far.functions.sort()).toEqual([3, 4]);
  expect(outcome).toMatchObject({ isReached: true, error: { code: 'MODBUS_EXCEPTION' } });
  expect(values(outcome)).toEqual({ temperature: 21.5 });
});

test('a device that refuses everything is alive still', async () => {
  const { driver, far } = await setUp();
  far.refuses = [3, 4];
  const outcome = await driver.poll!('pond', 'readings', SIGNAL);
  expect(outcome).toMatchObject({ isReached: true, samples: [], error: { code: 'MODBUS_EXCEPTION' } });
});

test('a device that is silent is asked one thing only, and then not at all for a while', async () => {
  const { driver, far } = await setUp();
  far.isMute = true;
  const outcome = await driver.poll!('pond', 'readings', SIGNAL);
  expect(outcome).toMatchObject({ isReached: false, samples: [], error: { code: 'MODBUS_TIMEOUT' } });
  expect(await driver.poll!('pond', 'readings', SIGNAL)).toBeUndefined();
});

test('the bus reports its load, errors and turnaround as the gateway’s own', async () => {
  const { driver, far, values } = await setUp();
  const none = { bus_errors: 0, bus_crc_errors: 0, bus_timeouts: 0, bus_retries: 0 };
  expect(values(await driver.poll!(GATEWAY_ITSELF, 'shore', SIGNAL))).toEqual({ ...none, bus_load: 0 });
  await driver.poll!('pond', 'readings', SIGNAL);
  far.isMute = true;
  await driver.poll!('pond', 'readings', SIGNAL);
  const health = await driver.poll!(GATEWAY_ITSELF, 'shore', SIGNAL);
  expect(values(health)).toEqual({
    ...none,
    bus_timeouts: 1,
    turnaround: expect.any(Number),
    bus_load: expect.any(Number),
  });
  expect(values(health).bus_load).toBeGreaterThan(50);
  expect(values(health).bus_load).toBeLessThanOrEqual(100);
  expect(new Set(health!.samples.map(({ metric }) => metric.point))).toEqual(new Set(['shore']));
});
