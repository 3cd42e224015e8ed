import { randomBytes } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seriesKey } from '../../../core/reading.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { Engine, type EngineWrite, HEAD_LIMITS, type HeadLimits } from './engine.ts';
import { engineError } from './engine-error.ts';

type Row = [series: number, timeMs: number, value: number | string];

function writeOf(rows: readonly Row[]): EngineWrite {
  const texts = rows.flatMap(([, , value], row) =>
    typeof value === 'string' ? [[row, value] as const] : [],
  );
  return {
    series: [],
    rows: {
      length: rows.length,
      seriesId: Uint32Array.from(rows, ([series]) => series),
      timeMs: Float64Array.from(rows, ([, timeMs]) => timeMs),
      value: Float64Array.from(rows, ([, , value]) => (typeof value === 'string' ? Number.NaN : value)),
      status: new Uint8Array(rows.length),
      texts: new Map(texts),
    },
  };
}

function readAll(engine: Engine, series: number, fromMs = -1e12, toMs = 1e12): [number, number | string][] {
  const steps = engine.query({ groups: [[series]], fromMs, toMs, maxPoints: 1e6 });
  for (;;) {
    const step = steps.next();
    if (!step.done) continue;
    const { timeMs, value } = step.value[0]!;
    return timeMs.map((time, row) => [time, value[row]!]);
  }
}

const TINY: HeadLimits = { rows: 5, records: 3, textLength: 20, seriesPerCommit: 1 };

