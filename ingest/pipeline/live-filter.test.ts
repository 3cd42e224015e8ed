import { expect, test } from 'vitest';
import { packStatus, seriesKey } from '../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { LiveFilter } from './live-filter.ts';
import type { LiveReading } from './live-sink.ts';

const KEY = seriesKey({ measurement: 'soil', field: 'moisture', unit: '%', gateway: 'g' });
const SYNCED = packStatus('good', 'synced');
const LIVE_WITHIN_S = 900;

async function setUp(lastMs?: number) {
  const clock = new FakeClock();
  const told: number[] = [];
  const sink = {
    taken: (readings: readonly LiveReading[]) => void told.push(...readings.map(({ timeMs }) => timeMs)),
    stored() {},
  };
  const series = { ...KEY, id: 0 };
  const last =
    lastMs === undefined ? [] : [{ series, timeMs: clock.nowMs() + lastMs, value: 1, status: SYNCED }];
  const filter = new LiveFilter(sink, LIVE_WITHIN_S, { clock, store: { last: async () => last } });
  await filter.start();
  const startMs = clock.nowMs();
  /** `atMs` counts from the start; tells whether it was passed on. */
  const taken = (atMs: number, status = SYNCED) => {
    const before = told.length;
    filter.taken(batchOf(startMs + atMs, status), [0]);
    return told.length > before;
  };
  const stored = (atMs: number) => filter.stored(batchOf(startMs + atMs, SYNCED));
  return { clock, taken, stored };
}

function batchOf(timeMs: number, status: number): ReadingBatch {
  const table = new SeriesTable();
  const batch = new ReadingBatch(table);
  batch.push(table.intern(KEY).id, timeMs, 1, status);
  return batch;
}

test('each reading is told once, and what is late is not', async () => {
  const { taken } = await setUp();
  expect([0, 10, 10, 5, 20].map((atMs) => taken(atMs))).toEqual([true, true, false, false, true]);
});

test('what was known before a restart is not told again', async () => {
  const { taken } = await setUp(-1_000);
  expect([-2_000, -1_000, -999].map((atMs) => taken(atMs))).toEqual([false, false, true]);
});

test('what is older than a birth or history that is stored is late', async () => {
  const { taken, stored } = await setUp();
  stored(100);
  expect([50, 101].map((atMs) => taken(atMs))).toEqual([false, true]);
});

test('what is stamped long ago is not live, unless its clock says itself that it is not set', async () => {
  const { taken } = await setUp();
  expect(taken(-LIVE_WITHIN_S * 1000 - 1)).toBe(false);
  expect(taken(-LIVE_WITHIN_S * 1000)).toBe(true);
  const other = await setUp();
  expect(other.taken(-86_400_000, packStatus('good', 'unsynced'))).toBe(true);
});

test('a clock that was set back is followed after a minute, and stays in order from there', async () => {
  const { taken, stored, clock } = await setUp();
  expect(taken(0)).toBe(true);
  for (let s = 10; s <= 60; s += 10) {
    await clock.advance(10_000);
    expect(taken(-300_000 + 1000 * s), `${s} s`).toBe(false);
    stored(-300_000 + 1000 * s);
  }
  await clock.advance(10_000);
  expect(taken(-230_000)).toBe(true);
  stored(-230_000);
  expect(taken(-230_000)).toBe(false);
  await clock.advance(10_000);
  expect(taken(-220_000)).toBe(true);
});

test('what is late in between is never taken for a clock that was set back', async () => {
  const { taken, clock } = await setUp();
  for (let s = 0; s < 300; s += 10) {
    expect(taken(1000 * s), `${s} s`).toBe(true);
    expect(taken(1000 * s - 400_000), `${s} s, late`).toBe(false);
    await clock.advance(10_000);
  }
});
