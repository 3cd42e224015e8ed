import { expect, test } from 'vitest';
import { decodeBirthMark, decodeMark } from '../../core/ledger.ts';
import { findQuantity } from '../../core/quantities.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { GATEWAY_ITSELF, type MetricSpec } from '../driver.ts';
import type { NumberedMessage, OutboxEntry, OutboxMetric, Stamp } from '../outbox/outbox.ts';
import { deviceDeath, MetricTable, nodeDeath } from './metric-table.ts';

function metric(name: string, parts: Partial<MetricSpec> = {}): MetricSpec {
  const [measurement = '', field = ''] = name.split('/');
  const quantity = findQuantity(measurement, field)!;
  return { quantity, point: '', zone: '', link: '', class: '', dataType: DATA_TYPES.Double, ...parts };
}

const LEDGER = { id: '00112233445566ff', first: 3, next: 9 };
const at = (timeMs: number): Stamp => ({ timeMs, clock: 'synced' });

const moisture = metric('soil/moisture', { zone: 'north' });
const valve = metric('irrigation/valve_state', {
  point: 'v1',
  dataType: DATA_TYPES.Boolean,
  write: { role: 'valve', safeValue: 0, min: 0, max: 1, hasDeviceTimer: false },
});
const pump = metric('irrigation/pump_state', { dataType: DATA_TYPES.Int32 });
const backlog = metric('gateway/backlog');
const errors = metric('gateway/bus_errors', { point: 'field' });

function setUp() {
  return new MetricTable([
    { id: 'probe', metrics: [moisture, valve], groups: [] },
    { id: GATEWAY_ITSELF, metrics: [backlog], groups: [] },
    { id: GATEWAY_ITSELF, metrics: [errors], groups: [] },
    { id: 'drive', metrics: [pump], groups: [] },
  ]);
}

test('a birth lists every metric with name, alias, type, unit, zone and whether it can be commanded, without a value null', () => {
  const { body, ...birth } = setUp().deviceBirth('probe', 7, 1_000);
  expect(decodeBirthMark(body)).toMatch(/^[0-9a-f]{12}$/);
  expect(birth).toEqual({
    timeMs: 1_000,
    seq: 7,
    metrics: [
      {
        name: 'soil/moisture',
        alias: 1,
        timeMs: 1_000,
        dataType: DATA_TYPES.Double,
        value: null,
        properties: { engUnit: '%', zone: 'north', writable: false },
      },
      {
        name: 'irrigation/valve_state/v1',
        alias: 2,
        timeMs: 1_000,
        dataType: DATA_TYPES.Boolean,
        value: null,
        properties: { writable: true },
      },
    ],
  });
});

test('a birth carries the last values with their own times and quality', () => {
  const table = setUp();
  table.record([{ metric: moisture, value: 23.4, quality: 'bad' }], at(500));
  expect(table.deviceBirth('probe', 0, 1_000).metrics[0]).toMatchObject({
    value: 23.4,
    timeMs: 500,
    properties: { Quality: 0 },
  });
});

test('the node’s birth has bdSeq and Rebirth without alias, the ledger, and what all drivers report of the gateway', () => {
  const { seq, metrics } = setUp().nodeBirth(0, 5, LEDGER, 1_000);
  expect(seq).toBe(0);
  expect(metrics.slice(0, 6)).toEqual([
    { name: 'bdSeq', timeMs: 1_000, dataType: DATA_TYPES.Int64, value: 5 },
    { name: 'Node Control/Rebirth', timeMs: 1_000, dataType: DATA_TYPES.Boolean, value: false },
    { name: 'Ledger/Id', timeMs: 1_000, dataType: DATA_TYPES.String, value: LEDGER.id },
    { name: 'Ledger/First', timeMs: 1_000, dataType: DATA_TYPES.Int64, value: 3 },
    { name: 'Ledger/Next', timeMs: 1_000, dataType: DATA_TYPES.Int64, value: 9 },
    { name: 'Event', timeMs: 1_000, dataType: DATA_TYPES.String, value: null },
  ]);
  expect(metrics.slice(6).map(({ name, alias }) => [name, alias])).toEqual([
    ['gateway/backlog', 3],
    ['gateway/bus_errors/field', 4],
  ]);
});

