import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import {
  decodeRequest,
  encodeException,
  encodeResponse,
  type ModbusRequest,
} from '../../../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../../../core/modbus/rtu.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { driverContext } from '../../testing/driver-context.ts';
import { openPtyLine } from '../../testing/pty-line.ts';
import { ModbusConfig } from './config.ts';
import { modbusRtu } from './modbus-rtu.ts';

const SIGNAL = new AbortController().signal;

/** A device with memory at the far end of a line; `hears` says what it does with each request. */
async function setUp(profile: string) {
  const folder = temporaryFolder();
  const far = {
    coils: new Map<number, boolean>(),
    holding: new Map<number, number>(),
    asked: [] as ModbusRequest[],
    hears: (_: ModbusRequest): 'answer' | 'ignore' | 'mute' | number => 'answer',
  };
  const line = await openPtyLine(join(folder, 'bus'), (frame) => {
    const { unit, pdu } = unwrapRtu(frame);
    const request = decodeRequest(pdu);
    far.asked.push(request);
    const does = far.hears(request);
    if (typeof does === 'number') return line.send(wrapRtu(unit, encodeException(pdu[0]!, does)));
    const { address } = request;
    if (does !== 'ignore') {
      if (request.function === 'writeSingleCoil') far.coils.set(address, request.on);
      if (request.function === 'writeSingleRegister') far.holding.set(address, request.value);
    }
    if (does === 'mute') return;
    const count = 'count' in request ? request.count : 0;
    const at = (index: number) => address + index;
    const answer =
      request.function === 'readCoils' || request.function === 'readDiscreteInputs'
        ? { bits: Array.from({ length: count }, (_, index) => far.coils.get(at(index)) ?? false) }
        : { registers: Array.from({ length: count }, (_, index) => far.holding.get(at(index)) ?? 0) };
    line.send(wrapRtu(unit, encodeResponse(request, answer)));
  });
  onTestFinished(() => line.unplug());
  const context = driverContext({ dataFolder: folder, configFolder: folder });
  const devices = [{ id: 'far', unit: 7, profile }];
  const config = { driver: 'modbus-rtu', id: 'field', port: 'bus', timeoutMs: 300, devices };
  const driver = modbusRtu.create(checkConfig(ModbusConfig, config), context);
  onTestFinished(() => driver.stop());
  const metric = (field: string, point = '') =>
    driver.devices[0]!.metrics.find((one) => one.quantity.field === field && one.point === point)!;
  const write = (field: string, point: string, value: number | boolean, more = {}) =>
    driver.write!({
      id: 'command',
      device: 'far',
      metric: metric(field, point),
      value,
      leaseMs: value === false ? 0 : 90_000,
      notAfterMs: context.clock.monotonicMs() + 10_000,
      ...more,
    });
  return { driver, far, write, metric, clock: context.clock };
}

const valves = () => setUp('valve-controller-8');

test('opening hands the device its lease first, and is true when the coil has been read back', async () => {
  const { far, write, metric } = await valves();
  expect(await write('valve_state', 'v3', true)).toEqual({ kind: 'done', value: true });
  expect(far.asked).toEqual([
    { function: 'writeSingleRegister', address: 2, value: 90 },
    { function: 'writeSingleCoil', address: 2, on: true },
    { function: 'readCoils', address: 2, count: 1 },
  ]);
  expect(metric('valve_state', 'v3').write).toEqual({
    role: 'valve',
    safeValue: false,
    hasDeviceTimer: true,
  });
});

test('closing needs no timer', async () => {
  const { far, write } = await valves();
  expect(await write('valve_state', 'v1', false)).toEqual({ kind: 'done', value: false });
  expect(far.asked.map((one) => one.function)).toEqual(['writeSingleCoil', 'readCoils']);
});

test('a device that refuses the lease is not opened', async () => {
  const { far, write } = await valves();
  far.hears = (request) => (request.function === 'writeSingleRegister' ? 3 : 'answer');
  await expect(write('valve_state', 'v1', true)).rejects.toMatchObject({
    code: 'MODBUS_EXCEPTION',
    message: expect.stringContaining('illegal data value'),
  });
  expect(far.coils.get(0)).toBeUndefined();
});

test('a device whose timer was not confirmed is not opened', async () => {
  const { far, write } = await valves();
  far.hears = (request) => (request.function === 'writeSingleRegister' ? 'mute' : 'answer');
  await expect(write('valve_state', 'v1', true)).rejects.toMatchObject({ code: 'MODBUS_TIMEOUT' });
  expect(far.coils.get(0)).toBeUndefined();
});

