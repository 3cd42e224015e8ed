import { expect, it } from 'vitest';
import { type SeriesKey, seriesKey } from '../../core/reading.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { seededRandom } from '../../core/testing/seeded-random.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { batchOf, type Row, type StoreFixture } from '../stores/contract.suite.ts';
import { AGGREGATES, type Aggregate, type SeriesQuery, type Store } from '../stores/store.ts';
import { WindowFold } from '../stores/window-fold.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const T0 = Date.UTC(2026, 5, 1);
const HOURS = 6;

const LINK = { measurement: 'link', field: 'latency', unit: 'ms', site: 'pop', gateway: 'agent' };
const SOIL = { measurement: 'soil', field: 'moisture', unit: '%', site: 'farm', gateway: 'g' };
const NORTH = seriesKey({ ...SOIL, device: 'north' });
/** Two of a quantity that has percentiles, two that have not, and one that holds texts too. */
const KEYS: SeriesKey[] = [
  seriesKey({ ...LINK, link: 'a-b' }),
  seriesKey({ ...LINK, link: 'b-c' }),
  NORTH,
  seriesKey({ ...SOIL, device: 'south' }),
  seriesKey({ ...SOIL, field: 'state of "x", y=1', unit: '', device: 'north' }),
];
const WITH_TEXTS = 4;

/** What roll-ups and retention must be in every store that has them. Call it inside a `describe`. */
export function rollUpContract(openFixture: () => Promise<StoreFixture>): void {
  async function withStore(
    work: (store: Store, reopen: () => Promise<Store>) => Promise<void>,
    nowMs = T0 + HOURS * HOUR_MS,
  ): Promise<void> {
    const fixture = await openFixture();
    let store: Store | undefined;
    const open = async () => {
      await store?.stop();
      store = fixture.create(serviceContext({ clock: new FakeClock(nowMs) }));
      await store.start(new AbortController().signal);
      return store;
    };
    try {
      await work(await open(), open);
    } finally {
      await store?.stop();
      await fixture.cleanUp();
    }
  }

  it.each([1, 2, 3])(
    'answers what readings would, at every moment, while they come late and it starts again (%i)',
    { timeout: 120_000 },
    (seed) =>
      withStore(async (first, reopen) => {
        let store = first;
        const random = seededRandom(seed);
        const pick = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)]!;
        const someTime = () => T0 + Math.floor(random() * HOURS * HOUR_MS);
        const all = KEYS.map(() => new Map<number, number | string>());
        const write = async () => {
          const startMs = someTime();
          const rows = Array.from({ length: 40 }, (): Row => {
            const key = Math.floor(random() * KEYS.length);
            // Around the end and on at the start, rather than all at one moment, where stores may choose as they like.
            const afterMs = startMs - T0 + Math.floor(random() * 20 * MINUTE_MS);
            const timeMs = T0 + (afterMs % (HOURS * HOUR_MS));
            const isText = key === WITH_TEXTS && random() < 0.4;
            const value = isText ? pick(['on', 'off', '']) : Math.round(random() * 1_000) / 10;
            all[key]!.set(timeMs, value);
            return [KEYS[key]!, timeMs, value];
          });
          await store.write(batchOf(rows));
        };
        for (let step = 0; step < 120; step++) {
          const action = random();
          if (action < 0.35) await write();
          else if (action < 0.6) await store.upkeep!.rollUp(someTime(), 200);
          else if (action < 0.63) store = await reopen();
          else {
            const [one, two] = [someTime(), someTime()];
            const whole = random() < 0.5;
            const query = {
              key: Math.floor(random() * KEYS.length),
              fromMs: whole ? T0 : Math.min(one, two),
              toMs: whole ? T0 + HOURS * HOUR_MS : Math.max(one, two) + 1,
              everyMs: pick([10_000, MINUTE_MS, 5 * MINUTE_MS, 90 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS]),
              fn: pick(AGGREGATES),
              isGrouped: random() < 0.3,
            };
            await expectAnswer(store, all, query);
          }
        }
        while ((await store.upkeep!.rollUp(T0 + DAY_MS, 1_000)).waiting > 0);
        for (const fn of AGGREGATES) {
          for (const everyMs of [5 * MINUTE_MS, HOUR_MS]) {
            const range = { fromMs: T0 + 90_500, toMs: T0 + HOURS * HOUR_MS - 500 };
            for (const key of KEYS.keys()) {
              await expectAnswer(store, all, { key, ...range, everyMs, fn, isGrouped: false });
            }
          }
        }
      }),
  );

  it(
    'keeps roll-ups where readings are deleted, refuses what is older, and keeps the newest of a series',
    {
      timeout: 120_000,
    },
    () =>
      withStore(
        async (first, reopen) => {
          const days = 80;
          const silent = seriesKey({ ...SOIL, device: 'silent' });
          for (let day = 0; day < days; day += 20) {
            const rows = Array.from(
              { length: 20 * 24 * 4 },
              (_, step): Row => [NORTH, T0 + day * DAY_MS + step * 15 * MINUTE_MS, step % 7],
            );
            await first.write(batchOf(rows));
          }
          await first.write(batchOf([[silent, T0 + 70 * DAY_MS, 5]]));
          while ((await first.upkeep!.rollUp(T0 + days * DAY_MS, 1_000)).waiting > 0);
          // A block of the embedded store goes whole: the first 4 096 readings are 43 days.
          const rawMs = T0 + 44 * DAY_MS;
          const order = { measurement: 'soil', rawMs, minuteMs: T0 + 20 * DAY_MS };
          const counts = async (store: Store, everyMs: number, fn: Aggregate = 'count') => {
            const range = { fromMs: T0, toMs: T0 + days * DAY_MS, maxPoints: 100_000 };
            const where = { device: ['north'] };
            const query = {
              measurement: 'soil',
              field: 'moisture',
              where,
              ...range,
              window: { everyMs, fn },
            };
            return (await store.query(query))[0]!;
          };
          const before = await counts(first, HOUR_MS, 'sum');
          const last = (await first.last({})).map(({ series, timeMs }) => [series.device, timeMs]);
          while ((await first.upkeep!.expire(order, 1_000)).isUnfinished);
          const expectKept = async (store: Store) => {
            expect(await counts(store, HOUR_MS, 'sum')).toEqual(before);
            expect((await counts(store, DAY_MS)).value).toEqual(Array(days).fill(96));
            const minutes = await counts(store, 15 * MINUTE_MS);
            expect([minutes.timeMs[0], minutes.value.length]).toEqual([T0 + 20 * DAY_MS, 60 * 96]);
            const readings = await counts(store, 10_000);
            expect(readings.timeMs[0]).toBeLessThanOrEqual(rawMs);
            expect(readings.timeMs[0]).toBeGreaterThan(T0);
            expect(readings.timeMs.at(-1)).toBe(T0 + days * DAY_MS - 15 * MINUTE_MS);
            expect((await store.last({})).map(({ series, timeMs }) => [series.device, timeMs])).toEqual(last);
            expect((await store.series({})).map(({ device }) => device).toSorted()).toEqual([
              'north',
              'silent',
            ]);
          };
          await expectKept(first);
          const store = await reopen();
          await expectKept(store);
          const late: Row[] = [
            [NORTH, rawMs - 1, 1],
            [NORTH, rawMs + 1, 1],
          ];
          const { rejected } = await store.write(batchOf(late));
          expect(rejected.map(({ row, error }) => [row, error.code])).toEqual([[0, 'READING_EXPIRED']]);
          const corrected = Array<number>(days).fill(96);
          corrected[44] = 97;
          expect((await counts(store, DAY_MS)).value).toEqual(corrected);
          while ((await store.upkeep!.rollUp(T0 + days * DAY_MS, 1_000)).waiting > 0);
          expect((await counts(store, DAY_MS)).value).toEqual(corrected);
        },
        T0 + 81 * DAY_MS,
      ),
  );
}

