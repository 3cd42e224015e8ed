import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seriesKey } from '../../../core/reading.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { AGGREGATES, type Aggregate } from '../store.ts';
import type { ExpireOrder } from '../upkeep.ts';
import { WindowFold } from '../window-fold.ts';
import { Engine, HEAD_LIMITS, type HeadLimits } from './engine.ts';
import { Points } from './points.ts';

type Value = number | string;
type Row = [series: number, timeMs: number, value: Value];

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const TINY: HeadLimits = { rows: 5, records: 3, textLength: 20, seriesPerCommit: 1 };

/** The first two are one quantity that has percentiles, the third is another. */
const SERIES = [
  seriesKey({ measurement: 'link', field: 'latency', unit: 'ms', link: 'a' }),
  seriesKey({ measurement: 'link', field: 'latency', unit: 'ms', link: 'b' }),
  seriesKey({ measurement: 'soil', field: 'moisture', unit: '%' }),
].map((key, id) => ({ ...key, id }));

function write(engine: Engine, rows: readonly Row[]): void {
  const texts = rows.flatMap(([, , value], row) =>
    typeof value === 'string' ? [[row, value] as const] : [],
  );
  const columns = {
    length: rows.length,
    seriesId: Uint32Array.from(rows, ([series]) => series),
    timeMs: Float64Array.from(rows, ([, timeMs]) => timeMs),
    value: Float64Array.from(rows, ([, , value]) => (typeof value === 'string' ? Number.NaN : value)),
    status: new Uint8Array(rows.length),
    texts: new Map(texts),
  };
  engine.write([{ series: SERIES, rows: columns }]);
}

function done<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

const rollUp = (engine: Engine, endMs = 1e12) => done(engine.rollUp(endMs, Number.POSITIVE_INFINITY));

const expire = (engine: Engine, order: ExpireOrder) => done(engine.expire(order, Number.POSITIVE_INFINITY));

function sealAll(engine: Engine): void {
  engine.sealSome();
  while (engine.needsSealing) engine.sealSome();
}

interface Question {
  readonly group: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly everyMs: number;
  readonly fn: Aggregate;
}

function ask(engine: Engine, { group, fromMs, toMs, everyMs, fn }: Question): [number, Value][] {
  const window = { everyMs, fn };
  const [answer] = done(engine.query({ groups: [group], fromMs, toMs, window, maxPoints: 1e6 }));
  return answer!.timeMs.map((timeMs, row) => [timeMs, answer!.value[row]!]);
}

/** The same from a plain map of everything that was written. */
function expected(all: readonly Map<number, Value>[], question: Question): [number, Value][] {
  const { group, fromMs, toMs, everyMs, fn } = question;
  const fold = new WindowFold(everyMs, fn);
  for (const id of group) {
    const points = new Points();
    for (const [timeMs, value] of [...all[id]!].sort(([a], [b]) => a - b)) {
      if (timeMs < fromMs || timeMs >= toMs) continue;
      if (typeof value === 'string') points.push(timeMs, Number.NaN, 0, value);
      else points.push(timeMs, value, 0);
    }
    fold.add(points, 0, points.length);
  }
  const { timeMs, value } = fold.result();
  return timeMs.map((time, row) => [time, value[row]!]);
}

function expectSame(found: [number, Value][], wanted: [number, Value][], { fn }: Question): void {
  if (fn !== 'sum' && fn !== 'mean') expect(found).toEqual(wanted);
  else {
    expect(found.map(([timeMs]) => timeMs)).toEqual(wanted.map(([timeMs]) => timeMs));
    found.forEach(([, value], row) => {
      expect(value).toBeCloseTo(wanted[row]![1] as number, 9);
    });
  }
}

