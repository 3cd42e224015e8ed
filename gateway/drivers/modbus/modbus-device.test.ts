import { expect, test } from 'vitest';
import { DATA_TYPES } from '../../../core/sparkplug/payload.ts';
import { createModbusDevice, samplesOf } from './modbus-device.ts';
import { loadModbusProfile } from './profile.ts';

const make = (profile: string, more = {}) =>
  createModbusDevice({ id: 'device', unit: 7, profile, ...more }, loadModbusProfile(profile, '/'));

/** Samples as `measurement/field/point` → [value, quality]. */
function table(samples: ReturnType<typeof samplesOf>) {
  return Object.fromEntries(
    samples.map(({ metric: { quantity, point }, value, quality }) => [
      [quantity.measurement, quantity.field, point].filter(Boolean).join('/'),
      [value, quality],
    ]),
  );
}

test('a soil probe is one read of three registers, in canonical units', () => {
  const { readsOfGroup } = make('soil-moisture-temperature-ec');
  const [read, ...others] = readsOfGroup.get('readings')!;
  expect(others).toEqual([]);
  expect(read).toMatchObject({ function: 'readInputRegisters', address: 0, count: 3 });
  expect(table(samplesOf(read!, { registers: [234, 0xfff6, 812] }))).toEqual({
    'soil/moisture': [23.4, 'good'],
    'soil/temperature': [-1, 'good'],
    'soil/ec': [812, 'good'],
  });
});

test('a value that the instrument cannot measure is marked bad', () => {
  const [read] = make('soil-moisture-temperature-ec').readsOfGroup.get('readings')!;
  const samples = table(samplesOf(read!, { registers: [1001, 0x7fff, 0] }));
  expect(samples['soil/moisture']).toEqual([100.1, 'bad']);
  expect(samples['soil/temperature']).toEqual([3276.7, 'bad']);
});

test('a flow meter: floats, a scaled counter and a pressure, converted', () => {
  const { readsOfGroup, spec } = make('flow-meter');
  const [read] = readsOfGroup.get('readings')!;
  // 40 c0 00 00 is 6.0 as IEEE 754.
  expect(table(samplesOf(read!, { registers: [0x40c0, 0, 0x0001, 0x86a0, 250] }))).toEqual({
    'irrigation/flow': [100, 'good'],
    'irrigation/volume': [100, 'good'],
    'irrigation/pressure': [250, 'good'],
  });
  expect(spec.metrics.map(({ dataType }) => dataType)).toEqual(Array(3).fill(DATA_TYPES.Double));
});

test('a float that is not a number has no value', () => {
  const [read] = make('flow-meter').readsOfGroup.get('readings')!;
  const samples = table(samplesOf(read!, { registers: [0x7fc0, 0, 0, 0, 0] }));
  expect(samples['irrigation/flow']).toEqual([null, 'bad']);
});

test('only the points in use are sent, each in its zone', () => {
  const { spec, readsOfGroup } = make('valve-controller-8', {
    zone: 'yard',
    points: { v1: { zone: 'north' }, v3: {} },
  });
  expect(spec.metrics.map(({ point, zone, dataType }) => [point, zone, dataType])).toEqual([
    ['v1', 'north', DATA_TYPES.Boolean],
    ['v3', 'yard', DATA_TYPES.Boolean],
  ]);
  const [first, second] = readsOfGroup.get('readings')!;
  expect(table(samplesOf(first!, { bits: [true] }))).toEqual({ 'irrigation/valve_state/v1': [true, 'good'] });
  expect(table(samplesOf(second!, { bits: [false] }))).toEqual({
    'irrigation/valve_state/v3': [false, 'good'],
  });
});

test('without a list of points all are sent, in one read', () => {
  const { spec, readsOfGroup } = make('valve-controller-8');
  expect(spec.metrics).toHaveLength(8);
  expect(readsOfGroup.get('readings')).toMatchObject([
    { function: 'readDiscreteInputs', address: 0, count: 8 },
  ]);
});

test('the interval is the profile’s, or the device’s own', () => {
  expect(make('weather-station').spec.groups).toEqual([{ id: 'readings', everyMs: 10_000 }]);
  expect(make('weather-station', { everyMs: 500 }).spec.groups).toEqual([{ id: 'readings', everyMs: 500 }]);
});

test.each([
  [{ type: 'u16', scale: 1 }, DATA_TYPES.Int32],
  [{ type: 'u16', scale: 0.1 }, DATA_TYPES.Double],
  [{ type: 'u32', scale: 1 }, DATA_TYPES.Double],
  [{ type: 'f32', scale: 1 }, DATA_TYPES.Float],
] as const)('a state goes as a whole number only if it is one: %j', ({ type, scale }, dataType) => {
  const read = { table: 'holding', address: 0, type, order: 'ABCD', scale, offset: 0 } as const;
  const metrics = [{ quantity: 'weather/leaf_wet', group: 'readings', read }];
  const profile = { ...loadModbusProfile('flow-meter', '/'), metrics };
  const { spec } = createModbusDevice({ id: 'leaf', unit: 1, profile: '' }, profile);
  expect(spec.metrics[0]?.dataType).toBe(dataType);
});

test('a bit of a register is a state', () => {
  const profile = {
    ...loadModbusProfile('flow-meter', '/'),
    metrics: [
      {
        quantity: 'irrigation/pump_state',
        group: 'readings',
        read: { table: 'holding', address: 9, type: 'bit', bit: 2, order: 'ABCD', scale: 1, offset: 0 },
      },
    ],
  } satisfies Parameters<typeof createModbusDevice>[1];
  const { readsOfGroup } = createModbusDevice({ id: 'pump', unit: 1, profile: '' }, profile);
  const [read] = readsOfGroup.get('readings')!;
  expect(samplesOf(read!, { registers: [0b0100] })).toMatchObject([{ value: true }]);
  expect(samplesOf(read!, { registers: [0b1011] })).toMatchObject([{ value: false }]);
});