interface Asked {
  readonly key: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly everyMs: number;
  readonly fn: Aggregate;
  /** All series of the quantity as one. */
  readonly isGrouped: boolean;
}

async function expectAnswer(
  store: Store,
  all: readonly Map<number, number | string>[],
  asked: Asked,
): Promise<void> {
  const { key, fromMs, toMs, everyMs, fn, isGrouped } = asked;
  const { measurement, field, device, link } = KEYS[key]!;
  const where = { device: [device], link: [link] };
  const grouping: Partial<SeriesQuery> = isGrouped ? { groupBy: [] } : { where };
  const query = {
    measurement,
    field,
    fromMs,
    toMs,
    maxPoints: 100_000,
    window: { everyMs, fn },
    ...grouping,
  };
  const [found] = await store.query(query);
  const members = [...KEYS.keys()].filter(
    (one) =>
      one === key || (isGrouped && KEYS[one]!.field === field && KEYS[one]!.measurement === measurement),
  );
  const fold = new WindowFold(everyMs, fn);
  for (const member of members) {
    const points = [...all[member]!]
      .filter(([timeMs]) => timeMs >= fromMs && timeMs < toMs)
      .sort(([a], [b]) => a - b);
    const texts = new Map(
      points.flatMap(([, value], row) => (typeof value === 'string' ? [[row, value]] : [])),
    );
    const timeMs = Float64Array.from(points, ([time]) => time);
    fold.add(
      { timeMs, value: Float64Array.from(points, ([, value]) => Number(value)), texts },
      0,
      points.length,
    );
  }
  const expected = fold.result();
  const words = JSON.stringify(asked);
  expect(found?.timeMs ?? [], words).toEqual(expected.timeMs);
  if (fn === 'sum' || fn === 'mean') {
    expected.value.forEach((value, row) => {
      expect(found!.value[row], words).toBeCloseTo(value as number, 8);
    });
  } else expect(found?.value ?? [], words).toEqual(expected.value);
}
