import { expect, it } from 'vitest';
import { seriesKey } from '../../core/reading.ts';
import { SeriesTable } from '../../core/reading-batch.ts';
import type { Rule, ThresholdWish } from '../../core/thresholds/threshold.ts';
import { runTrial } from './trial.ts';

const MIN = 60_000;
const NOW = Date.UTC(2026, 5, 2);

async function trial(
  rule: Rule,
  forS: number,
  byDevice: Record<string, (readonly [number, number])[]>,
  days = 1,
) {
  const table = new SeriesTable();
  const all = Object.keys(byDevice).map((device) =>
    table.intern(
      seriesKey({
        measurement: 'soil',
        field: 'moisture',
        unit: '%',
        site: 'farm',
        gateway: 'pump',
        device,
        zone: 'north',
      }),
    ),
  );
  const wish: ThresholdWish = {
    ...{ measurement: 'soil', field: 'moisture', scope: { site: 'farm' }, rule, forS },
    ...{ severity: 'warning', enabled: true },
  };
  return runTrial(wish, days, {
    store: {
      series: async () => all,
      query: async ({ where }) => {
        const points = byDevice[where!.device![0]!]!;
        const timeMs = points.map(([minute]) => NOW - 1_440 * MIN + minute * MIN);
        return [
          {
            measurement: 'soil',
            field: 'moisture',
            tags: {},
            timeMs,
            value: points.map(([, value]) => value),
          },
        ];
      },
    },
    ...{ cropOf: () => ({}), nowMs: NOW, sees: ({ site }) => site === 'farm', liveWithinMs: 900_000 },
  });
}

it('tells what would have been raised, its worst value, and series of a zone as one event', async () => {
  const rule: Rule = { kind: 'bounds', low: { raise: 20, clear: 22 } };
  const dry = [
    [0, 25],
    [10, 19],
    [30, 12],
    [60, 18],
    [90, 23],
    [1_430, 15],
  ] as const;
  const found = await trial(rule, 600, {
    s1: [...dry],
    s2: [
      [0, 25],
      [40, 19],
      [100, 23],
    ],
  });
  const minutes = found.series.map(({ raised }) =>
    raised.map(({ fromMs, toMs, worst }) =>
      [fromMs, toMs ?? NOW].map((ms) => (ms - found.fromMs) / MIN).concat(worst),
    ),
  );
  expect(minutes).toEqual([
    [
      [20, 90, 12],
      [1_440, 1_440, 15],
    ],
    [[50, 100, 19]],
  ]);
  expect(found).toMatchObject({ events: 2, wrongMs: 80 * MIN, leftOut: 0, fn: 'min', everyMs: MIN });
});

it('tells silence in between', async () => {
  const found = await trial({ kind: 'no-data', afterS: 3_600 }, 0, {
    s1: [
      [0, 25],
      [30, 25],
      [200, 25],
      [1_400, 25],
    ],
  });
  expect(found.series[0]!.raised.map(({ fromMs }) => (fromMs - found.fromMs) / MIN)).toEqual([90, 260]);
});

it('says of how many series it knows nothing, and tries a zone by its neighbours whole or not', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 250 }, (_, n) => [`s${n}`, [[0, 25] as [number, number]]]),
  );
  const bounds = await trial({ kind: 'bounds', low: { raise: 20, clear: 22 } }, 0, many);
  expect(bounds).toMatchObject({ untried: 50, leftOut: 180 });
  expect(await trial({ kind: 'neighbours', by: 5 }, 0, many)).toMatchObject({
    untried: 250,
    leftOut: 0,
    series: [],
  });
});

it('calls nobody silent between two values because it looks at fewer of a long time', async () => {
  const every = Array.from({ length: 60 }, (_, n) => [24 * n, 25] as const);
  const found = await trial({ kind: 'no-data', afterS: 600 }, 0, { s1: every.slice(0, 50) }, 30);
  expect(found.everyMs).toBe(30 * MIN);
  expect(found.series[0]!.raised).toHaveLength(1);
});
