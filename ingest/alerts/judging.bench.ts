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
  return found;
}

async function judgedPerS(count: number, rules: number): Promise<number> {
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
  const nowMs = Date.now() - 600_000;
  const rounds = READINGS / count;
  const begun = performance.now();
  for (let round = 0; round < rounds; round++) {
    batch.timeMs.fill(nowMs + round, 0, count);
    watch.stored(batch, false);
  }
  return READINGS / ((performance.now() - begun) / 1000);
}
