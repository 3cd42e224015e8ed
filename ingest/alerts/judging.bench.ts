import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../../core/clock.ts';
import { seriesKey } from '../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import { type Measurement, medianOfThree } from '../../core/testing/median-of-three.ts';
import type { Threshold } from '../../core/thresholds/threshold.ts';
import { ThresholdWatch } from './threshold-watch.ts';

const READINGS = 2_000_000;

/** Readings that are judged by bounds, calm ones, in batches over all series. */
export async function benchJudging(): Promise<Measurement[]> {
  const found: Measurement[] = [];
  for (const series of [2_000, 20_000])
    for (const rules of [0, 1])
      found.push(
        await medianOfThree(
          `judging, ${series} series, ${rules === 0 ? 'no threshold' : 'each by bounds'}`,
          'readings/s',
          () => judgedPerS(series, rules),
        ),
      );
  const bytes = () => bytesPerSeries(20_000);
  return [...found, await medianOfThree('memory of a series that is judged by bounds', 'bytes', bytes)];
}

/** What a process holds more with one threshold over so many series than without. */
async function bytesPerSeries(count: number): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held: number[] = [];
  for (const rules of [0, 1]) {
    const { watch, batch } = await watchOf(count, rules);
    batch.timeMs.fill(Date.now(), 0, count);
    watch.stored(batch, false);
    collect();
    held.push(process.memoryUsage().heapUsed);
    // Both are still held here.
    if (batch.length !== count || [...watch.judged()].length !== rules * count) throw new Error('not judged');
  }
  return Math.round((held[1]! - held[0]!) / count);
}

async function judgedPerS(count: number, rules: number): Promise<number> {
  const { watch, batch } = await watchOf(count, rules);
  const nowMs = Date.now() - 600_000;
  const rounds = READINGS / count;
  const begun = performance.now();
  for (let round = 0; round < rounds; round++) {
    batch.timeMs.fill(nowMs + round, 0, count);
    watch.stored(batch, false);
  }
  return READINGS / ((performance.now() - begun) / 1000);
}

async function watchOf(count: number, rules: number) {
  const threshold: Threshold = {
    ...{
      id: 't',
      scope: {},
      measurement: 'soil',
      field: 'moisture',
      version: 1,
      setBy: '',
      setMs: 0,
      why: '',
    },
    ...{
      rule: { kind: 'bounds', low: { raise: 20, clear: 22 } },
      forS: 0,
      severity: 'warning',
      enabled: true,
    },
  };
  const watch = new ThresholdWatch({
    ...{ clock: systemClock, store: { last: async () => [], query: async () => [] }, liveWithinS: 900 },
    book: { all: () => (rules === 0 ? [] : [threshold]), revision: 1 },
    ...{ cropOf: () => ({}), zoneName: () => undefined, due: () => {} },
  });
  await watch.build();
  const table = new SeriesTable();
  const batch = new ReadingBatch(table, count);
  for (let n = 0; n < count; n++) {
    const key = {
      measurement: 'soil',
      field: 'moisture',
      unit: '%',
      site: 'farm',
      gateway: 'g',
      device: `s${n}`,
    };
    batch.push(table.intern(seriesKey(key)).id, 0, 30, 0);
  }
  return { watch, batch };
}