test.each([
  [moisture, 'wet'],
  [moisture, true],
  [moisture, Number.NaN],
  [valve, 1],
  [pump, 0.5],
  [pump, 2 ** 31],
])('a value that its declared type cannot carry is refused before it is kept: %#', (spec, value) => {
  const table = setUp();
  expect(() => table.record([{ metric: spec, value, quality: 'good' }], at(500))).toThrow('cannot be stored');
  expect(table.deviceBirth('probe', 0, 1_000).metrics.every((one) => one.value === null)).toBe(true);
});

const SAMPLES = [
  { metric: moisture, value: 23.4, quality: 'good' as const },
  { metric: valve, value: true, quality: 'uncertain' as const },
];
const readings = (message: NumberedMessage, isHistorical = false): OutboxEntry => ({
  kind: 'readings',
  ledger: LEDGER.id,
  message,
  isHistorical,
});

test('data goes by alias, with the time of the reading and its numbers; only what is not good or not live says so', () => {
  const table = setUp();
  const message = { first: 7, device: 'probe', stamp: at(900), samples: table.record(SAMPLES, at(900)) };
  const { body, ...live } = table.data(readings(message), 9, 1_000);
  expect(live).toEqual({
    timeMs: 1_000,
    seq: 9,
    metrics: [
      { alias: 1, timeMs: 900, dataType: DATA_TYPES.Double, value: 23.4 },
      { alias: 2, timeMs: 900, dataType: DATA_TYPES.Boolean, value: true, properties: { Quality: 500 } },
    ],
  });
  const births = decodeBirthMark(table.nodeBirth(0, 0, LEDGER, 0).body)!;
  expect(decodeMark(body!)).toEqual({ kind: 'readings', ledger: LEDGER.id, first: 7, count: 2, births });
  const stored = table.data(readings(message, true), 9, 1_000);
  expect(stored.metrics.map(({ isHistorical }) => isHistorical)).toEqual([true, true]);
  const unsynced = { ...message, stamp: { timeMs: 900, clock: 'unsynced' as const } };
  expect(table.data(readings(unsynced), 9, 1_000).metrics[0]).toMatchObject({
    properties: { clock: 'unsynced' },
  });
});

test('what was kept under the same configuration goes by alias; what is not of this one goes by name, with all that a birth says', () => {
  const table = setUp();
  const kept = {
    name: 'soil/moisture',
    dataType: DATA_TYPES.Double,
    properties: { engUnit: '%', zone: 'north' },
  };
  const sample = (metric: OutboxMetric) => ({ metric, value: 23.4, quality: 'good' as const });
  const message = {
    first: 7,
    device: 'probe',
    stamp: at(900),
    samples: [sample(kept), sample({ ...kept, properties: { engUnit: '%', zone: 'west' } })],
  };
  const payload = table.data(readings(message, true), 9, 1_000);
  expect(payload.metrics[0]).toMatchObject({ alias: 1 });
  expect(payload.metrics[1]).not.toHaveProperty('alias');
  // On the wire the one by name has its type, and the one by alias has not.
  const decoded = decodePayload(encodePayload(payload, { omitTypes: true }));
  expect(decoded.metrics.map(({ name, dataType, value }) => [name, dataType, value])).toEqual([
    [undefined, undefined, 23.4],
    ['soil/moisture', DATA_TYPES.Double, 23.4],
  ]);
  expect({ ...decoded.metrics[1]!.properties }).toEqual({ engUnit: '%', zone: 'west' });
});