test('a device that agrees and does not do it is found out', async () => {
  const { far, write } = await valves();
  far.hears = (request) => (request.function === 'writeSingleCoil' ? 'ignore' : 'answer');
  await expect(write('valve_state', 'v1', true)).rejects.toMatchObject({
    code: 'WRITE_NOT_TAKEN',
    details: { device: 'far', metric: 'irrigation/valve_state/v1', value: 'true', held: 'false' },
  });
});

test('an answer that is lost does not hide that the device has obeyed', async () => {
  const { far, write } = await valves();
  far.coils.set(0, true);
  far.hears = (request) => (request.function === 'writeSingleCoil' ? 'mute' : 'answer');
  expect(await write('valve_state', 'v1', false)).toEqual({ kind: 'done', value: false });
});

test('a device that is still carrying it out, and says so with exception 5, is judged by what it then holds', async () => {
  const { far, write } = await valves();
  far.coils.set(0, true);
  far.hears = (request) => (request.function === 'writeSingleCoil' ? 5 : 'answer');
  expect(await write('valve_state', 'v1', true)).toEqual({ kind: 'done', value: true });
  far.coils.set(0, false);
  await expect(write('valve_state', 'v1', true)).rejects.toMatchObject({
    code: 'MODBUS_EXCEPTION',
    message: expect.stringContaining('acknowledge'),
  });
});

test('a device that did not hear it is no success', async () => {
  const { far, write } = await valves();
  far.coils.set(0, true);
  far.hears = (request) => (request.function === 'writeSingleCoil' ? 'mute' : 'answer');
  const closing = write('valve_state', 'v1', false);
  far.hears = () => 'mute';
  await expect(closing).rejects.toMatchObject({ code: 'MODBUS_TIMEOUT' });
});

test('a device that polls leave alone is told to close at once', async () => {
  const { driver, far, write, clock } = await valves();
  far.coils.set(0, true);
  far.hears = () => 'mute';
  await driver.poll!('far', 'readings', SIGNAL);
  expect(await driver.poll!('far', 'readings', SIGNAL)).toBeUndefined();
  far.hears = () => 'answer';
  far.asked.length = 0;
  const askedAtMs = clock.monotonicMs();
  const closing = write('valve_state', 'v1', false);
  await expect.poll(() => far.asked.length).toBeGreaterThan(0);
  expect(clock.monotonicMs() - askedAtMs).toBeLessThan(500);
  expect(far.coils.get(0)).toBe(false);
  expect(await closing).toEqual({ kind: 'done', value: false });
});

test('what waited too long is not sent any more', async () => {
  const { far, write, clock } = await valves();
  const late = write('valve_state', 'v1', true, { notAfterMs: clock.monotonicMs() - 1 });
  await expect(late).rejects.toMatchObject({ code: 'WRITE_TOO_LATE' });
  expect(far.asked).toEqual([]);
});

test.each([
  ['a lease of none', { leaseMs: 0 }, 'it needs a lease'],
  [
    'a lease that the timer cannot hold',
    { leaseMs: 65_536_000 },
    'the timer of the device holds at most 65535 s',
  ],
  ['a number', { value: 1 }, 'it is true or false'],
])('%s is refused for a valve', async (_, more, message) => {
  const { far, write } = await valves();
  await expect(write('valve_state', 'v1', true, more)).rejects.toThrow(message);
  expect(far.asked).toEqual([]);
});

test('a set-point is scaled, bounded, and read back in its canonical unit', async () => {
  const { far, write, metric } = await setUp('fertigation-controller');
  expect(await write('dose_ph_setpoint', '', 5.85)).toEqual({ kind: 'done', value: 5.85 });
  expect(far.holding.get(1)).toBe(585);
  expect(metric('dose_ph_setpoint').write).toEqual({
    role: 'setting',
    safeValue: 7,
    min: 4,
    max: 9,
    hasDeviceTimer: false,
  });
  await expect(write('dose_ph_setpoint', '', 3.9)).rejects.toThrow('3.9 cannot be written');
  await expect(write('dose_ph_setpoint', '', Number.NaN)).rejects.toMatchObject({ code: 'WRITE_IMPOSSIBLE' });
});

test('a pump drive is run by a number in a register', async () => {
  const { far, write } = await setUp('pump-drive');
  expect(await write('pump_state', '', true, { leaseMs: 1_500 })).toEqual({ kind: 'done', value: true });
  expect([far.holding.get(0), far.holding.get(2)]).toEqual([1, 2]);
  expect(await write('pump_state', '', false)).toEqual({ kind: 'done', value: false });
  expect(far.holding.get(0)).toBe(0);
});
