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

/** Four sensors of one zone that follow one day, each a little beside it; now and then one goes its own way, or is silent for long. */
function zone(random: () => number): Map<number, number>[] {
  const shared = day(random);
  return Array.from({ length: 4 }, () => {
    const values = new Map<number, number>();
    let off = 0;
    for (let minute = 0; minute < MINUTES; minute++) {
      if (random() < 0.004) minute += Math.floor(90 * random());
      if (random() < 0.01) off = random() < 0.5 ? 0 : 16 * (random() - 0.5);
      const value = shared.get(minute);
      if (value !== undefined) values.set(minute, Math.round(10 * (value + off + random())) / 10);
    }
    return values;
  });
}

const PLACE = {
  measurement: 'soil',
  field: 'moisture',
  unit: '%',
  site: 'farm',
  gateway: 'pump',
  zone: 'north',
};
const keyOf = (n: number) => seriesKey({ ...PLACE, device: `s${n}` });

type Raises = (number | undefined)[][];

/** Of each series the minutes from and to which the judge of live readings has it raised. */
async function live(rule: Rule, forS: number, all: Map<number, number>[], fromMs: number): Promise<Raises[]> {
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
  const ids = all.map((_, n) => table.intern(keyOf(n)).id);
  const found = all.map(() => ({ raised: [] as Raises, side: '' }));
  for (let minute = 0; minute <= MINUTES; minute++) {
    // Time is looked at before what comes at it, as it is between readings.
    for (const isReading of [false, true]) {
      if (isReading) {
        const batch = new ReadingBatch(table);
        for (const [n, values] of all.entries()) {
          const value = values.get(minute);
          if (value !== undefined) batch.push(ids[n]!, clock.nowMs(), value, packStatus('good', 'synced'));
        }
        watch.stored(batch, false);
      }
      const wrong = watch.conditions(clock.nowMs(), { isAway: false, sinceMs: 0 });
      for (const [n, one] of found.entries()) {
        const mine = wrong.find((other) => !isPending(other) && other.judged?.series.device === `s${n}`)
          ?.judged?.state;
        const now = mine ? `${mine.side} ${mine.sinceMs}` : '';
        if (now === one.side) continue;
        if (one.side !== '' && one.raised.at(-1)![1] === undefined) one.raised.at(-1)![1] = minute;
        if (now !== '') one.raised.push([minute, undefined]);
        one.side = now;
      }
    }
    await clock.advance(MIN);
  }
  return found.map(({ raised }) => raised);
}

async function tried(
  rule: Rule,
  forS: number,
  all: Map<number, number>[],
  fromMs: number,
): Promise<Raises[]> {
  const table = new SeriesTable();
  const { series } = await runTrial(
    {
      ...{ measurement: 'soil', field: 'moisture', scope: {}, rule, forS },
      ...{ severity: 'warning', enabled: true },
    },
    1,
    {
      ...{ cropOf: () => ({}), nowMs: fromMs + MINUTES * MIN, sees: () => true, liveWithinMs: 900 * S },
      store: {
        series: async () => all.map((_, n) => table.intern(keyOf(n))),
        query: async ({ measurement, field, where }) => {
          const values = all[Number(where!.device![0]!.slice(1))]!;
          const timeMs = [...values.keys()].map((minute) => fromMs + minute * MIN);
          return [{ ...{ measurement, field, tags: {} }, timeMs, value: [...values.values()] }];
        },
      },
    },
  );
  const of = new Map(series.map(({ tags, raised }) => [tags.device, raised]));
  return all.map((_, n) =>
    of
      .get(`s${n}`)!
      .map(({ fromMs: from, toMs }) =>
        [from, toMs].map((ms) => (ms === undefined ? undefined : (ms - fromMs) / MIN)),
      ),
  );
}

async function agree(rule: Rule, seeds: number, sensors: (random: () => number) => Map<number, number>[]) {
  const fromMs = Date.UTC(2026, 5, 1);
  let told = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const all = sensors(seededRandom(seed));
    for (const forS of [0, 300]) {
      const raised = await live(rule, forS, all, fromMs);
      told += raised.flat().length;
      expect(await tried(rule, forS, all, fromMs), `seed ${seed}, for ${forS} s`).toEqual(raised);
    }
  }
  expect(told).toBeGreaterThan(seeds);
}

it.each(RULES)('says of a day what judging it live has said: $kind', (rule) =>
  agree(rule, 8, (random) => [day(random)]),
);

it('says of a day what comparing neighbours live has said, also while some of them are silent', () =>
  agree({ kind: 'neighbours', by: 4 }, 6, zone));
