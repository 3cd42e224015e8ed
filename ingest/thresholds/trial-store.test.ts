import { expect, it, onTestFinished } from 'vitest';
import { packStatus, seriesKey } from '../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { ThresholdWish } from '../../core/thresholds/threshold.ts';
import { EmbeddedStore } from '../stores/embedded/embedded-store.ts';
import { runTrial } from './trial.ts';

const MIN = 60_000;
const DAY = 86_400_000;
const DAYS = 30;
const END = Date.UTC(2026, 5, 1);
const FROM = END - DAYS * DAY;

const DRY: ThresholdWish = {
  ...{ measurement: 'soil', field: 'moisture', scope: {}, forS: 3_600, severity: 'warning', enabled: true },
  rule: { kind: 'bounds', low: { raise: 20, clear: 22 } },
};

/** Dry for six hours of every third day. */
function valueAt(timeMs: number): number {
  const day = Math.floor((timeMs - FROM) / DAY);
  const hour = ((timeMs - FROM) % DAY) / (60 * MIN);
  return day % 3 === 0 && hour >= 6 && hour < 12 ? 15 : 30;
}

it('tells of a month what was in it, also of the days of which only roll-ups are left', async () => {
  const store = new EmbeddedStore(serviceContext({ dataFolder: temporaryFolder() }));
  await store.start();
  onTestFinished(() => store.stop());
  const table = new SeriesTable();
  const key = seriesKey({
    ...{ measurement: 'soil', field: 'moisture', unit: '%', site: 'farm', gateway: 'g', device: 's1' },
  });
  const { id } = table.intern(key);
  const batch = new ReadingBatch(table, (DAYS * DAY) / (5 * MIN));
  for (let timeMs = FROM; timeMs < END; timeMs += 5 * MIN)
    batch.push(id, timeMs, valueAt(timeMs), packStatus('good', 'synced'));
  await store.write(batch);
  const trial = () =>
    runTrial(DRY, DAYS, {
      ...{ store, cropOf: () => ({}), nowMs: END, sees: () => true, liveWithinMs: 15 * MIN },
    });
  const whole = await trial();
  expect(whole.events).toBe(10);

  while ((await store.upkeep.rollUp(END, 10_000)).waiting > 0);
  const rawMs = END - 3 * DAY;
  while ((await store.upkeep.expire({ measurement: 'soil', rawMs, minuteMs: rawMs }, 10_000)).isUnfinished);
  const left = await store.query({
    ...{ measurement: 'soil', field: 'moisture', fromMs: FROM, toMs: END, maxPoints: 10_000 },
  });
  // It deletes by whole blocks, of which the newest reaches back further than the order says.
  expect(left[0]!.timeMs[0]).toBeGreaterThan(FROM + DAYS * DAY * 0.4);
  const rolled = await trial();
  expect(rolled.events).toBe(10);
  const [before, after] = [whole, rolled].map(({ series }) => series[0]!.raised);
  for (const [n, { fromMs, toMs, worst }] of after!.entries()) {
    // By whole hours at worst.
    expect(Math.abs(fromMs - before![n]!.fromMs)).toBeLessThanOrEqual(60 * MIN);
    expect(Math.abs(toMs! - before![n]!.toMs!)).toBeLessThanOrEqual(60 * MIN);
    expect(worst).toBe(15);
  }
});
