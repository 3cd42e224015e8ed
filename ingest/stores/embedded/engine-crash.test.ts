import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { expect, it, vi } from 'vitest';
import { seriesKey } from '../../../core/reading.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { Engine, type EngineWrite } from './engine.ts';

const LIMITS = { rows: 5, records: 3, textLength: 1_000, seriesPerCommit: 1 };

/** Late, repeated and new times of three series, so that sealing merges into blocks that are there. */
const WRITES = Array.from({ length: 9 }, (_, step) =>
  Array.from({ length: 4 }, (_, n) => ({ id: (step + n) % 3, timeMs: (step * 7 + n * 5) % 20, value: step })),
);

function writeOf(rows: (typeof WRITES)[number]): EngineWrite {
  const key = (id: number) => seriesKey({ measurement: 'm', field: `f${id}`, unit: '' });
  return {
    series: [0, 1, 2].map((id) => ({ ...key(id), id })),
    rows: {
      length: rows.length,
      seriesId: Uint32Array.from(rows, ({ id }) => id),
      timeMs: Float64Array.from(rows, ({ timeMs }) => timeMs),
      value: Float64Array.from(rows, ({ value }) => value),
      status: new Uint8Array(rows.length),
      texts: new Map(),
    },
  };
}

type Held = Record<number, number | string>;

/** What three series hold after so many writes. */
function expectedAfter(writes: number): Held[] {
  const points: Held[] = [{}, {}, {}];
  for (const { id, timeMs, value } of WRITES.slice(0, writes).flat()) points[id]![timeMs] = value;
  return points;
}

function heldBy(engine: Engine): Held[] {
  const steps = engine.query({ groups: [[0], [1], [2]], fromMs: 0, toMs: 100, maxPoints: 1_000 });
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value.map(({ timeMs, value }) =>
    Object.fromEntries(timeMs.map((time, row) => [time, value[row]!])),
  );
}

/** Lets `count` statements through; all later ones fail, as if the process were gone. */
function crashAfter(count: number): () => void {
  let left = count;
  const guard = <T extends object, K extends keyof T>(target: T, method: K) => {
    const original = target[method] as (...args: unknown[]) => unknown;
    const guarded = function (this: T, ...args: unknown[]) {
      if (left-- <= 0) throw new Error('crashed');
      return original.apply(this, args);
    };
    vi.spyOn(target, method as never).mockImplementation(guarded as never);
  };
  guard(DatabaseSync.prototype, 'exec');
  guard(StatementSync.prototype, 'run');
  guard(StatementSync.prototype, 'all');
  guard(StatementSync.prototype, 'get');
  return () => void vi.restoreAllMocks();
}

/** Writes and seals until all is done or the process has "crashed"; how many writes were acknowledged. */
function writeAndSeal(engine: Engine): { acknowledged: number; isDone: boolean } {
  let acknowledged = 0;
  try {
    for (const rows of WRITES) {
      engine.write([writeOf(rows)]);
      acknowledged++;
      if (engine.needsSealing) engine.sealSome();
    }
    while (engine.needsSealing) engine.sealSome();
    return { acknowledged, isDone: true };
  } catch (error) {
    expect(error).toMatchObject({ message: 'crashed' });
    return { acknowledged, isDone: false };
  }
}

it('has everything it acknowledged and nothing else after a crash between any two statements', () => {
  for (let statements = 0; ; statements++) {
    const file = join(temporaryFolder(), 'readings.sqlite');
    const engine = new Engine(file, LIMITS);
    const mend = crashAfter(statements);
    const { acknowledged, isDone } = writeAndSeal(engine);
    mend();
    engine.close();

    const again = new Engine(file, LIMITS);
    expect(heldBy(again), `after ${statements} statements`).toEqual(expectedAfter(acknowledged));
    // And it can go on from there: what was not acknowledged comes again, and nothing is left unsealed for good.
    for (const rows of WRITES.slice(acknowledged)) again.write([writeOf(rows)]);
    while (again.needsSealing) again.sealSome();
    expect(heldBy(again), `and going on after ${statements} statements`).toEqual(
      expectedAfter(WRITES.length),
    );
    again.close();
    if (isDone) {
      expect(statements).toBeGreaterThan(100);
      return;
    }
  }
});

const DAY_MS = 86_400_000;
const DAYS = 4;
const EXPIRED = { measurement: 'm', rawMs: 2 * DAY_MS, minuteMs: 2 * DAY_MS };

/** Four days of three series, four readings an hour, sealed but not rolled up. */
function sealedDays(file: string): Engine {
  const engine = new Engine(file, { ...LIMITS, rows: 100 });
  for (let day = 0; day < DAYS; day++) {
    const rows = Array.from({ length: 3 * 96 }, (_, n) => ({
      id: n % 3,
      timeMs: day * DAY_MS + Math.floor(n / 3) * 900_000,
      value: n,
    }));
    engine.write([writeOf(rows)]);
    engine.sealSome();
    while (engine.needsSealing) engine.sealSome();
  }
  return engine;
}

function hourlyOf(engine: Engine): unknown {
  return (['sum', 'min', 'max', 'count', 'first', 'last'] as const).map((fn) => {
    const window = { everyMs: 3_600_000, fn };
    const range = { fromMs: 0, toMs: DAYS * DAY_MS, maxPoints: 10_000 };
    const steps = engine.query({ groups: [[0], [1], [2]], window, ...range });
    let step = steps.next();
    while (!step.done) step = steps.next();
    return step.value.map(({ timeMs, value }) => [timeMs, value]);
  });
}

function readingsOf(engine: Engine): number {
  const range = { fromMs: 0, toMs: DAYS * DAY_MS, maxPoints: 1e6 };
  const steps = engine.query({ groups: [[0], [1], [2]], ...range });
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value.reduce((sum, { timeMs }) => sum + timeMs.length, 0);
}

/** Rolls up and deletes until all is done or the process has "crashed". */
function rollUpAndExpire(engine: Engine): boolean {
  try {
    for (const steps of [engine.rollUp(DAYS * DAY_MS, 1e9), engine.expire(EXPIRED, 1e9)]) {
      while (!steps.next().done);
    }
    return true;
  } catch (error) {
    expect(error).toMatchObject({ message: 'crashed' });
    return false;
  }
}

it('answers hours as before after a crash between any two statements of a roll-up and a deletion', () => {
  let isDone = false;
  let least = Number.POSITIVE_INFINITY;
  let counted = 0;
  for (let statements = 0; !isDone; statements += statements < 12 ? 1 : 7) {
    const file = join(temporaryFolder(), 'readings.sqlite');
    const engine = sealedDays(file);
    const before = hourlyOf(engine);
    const all = readingsOf(engine);
    const mend = crashAfter(statements);
    isDone = rollUpAndExpire(engine);
    mend();
    engine.close();

    const again = new Engine(file, LIMITS);
    expect(hourlyOf(again), `after ${statements} statements`).toEqual(before);
    const left = readingsOf(again);
    expect(left).toBeGreaterThanOrEqual(all / 2);
    expect(left).toBeLessThanOrEqual(all);
    expect(rollUpAndExpire(again)).toBe(true);
    expect(hourlyOf(again), `and going on after ${statements} statements`).toEqual(before);
    least = Math.min(least, readingsOf(again));
    expect(least).toBe(readingsOf(again));
    again.close();
    counted = statements;
  }
  expect(counted).toBeGreaterThan(40);
});