describe('engine', () => {
  it('holds what a plain map would, whatever the order of writing, sealing and starting again', () => {
    const row = fc.tuple(
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: -20, max: 60 }),
      fc.oneof(fc.integer({ min: -100, max: 100 }), fc.string({ maxLength: 2 })),
    );
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.array(row, { minLength: 1, maxLength: 8 }) },
      { weight: 4, arbitrary: fc.constant('seal' as const) },
      { weight: 1, arbitrary: fc.constant('start again' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const file = join(temporaryFolder(), 'readings.sqlite');
        let engine = new Engine(file, TINY);
        const expected = [0, 1, 2].map(() => new Map<number, number | string>());
        for (const one of steps) {
          if (one === 'seal') {
            if (engine.needsSealing) engine.sealSome();
          } else if (one === 'start again') {
            engine.close();
            engine = new Engine(file, TINY);
          } else {
            engine.write([writeOf(one)]);
            for (const [series, timeMs, value] of one) expected[series]!.set(timeMs, value);
          }
          expected.forEach((points, series) => {
            const inOrder = [...points].toSorted(([a], [b]) => a - b);
            expect(readAll(engine, series)).toEqual(inOrder);
            const within = inOrder.filter(([timeMs]) => timeMs >= 7 && timeMs < 31);
            expect(readAll(engine, series, 7, 31)).toEqual(within);
          });
        }
        engine.close();
      }),
      { numRuns: 60 },
    );
  });

  it('empties its log by sealing, and never lets the head outgrow its limits', () => {
    const file = join(temporaryFolder(), 'readings.sqlite');
    const engine = new Engine(file, { ...HEAD_LIMITS, rows: 100, seriesPerCommit: 7 });
    for (let batch = 0; batch < 50; batch++) {
      engine.write([writeOf(Array.from({ length: 40 }, (_, row): Row => [row, batch, batch]))]);
    }
    while (engine.needsSealing) engine.sealSome();
    expect(readAll(engine, 7)).toHaveLength(50);
    engine.close();
    const database = new DatabaseSync(file);
    const { waiting } = database.prepare('SELECT count(*) AS waiting FROM log').get() as { waiting: number };
    expect(waiting).toBeLessThan(3);
    const overlaps = database.prepare(
      'SELECT count(*) AS found FROM block a JOIN block b ON a.series = b.series AND a.id < b.id AND a.first_ms <= b.last_ms AND b.first_ms <= a.last_ms',
    );
    expect(overlaps.get()).toEqual({ found: 0 });
    const { blocks } = database.prepare('SELECT count(*) AS blocks FROM block').get() as { blocks: number };
    expect(blocks).toBe(40);
    database.close();
  });

  it('seals long texts before their rows are many', () => {
    const engine = new Engine(join(temporaryFolder(), 'readings.sqlite'), {
      ...HEAD_LIMITS,
      textLength: 1_000,
    });
    engine.write([writeOf([[0, 1, 'x'.repeat(999)]])]);
    expect(engine.needsSealing).toBe(false);
    engine.write([writeOf([[0, 2, 'y']])]);
    expect(engine.needsSealing).toBe(true);
    while (engine.needsSealing) engine.sealSome();
    expect(readAll(engine, 0)).toEqual([
      [1, 'x'.repeat(999)],
      [2, 'y'],
    ]);
    engine.close();
  });

  it('reads across blocks as across one, with what came late on their borders', () => {
    const file = join(temporaryFolder(), 'readings.sqlite');
    const engine = new Engine(file, { ...HEAD_LIMITS, rows: 10_000 });
    const expected = new Map<number, number>();
    const write = (rows: Row[]) => {
      engine.write([writeOf(rows)]);
      for (const [, timeMs, value] of rows) expected.set(timeMs, value as number);
    };
    write(Array.from({ length: 10_000 }, (_, row): Row => [0, row * 10, row]));
    while (engine.needsSealing) engine.sealSome();
    // Blocks end with rows 4095 and 8191.
    for (const timeMs of [40_949, 40_950, 40_951, 40_960, 81_915, 81_920, 99_990, 99_995, -5]) {
      write([[0, timeMs, -timeMs]]);
    }
    for (const [fromMs, toMs] of [
      [-10, 200_000],
      [40_950, 40_951],
      [40_951, 40_960],
      [40_951, 81_920],
      [81_911, 81_916],
      [99_991, 99_996],
    ] as const) {
      const within = [...expected].filter(([timeMs]) => timeMs >= fromMs && timeMs < toMs);
      expect(readAll(engine, 0, fromMs, toMs)).toEqual(within.toSorted(([a], [b]) => a - b));
      const window = { everyMs: 1e6, fn: 'count' } as const;
      const counts = engine.query({ groups: [[0]], fromMs, toMs, window, maxPoints: 9 });
      let step = counts.next();
      while (!step.done) step = counts.next();
      expect(step.value[0]!.value.reduce((sum: number, one) => sum + Number(one), 0)).toBe(within.length);
    }
    engine.close();
  });

  it('reads no further than to the point where an answer is too large', () => {
    const file = join(temporaryFolder(), 'readings.sqlite');
    const engine = new Engine(file, { ...HEAD_LIMITS, rows: 10_000 });
    engine.write([writeOf(Array.from({ length: 10_000 }, (_, row): Row => [0, row, row]))]);
    while (engine.needsSealing) engine.sealSome();
    const database = new DatabaseSync(file);
    database.exec("UPDATE block SET points = x'00' WHERE first_ms > 5000");
    database.close();
    const steps = engine.query({ groups: [[0]], fromMs: 0, toMs: 1e6, maxPoints: 1_000 });
    expect(() => steps.next()).toThrow(expect.objectContaining({ code: 'QUERY_TOO_LARGE' }));
    // The file is not held open by a question that was broken off.
    engine.write([writeOf([[0, 1, 1]])]);
    engine.close();
  });

  it('stores nothing of a write that fails, and all of it when it is tried again', () => {
    const file = join(temporaryFolder(), 'readings.sqlite');
    const engine = new Engine(file, TINY);
    engine.write([writeOf([[0, 1, 1]])]);
    const intruder = new DatabaseSync(file);
    intruder.exec('BEGIN IMMEDIATE');
    expect(() => engine.write([writeOf([[0, 2, 2]]), writeOf([[0, 3, 3]])])).toThrow('locked');
    expect(readAll(engine, 0)).toEqual([[1, 1]]);
    intruder.close();
    engine.write([writeOf([[0, 2, 2]])]);
    engine.close();
    const again = new Engine(file, TINY);
    expect(readAll(again, 0)).toEqual([
      [1, 1],
      [2, 2],
    ]);
    again.close();
  });

  it.each([
    [
      'a file that is no database',
      'this is no database, and long enough to be looked at as one. '.repeat(20),
    ],
    ['a file of zeros with a header', `SQLite format 3\0${'\0'.repeat(5_000)}`],
  ])('calls %s damaged, and says what to do', (_, content) => {
    const file = join(temporaryFolder(), 'readings.sqlite');
    writeFileSync(file, content);
    expect(() => {
      try {
        new Engine(file, TINY);
      } catch (error) {
        throw engineError(file, error);
      }
    }).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT', retryable: false }));
  });

  it('calls a damaged block by its file, and reads the other series', () => {
    const file = join(temporaryFolder(), 'readings.sqlite');
    const engine = new Engine(file, { ...TINY, rows: 2 });
    const series = [0, 1].map((id) => ({
      ...seriesKey({ measurement: 'm', field: `f${id}`, unit: '' }),
      id,
    }));
    engine.write([
      {
        ...writeOf([
          [0, 1, 1],
          [1, 1, 1],
        ]),
        series,
      },
    ]);
    while (engine.needsSealing) engine.sealSome();
    const database = new DatabaseSync(file);
    database.exec("UPDATE block SET points = x'28b52ffd00' WHERE series = 0");
    database.close();
    const damage = expect.objectContaining({
      code: 'STORE_CORRUPT',
      details: expect.objectContaining({ file }),
    });
    expect(() => readAll(engine, 0)).toThrow(damage);
    expect(readAll(engine, 1)).toEqual([[1, 1]]);
    expect(engine.last()).toEqual({ rows: expect.objectContaining({ length: 1 }), damage });

    // What comes later is kept, also where it belongs into the damaged block.
    engine.write([
      writeOf([
        [0, 1, 5],
        [0, 2, 6],
      ]),
    ]);
    while (engine.needsSealing) engine.sealSome();
    expect(readAll(engine, 0, 2)).toEqual([[2, 6]]);
    expect(() => readAll(engine, 0)).toThrow(damage);
    expect(engine.last()).toEqual({ rows: expect.objectContaining({ length: 2 }), damage: undefined });
    engine.close();
  });
});

it('cuts its journal after a long copy of the file has made it grow', () => {
  const file = join(temporaryFolder(), 'readings.sqlite');
  const engine = new Engine(file, HEAD_LIMITS);
  const walBytes = () => statSync(`${file}-wal`).size;
  const write = (step: number) =>
    engine.write([writeOf([[0, step, randomBytes(1_000_000).toString('hex')]])]);
  const copier = new DatabaseSync(file);
  copier.exec('BEGIN');
  copier.prepare('SELECT count(*) FROM log').get();
  for (let step = 0; step < 24; step++) write(step);
  expect(walBytes()).toBeGreaterThan(20_000_000);
  copier.exec('COMMIT');
  for (let step = 24; step < 40; step++) write(step);
  expect(walBytes()).toBeLessThan(20_000_000);
  copier.close();
  engine.close();
});
