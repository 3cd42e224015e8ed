import { expect, test } from 'vitest';
import { findQuantity } from '../core/quantities.ts';
import { DATA_TYPES } from '../core/sparkplug/payload.ts';
import { GATEWAY_ITSELF, type MetricSpec } from './driver.ts';
import { deviceDeath, MetricTable, nodeDeath } from './metric-table.ts';

function metric(name: string, parts: Partial<MetricSpec> = {}): MetricSpec {
  const [measurement = '', field = ''] = name.split('/');
  const quantity = findQuantity(measurement, field)!;
  return { quantity, point: '', zone: '', link: '', class: '', dataType: DATA_TYPES.Double, ...parts };
}

const moisture = metric('soil/moisture', { zone: 'north' });
const valve = metric('irrigation/valve_state', { point: 'v1', dataType: DATA_TYPES.Boolean });
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

test('a birth lists every metric with name, alias, type, unit and zone, without a value null', () => {
  expect(setUp().deviceBirth('probe', 7, 1_000)).toEqual({
    timeMs: 1_000,
    seq: 7,
    metrics: [
      {
        name: 'soil/moisture',
        alias: 1,
        timeMs: 1_000,
        dataType: DATA_TYPES.Double,
        value: null,
        properties: { engUnit: '%', zone: 'north' },
      },
      {
        name: 'irrigation/valve_state/v1',
        alias: 2,
        timeMs: 1_000,
        dataType: DATA_TYPES.Boolean,
        value: null,
        properties: {},
      },
    ],
  });
});

test('a birth carries the last values with their own times and quality', () => {
  const table = setUp();
  table.record([{ metric: moisture, value: 23.4, quality: 'bad' }], 500);
  expect(table.deviceBirth('probe', 0, 1_000).metrics[0]).toMatchObject({
    value: 23.4,
    timeMs: 500,
    properties: { Quality: 0 },
  });
});

test('the node’s birth has bdSeq and Rebirth without alias, and what all drivers report of the gateway', () => {
  const { seq, metrics } = setUp().nodeBirth(0, 5, 1_000);
  expect(seq).toBe(0);
  expect(metrics.slice(0, 2)).toEqual([
    { name: 'bdSeq', timeMs: 1_000, dataType: DATA_TYPES.Int64, value: 5 },
    { name: 'Node Control/Rebirth', timeMs: 1_000, dataType: DATA_TYPES.Boolean, value: false },
  ]);
  expect(metrics.slice(2).map(({ name, alias }) => [name, alias])).toEqual([
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
  expect(() => table.record([{ metric: spec, value, quality: 'good' }], 500)).toThrow('cannot be stored');
  expect(table.deviceBirth('probe', 0, 1_000).metrics.every((one) => one.value === null)).toBe(true);
});

test('data goes by alias, with the time of the reading; only what is not good or not live says so', () => {
  const message = {
    device: 'probe',
    timeMs: 900,
    samples: [
      { metric: moisture, value: 23.4, quality: 'good' as const },
      { metric: valve, value: true, quality: 'uncertain' as const },
    ],
  };
  const live = setUp().data({ sequence: 0, message, isHistorical: false }, 9, 1_000);
  expect(live).toEqual({
    timeMs: 1_000,
    seq: 9,
    metrics: [
      { alias: 1, timeMs: 900, dataType: DATA_TYPES.Double, value: 23.4 },
      { alias: 2, timeMs: 900, dataType: DATA_TYPES.Boolean, value: true, properties: { Quality: 500 } },
    ],
  });
  const stored = setUp().data({ sequence: 0, message, isHistorical: true }, 9, 1_000);
  expect(stored.metrics.map(({ isHistorical }) => isHistorical)).toEqual([true, true]);
});

test('NDEATH holds bdSeq and no seq; DDEATH holds seq', () => {
  expect(nodeDeath(5, 1_000)).toEqual({
    timeMs: 1_000,
    metrics: [{ name: 'bdSeq', timeMs: 1_000, dataType: DATA_TYPES.Int64, value: 5 }],
  });
  expect(deviceDeath(8, 1_000)).toEqual({ timeMs: 1_000, seq: 8, metrics: [] });
});