const timeMs = fc.integer({ min: -HOUR_MS, max: 5 * HOUR_MS });
const question = fc.record({
  group: fc.constantFrom([0], [1], [2], [0, 1], [0, 1, 2]),
  fromMs: timeMs,
  toMs: fc.oneof(timeMs, fc.constant(1e9)),
  everyMs: fc.constantFrom(10_000, MINUTE_MS, 5 * MINUTE_MS, 90 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS),
  fn: fc.constantFrom(...AGGREGATES),
});
const row = fc.tuple(
  fc.integer({ min: 0, max: 2 }),
  timeMs,
  fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: -1_000, max: 5_000 }).map((tenths) => tenths / 10) },
    { weight: 1, arbitrary: fc.string({ maxLength: 2 }) },
  ),
);

describe('roll-ups of the engine', () => {
  it('answer what readings would, at every moment, over late writes, sealing, rolling up and starting again', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.array(row, { minLength: 1, maxLength: 20 }) },
      { weight: 3, arbitrary: fc.constant('seal' as const) },
      { weight: 4, arbitrary: timeMs.map((endMs) => ({ endMs })) },
      { weight: 1, arbitrary: fc.constant('start again' as const) },
      { weight: 8, arbitrary: question },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.array(question, { maxLength: 8 }), (steps, after) => {
        const file = join(temporaryFolder(), 'readings.sqlite');
        let engine = new Engine(file, TINY);
        const all = SERIES.map(() => new Map<number, Value>());
        for (const one of [...steps, 'seal' as const, { endMs: 1e12 }, ...after]) {
          if (one === 'seal') sealAll(engine);
          else if (one === 'start again') {
            engine.close();
            engine = new Engine(file, TINY);
          } else if ('fn' in one) expectSame(ask(engine, one), expected(all, one), one);
          else if ('endMs' in one) rollUp(engine, one.endMs);
          else {
            write(engine, one);
            for (const [series, at, value] of one) all[series]!.set(at, value);
          }
        }
        engine.close();
      }),
      { numRuns: 100 },
    );
  });

  it('are what a question is answered from: where they are there, no reading is looked at', () => {
    const file = join(temporaryFolder(), 'readings.sqlite');
    const engine = new Engine(file, HEAD_LIMITS);
    write(
      engine,
      Array.from({ length: 3_600 }, (_, second): Row => [2, second * 2_000, second % 50]),
    );
    sealAll(engine);
    expect(rollUp(engine, 2 * HOUR_MS)).toEqual({ hours: 2, waiting: 0 });
    const hourly: Question = { group: [2], fromMs: 0, toMs: 2 * HOUR_MS, everyMs: HOUR_MS, fn: 'mean' };
    const database = new DatabaseSync(file);
    database.exec('DELETE FROM block');
    database.close();
    expect(ask(engine, hourly)).toEqual([
      [0, 24.5],
      [HOUR_MS, 24.5],
    ]);
    expect(
      ask(engine, { ...hourly, everyMs: 20 * MINUTE_MS, fn: 'count' }).map(([, count]) => count),
    ).toEqual(Array(6).fill(600));
    expect(ask(engine, { ...hourly, everyMs: 10_000 })).toEqual([]);
    engine.close();
  });

  it('are made of a file that had none', () => {
    const file = join(temporaryFolder(), 'readings.sqlite');
    const first = new Engine(file, HEAD_LIMITS);
    write(
      first,
      Array.from({ length: 100 }, (_, step): Row => [2, step * 10 * MINUTE_MS, step]),
    );
    write(first, [
      [0, -5e12, 1],
      [0, 5e11, 2],
    ]);
    sealAll(first);
    first.close();
    const database = new DatabaseSync(file);
    database.exec('DELETE FROM stale; DELETE FROM roll_up; PRAGMA user_version = 1');
    database.close();
    const engine = new Engine(file, HEAD_LIMITS);
    expect(rollUp(engine)).toEqual({ hours: 17 + 2, waiting: 0 });
    expect(ask(engine, { group: [2], fromMs: 0, toMs: HOUR_MS, everyMs: HOUR_MS, fn: 'sum' })).toEqual([
      [0, 15],
    ]);
    engine.close();
  });

  it('outlive their readings, which go a day at a time, never before they are rolled up, and never the newest', () => {
    const file = join(temporaryFolder(), 'readings.sqlite');
    const engine = new Engine(file, TINY);
    const days = 10;
    for (let hour = 0; hour < days * 24; hour++) {
      write(
        engine,
        [0, 2].flatMap((series) =>
          Array.from(
            { length: 60 },
            (_, minute): Row => [series, hour * HOUR_MS + minute * MINUTE_MS, minute],
          ),
        ),
      );
    }
    // A series that has been silent for long.
    write(engine, [[1, 5, 7]]);
    const hourly: Question = { group: [0], fromMs: 0, toMs: days * DAY_MS, everyMs: HOUR_MS, fn: 'p50' };
    const before = ask(engine, hourly);
    const rawMs = 8 * DAY_MS;
    const expired = expire(engine, { measurement: 'link', rawMs, minuteMs: 4 * DAY_MS });
    expect(expired.readings).toBeGreaterThan(7 * 24 * 60);
    expect(expired.minutes).toBe(4 * 24 * 60 + 1);
    const count = (group: number[], everyMs: number) =>
      ask(engine, { group, fromMs: 0, toMs: days * DAY_MS, everyMs, fn: 'count' });
    expect(ask(engine, hourly)).toEqual(before);
    expect(count([0], HOUR_MS)).toHaveLength(days * 24);
    expect(count([0], MINUTE_MS)).toHaveLength(6 * 24 * 60);
    expect(count([2], 30_000)).toHaveLength(days * 24 * 60);
    const rawFrom = count([0], 30_000)[0]![0];
    expect(rawFrom).toBeGreaterThan(5 * DAY_MS);
    expect(rawFrom).toBeLessThanOrEqual(rawMs);
    const { rows } = engine.last();
    expect([...rows.seriesId.subarray(0, 3)]).toEqual([0, 1, 2]);
    expect(rows.timeMs[1]).toBe(5);
    engine.close();

    const again = new Engine(file, TINY);
    expect(again.keptFrom()).toEqual(new Map([['link', rawMs]]));
    expect(ask(again, hourly)).toEqual(before);
    expect(expire(again, { measurement: 'link', rawMs })).toMatchObject({ readings: 0 });
    again.close();
  });

  it('keep a file from growing when as much is deleted as comes', () => {
    const file = join(temporaryFolder(), 'readings.sqlite');
    const engine = new Engine(file, HEAD_LIMITS);
    const sizes: number[] = [];
    for (let day = 0; day < 40; day++) {
      const rows = Array.from(
        { length: 20_000 },
        (_, step): Row => [2, day * DAY_MS + step * 4_000, Math.sin(step * step)],
      );
      write(engine, rows);
      sealAll(engine);
      const beforeMs = (day - 4) * DAY_MS;
      expire(engine, { measurement: 'soil', rawMs: beforeMs, minuteMs: beforeMs, hourMs: beforeMs });
      sizes.push(statSync(file).size);
    }
    engine.close();
    expect(statSync(file).size).toBeLessThan(Math.max(...sizes.slice(0, 12)) * 1.3);
  });

  it('take the end of a raw reading that is damaged for what it is: the hour stays as it was, and says so', () => {
    const file = join(temporaryFolder(), 'readings.sqlite');
    const engine = new Engine(file, HEAD_LIMITS);
    write(engine, [
      [2, 0, 1],
      [2, 1, 2],
    ]);
    sealAll(engine);
    const database = new DatabaseSync(file);
    database.exec("UPDATE block SET points = x'00'");
    database.close();
    expect(rollUp(engine)).toEqual({ hours: 0, waiting: 1 });
    const hourly: Question = { group: [2], fromMs: 0, toMs: HOUR_MS, everyMs: HOUR_MS, fn: 'mean' };
    expect(() => ask(engine, hourly)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
    expire(engine, { measurement: 'soil', rawMs: DAY_MS });
    expect(() => ask(engine, hourly)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
    engine.close();
  });
});
