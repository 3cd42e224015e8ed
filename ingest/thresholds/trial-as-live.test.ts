import { expect, it } from 'vitest';
import { packStatus, seriesKey } from '../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { seededRandom } from '../../core/testing/seeded-random.ts';
import type { Rule, Threshold } from '../../core/thresholds/threshold.ts';
import { isPending } from '../alerts/condition.ts';
import { ThresholdWatch } from '../alerts/threshold-watch.ts';
import { runTrial } from './trial.ts';

const S = 1_000;
const MIN = 60 * S;
const MINUTES = 24 * 60;

const RULES: readonly Rule[] = [
  { kind: 'bounds', low: { raise: 20, clear: 22 } },
  { kind: 'bounds', low: { raise: 20, clear: 22 }, high: { raise: 30, clear: 28 } },
  { kind: 'rate', overS: 1_200, rise: 6, fall: 6 },
  { kind: 'stuck', band: 1, overS: 1_200 },
  { kind: 'no-data', afterS: 600 },
];

/** One value a minute as a sensor has it: it wanders, stays for a while, jumps, and is silent for some time. */
function day(random: () => number): Map<number, number> {
  const values = new Map<number, number>();
  let value = 25;
  for (let minute = 0; minute < MINUTES; minute++) {
    if (random() < 0.01) minute += Math.floor(40 * random());
    if (random() < 0.7) value = Math.min(40, Math.max(10, value + 3 * (random() - 0.5)));
    if (random() < 0.01) value = 10 + 30 * random();
    if (minute < MINUTES) values.set(minute, Math.round(10 * value) / 10);
  }
  return values;
}

/** Minutes from and to which the judge of live readings has it raised. */
async function live(rule: Rule, forS: number, values: ReadonlyMap<number, number>, fromMs: number) {
  const clock = new FakeClock(fromMs);
  const threshold: Threshold = {
    ...{ id: 't', rule, scope: {}, measurement: 'soil', field: 'moisture', version: 1, setBy: 'li', why: '' },
    ...{ setMs: fromMs, forS, severity: 'warning', enabled: true },
  };
  const watch = new ThresholdWatch({
    ...{ clock, store: { last: async () => [], query: async () => [] }, liveWithinS: 900 },
    book: { all: () => [threshold], revision: 1 },
    ...{ cropOf: () => ({}), zoneName: () => undefined, due: () => {} },
  });
  await watch.build();
  const table = new SeriesTable();
  const key = { site: 'farm', gateway: 'pump', device: 's1', measurement: 'soil', field: 'moisture' };
  const { id } = table.intern(seriesKey({ ...key, unit: '%' }));
  const raised: [number, number | undefined][] = [];
  let side = '';
  for (let minute = 0; minute <= MINUTES; minute++) {
    // Time is looked at before what comes at it, as it is between readings.
    for (const isReading of [false, true]) {
      const value = values.get(minute);
      if (isReading && value !== undefined) {
        const batch = new ReadingBatch(table);
        batch.push(id, clock.nowMs(), value, packStatus('good', 'synced'));
        watch.stored(batch, false);
      }
      const listening = { isAway: false, sinceMs: 0 };
      const wrong = watch.conditions(clock.nowMs(), listening).find((one) => !isPending(one));
      const now = wrong ? `${wrong.judged!.state.side} ${wrong.judged!.state.sinceMs}` : '';
      if (now === side) continue;
      if (side !== '' && raised.at(-1)![1] === undefined) raised.at(-1)![1] = minute;
      if (now !== '') raised.push([minute, undefined]);
      side = now;
    }
    await clock.advance(MIN);
  }
  return raised;
}

async function tried(rule: Rule, forS: number, values: ReadonlyMap<number, number>, fromMs: number) {
  const found = await runTrial(
    {
      ...{ measurement: 'soil', field: 'moisture', scope: {}, rule, forS },
      ...{ severity: 'warning', enabled: true },
    },
    1,
    {
      ...{ cropOf: () => ({}), nowMs: fromMs + MINUTES * MIN, sees: () => true },
      store: {
        series: async () => [
          new SeriesTable().intern(seriesKey({ measurement: 'soil', field: 'moisture', unit: '%' })),
        ],
        query: async ({ measurement, field }) => [
          {
            ...{ measurement, field, tags: {} },
            timeMs: [...values.keys()].map((minute) => fromMs + minute * MIN),
            value: [...values.values()],
          },
        ],
      },
    },
  );
  return found.series[0]!.raised.map(({ fromMs: from, toMs }) =>
    [from, toMs].map((ms) => (ms === undefined ? undefined : (ms - fromMs) / MIN)),
  );
}

it.each(RULES)('says of a day what judging it live has said: $kind', async (rule) => {
  const fromMs = Date.UTC(2026, 5, 1);
  let told = 0;
  for (let seed = 1; seed <= 8; seed++) {
    const values = day(seededRandom(seed));
    for (const forS of [0, 300]) {
      const raised = await live(rule, forS, values, fromMs);
      told += raised.length;
      expect(await tried(rule, forS, values, fromMs), `seed ${seed}, for ${forS} s`).toEqual(raised);
    }
  }
  expect(told).toBeGreaterThan(8);
});