test('what was dropped is a mark without metrics', () => {
  const range = { first: 4, last: 8, fromMs: 100, toMs: 200 };
  const { metrics, body } = setUp().data({ kind: 'dropped', ledger: LEDGER.id, range }, 9, 1_000);
  expect(metrics).toEqual([]);
  expect(decodeMark(body!)).toEqual({
    kind: 'dropped',
    ledger: LEDGER.id,
    first: 4,
    count: 5,
    fromMs: 100,
    toMs: 200,
  });
});

test('NDEATH holds bdSeq and no seq; DDEATH holds seq', () => {
  expect(nodeDeath(5, 1_000)).toEqual({
    timeMs: 1_000,
    metrics: [{ name: 'bdSeq', timeMs: 1_000, dataType: DATA_TYPES.Int64, value: 5 }],
  });
  expect(deviceDeath(8, 1_000)).toEqual({ timeMs: 1_000, seq: 8, metrics: [] });
});

test('a birth says nothing of a value whose time is still to be put right, as a host would store it under the wrong one', () => {
  const table = setUp();
  const moment = { boot: 'b', monotonicMs: 5 };
  const samples = [{ metric: moisture, value: 12, quality: 'good' as const }];
  table.record(samples, { timeMs: 900, clock: 'unsynced', moment });
  expect(table.deviceBirth('probe', 0, 1_000).metrics[0]).toMatchObject({ timeMs: 1_000, value: null });
  table.record(samples, { timeMs: 900, clock: 'unsynced' });
  expect(table.deviceBirth('probe', 0, 1_000).metrics[0]).toMatchObject({ timeMs: 900, value: 12 });
});

test('a table with other devices keeps the aliases and values of what stays, and gives none a second time', () => {
  const table = setUp();
  table.record([{ metric: moisture, value: 23.4, quality: 'good' }], at(500));
  const before = decodeBirthMark(table.deviceBirth('probe', 0, 0).body);
  const flow = metric('irrigation/flow');
  const again = { ...moisture };
  table.replace([
    { id: 'probe', metrics: [again, valve], groups: [] },
    { id: 'meter', metrics: [flow], groups: [] },
  ]);
  const aliases = (device: string) => table.deviceBirth(device, 0, 1_000).metrics.map(({ alias }) => alias);
  expect(aliases('probe')).toEqual([1, 2]);
  // 3 to 5 were those of what has gone.
  expect(aliases('meter')).toEqual([6]);
  expect([table.has('drive'), table.has('meter')]).toEqual([false, true]);
  expect(table.deviceBirth('probe', 0, 1_000).metrics[0]).toMatchObject({ value: 23.4, timeMs: 500 });
  expect(decodeBirthMark(table.deviceBirth('probe', 0, 0).body)).not.toBe(before);
});

test('what is delivered with a metric that has gone is kept, and goes out by name', () => {
  const table = setUp();
  table.replace([{ id: 'probe', metrics: [moisture], groups: [] }]);
  const [kept] = table.record([{ metric: pump, value: 1, quality: 'good' }], at(500));
  const message: NumberedMessage = { first: 0, device: 'drive', stamp: at(500), samples: [kept!] };
  const entry: OutboxEntry = { kind: 'readings', ledger: LEDGER.id, message, isHistorical: false };
  const [sent] = table.data(entry, 0, 1_000).metrics;
  expect(sent).toMatchObject({ name: 'irrigation/pump_state', value: 1 });
  expect(sent).not.toHaveProperty('alias');
});

test('a birth tells the version of the plan where the gateway takes plans, also that it has none', () => {
  const names = (version?: string) => setUp().nodeBirth(0, 0, LEDGER, 0, version).metrics;
  expect(names().some(({ name }) => name === 'Links/Plan version')).toBe(false);
  expect(names('').find(({ name }) => name === 'Links/Plan version')).toMatchObject({
    dataType: DATA_TYPES.String,
    value: '',
  });
});
