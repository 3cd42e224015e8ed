import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { loadModbusProfile } from './profile.ts';

const PROFILES = join(import.meta.dirname, '../../profiles');
const HEAD = `protocol: modbus
title: { en: Probe, zh: 探头 }
groups:
  readings: { everyMs: 1000 }
metrics:
`;

const SET_POINT = (write: string) =>
  `  - quantity: irrigation/dose_ph_setpoint\n    read: { table: holding, address: 0 }\n    write: { role: setting, ${write} }`;
const VALVE = (write: string) =>
  `  - quantity: irrigation/valve_state\n    read: { table: discrete, address: 0 }\n    write: { role: valve, table: coil, address: 0, ${write} }`;

function load(metrics: string, head = HEAD) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'probe.yaml'), head + metrics);
  return loadModbusProfile('probe.yaml', folder);
}

const OF_MODBUS = readdirSync(PROFILES).filter(
  (name) =>
    name.endsWith('.yaml') && readFileSync(join(PROFILES, name), 'utf8').includes('\nprotocol: modbus\n'),
);

test.each(OF_MODBUS)('%s is valid', (file) => {
  expect(loadModbusProfile(basename(file, '.yaml'), '/').metrics.length).toBeGreaterThan(0);
});

test('a profile may be the user’s own file, beside the configuration', () => {
  const { metrics } = load('  - { quantity: soil/ph, read: { table: input, address: 3, scale: 0.1 } }');
  expect(metrics).toMatchObject([{ quantity: 'soil/ph', group: 'readings', read: { order: 'ABCD' } }]);
});

test.each([
  [
    'an unknown quantity',
    '  - quantity: soil/moister\n    read: { table: input, address: 0 }',
    'probe.yaml:6: metrics.0.quantity: "soil/moister" is not in the catalogue; soil has moisture, temperature',
  ],
  [
    'a unit that does not convert',
    '  - quantity: soil/moisture\n    read:\n      table: input\n      address: 0\n      unit: bar',
    'probe.yaml:10: metrics.0.read.unit: "bar" cannot be converted to %',
  ],
  [
    'an unknown group',
    '  - quantity: soil/moisture\n    group: fast\n    read: { table: input, address: 0 }',
    'probe.yaml:7: metrics.0.group: there is no group "fast"; groups: readings',
  ],
  [
    'the default group where the profile has none of that name',
    '  - quantity: soil/moisture\n    read: { table: input, address: 0 }',
    'probe.yaml:6: metrics.0.group: there is no group "readings"; groups: slow',
    HEAD.replace('readings:', 'slow:'),
  ],
  [
    'a group by the name of something that every object has',
    '  - quantity: soil/moisture\n    group: constructor\n    read: { table: input, address: 0 }',
    'probe.yaml:7: metrics.0.group: there is no group "constructor"',
  ],
  [
    'a value that runs past the last register',
    '  - { quantity: soil/ph, read: { table: input, address: 65535, type: f32 } }',
    'probe.yaml:6: metrics.0.read.address: f32 takes 2 registers, and the last is 65535',
  ],
  [
    'a range that ends before it begins',
    '  - quantity: soil/ph\n    range: [9, 3]\n    read: { table: input, address: 0 }',
    'probe.yaml:7: metrics.0.range: its end, 3, is before its beginning, 9',
  ],
  [
    'the same quantity twice',
    '  - { quantity: soil/ph, read: { table: input, address: 0 } }\n  - { quantity: soil/ph, read: { table: input, address: 1 } }',
    'probe.yaml:7: metrics.1.quantity: stands here twice; give each a point',
  ],
  [
    'a type for a coil',
    '  - { quantity: irrigation/pump_state, read: { table: coil, address: 0, type: u16 } }',
    'a coil is one bit and takes no type',
  ],
  [
    'a bit without its type',
    '  - { quantity: irrigation/pump_state, read: { table: input, address: 0, bit: 3 } }',
    'type bit and the number of the bit belong together',
  ],
  [
    'a scale of 0',
    '  - { quantity: soil/ph, read: { table: input, address: 0, scale: 0 } }',
    'probe.yaml:6: metrics.0.read.scale: must not be 0',
  ],
  [
    'a wrong table',
    '  - { quantity: soil/ph, read: { table: inputs, address: 0 } }',
    'probe.yaml:6: metrics[0].read.table: must be one of "coil", "discrete", "input", "holding"',
  ],
  [
    'a number in a coil',
    SET_POINT('table: coil, address: 0, safe: 7'),
    'probe.yaml:8: metrics.0.write.table: a coil is one bit, and the value is a number',
  ],
  [
    'a safe value of another kind',
    SET_POINT('table: holding, address: 0, safe: false'),
    'probe.yaml:8: metrics.0.write.safe: the value is a number',
  ],
  [
    'a safe value that may not be set',
    SET_POINT('table: holding, address: 0, safe: 2, min: 4'),
    'probe.yaml:8: metrics.0.write.safe: 2 is not within 4 to 14',
  ],
  [
    'bounds that cross',
    SET_POINT('table: holding, address: 0, safe: 2, min: 4, max: 3'),
    'probe.yaml:8: metrics.0.write.max: 3 is less than the least, 4',
  ],
  [
    'a written unit that does not convert',
    SET_POINT('table: holding, address: 0, safe: 7, unit: bar'),
    'probe.yaml:8: metrics.0.write.unit: "bar" cannot be converted to pH',
  ],
  [
    'a write past the last register',
    SET_POINT('table: holding, address: 65535, type: f32, safe: 7'),
    'probe.yaml:8: metrics.0.write.address: f32 runs past the last register, 65535',
  ],
  [
    'a bound for a valve',
    VALVE('safe: false, max: 1'),
    'probe.yaml:8: metrics.0.write.max: is for numbers, and the value is true or false',
  ],
  [
    'one number for true and false',
    VALVE('safe: false, on: 0'),
    'probe.yaml:8: metrics.0.write.off: true and false cannot be the same number',
  ],
  [
    'a timer past the last register',
    VALVE('safe: false, timer: { address: 65535, type: u32 }'),
    'probe.yaml:8: metrics.0.write.timer: u32 runs past the last register, 65535',
  ],
  ['a write without its safe value', VALVE('on: 1'), 'probe.yaml:8: metrics[0].write'],
  [
    'a dead band below 0',
    '  - quantity: soil/ph\n    read: { table: input, address: 0 }\n    report: { deadBand: -1, longestSilenceS: 9 }',
    'probe.yaml:8: metrics[0].report.deadBand',
  ],
])('%s is refused with its line', (_, metrics, message, head = HEAD) => {
  expect(() => load(metrics, head)).toThrow(message);
});

test('a profile that does not exist is refused with the names of those that do', () => {
  expect(() => loadModbusProfile('soil', '/')).toThrow(/"soil" cannot be read.*flow-meter, .*soil-moisture/);
  expect(() => loadModbusProfile('../flow-meter', '/')).not.toThrow();
});
