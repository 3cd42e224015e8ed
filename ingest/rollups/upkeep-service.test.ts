import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import { SluiceError } from '../../core/errors.ts';
import { seriesKey } from '../../core/reading.ts';
import { SeriesTable } from '../../core/reading-batch.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import type { LastReading } from '../stores/store.ts';
import type { Expired, ExpireOrder } from '../stores/upkeep.ts';
import { KeptLog } from '../testing/kept-log.ts';
import { RetentionConfig } from './config.ts';
import { expireOrder } from './expire-order.ts';
import { UpkeepService } from './upkeep-service.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 22, 12);
const HOUR_MS = 3_600_000;
const TODAY = Date.UTC(2026, 10, 22);

function retention(config: object): RetentionConfig {
  return checkConfig(RetentionConfig, config);
}

function setUp(config: object = { rawDays: 10 }) {
  const clock = new FakeClock(NOW);
  const table = new SeriesTable();
  const newest = new Map([['soil', NOW]]);
  const rolled: number[] = [];
  const orders: ExpireOrder[] = [];
  const kept = new KeptLog();
  const fake = {
    waiting: 0,
    /** Days of the last 30 with readings. */
    lived: 7,
    unfinished: 0,
    error: undefined as SluiceError | undefined,
    unsupported: undefined as SluiceError | undefined,
  };
  const service = new UpkeepService(retention(config), {
    clock,
    log: kept.log,
    store: {
      last: async () =>
        [...newest].map(([measurement, timeMs]): LastReading => {
          const series = table.intern(seriesKey({ measurement, field: 'f', unit: '' }));
          return { series, timeMs, value: 1, status: 0 };
        }),
      query: async ({ measurement, field, fromMs }) => {
        const timeMs = Array.from({ length: fake.lived }, (_, day) => fromMs + day * DAY_MS);
        return [{ measurement, field, tags: {}, timeMs, value: timeMs.map(() => 9) }];
      },
    },
    upkeep: {
      async rollUp(endMs) {
        if (fake.error) throw fake.error;
        rolled.push(endMs);
        fake.waiting = Math.max(0, fake.waiting - 1);
        return { hours: 1, waiting: fake.waiting };
      },
      async expire(order): Promise<Expired> {
        orders.push(order);
        return { readings: 5, isUnfinished: fake.unfinished-- > 0 };
      },
      assertCanExpire() {
        if (fake.unsupported) throw fake.unsupported;
      },
    },
  });
  const advance = (ms: number) => clock.advance(ms);
  const said = (words: RegExp) => kept.texts().filter((text) => words.test(text));
  return { service, clock, newest, rolled, orders, said, fake, advance };
}

describe('upkeep', () => {
  it('rolls up every minute what has ended two minutes ago, and goes on without a wait while there is more', async () => {
    const { service, rolled, fake, advance } = setUp({ rawDays: 0 });
    await service.start();
    await advance(120_000);
    expect(rolled.length).toBe(2);
    expect(NOW - rolled[0]!).toBeGreaterThan(60_000);
    fake.waiting = 5;
    await advance(240_000);
    expect(service.status().waitingHours).toBe(0);
    expect(rolled.length).toBeGreaterThan(7);
    await service.stop();
    const before = rolled.length;
    await advance(240_000);
    expect(rolled.length).toBe(before);
  });

  it('deletes once for each day, and again where the store was not through', async () => {
    const { service, orders, fake, newest, clock, said, advance } = setUp();
    fake.unfinished = 2;
    await service.start();
    await advance(HOUR_MS - 60_000);
    expect(orders).toEqual([]);
    expect(said(/an hour from now .*link never, all others after 10 days/)).toHaveLength(1);
    await advance(5 * 60_000);
    const rawMs = TODAY - 10 * DAY_MS;
    expect(orders.map((one) => one.rawMs)).toEqual([rawMs, rawMs, rawMs]);
    expect(service.status().expired.readings).toBe(15);
    expect(said(/are deleted/)).toHaveLength(1);
    await advance(13 * 3_600_000);
    expect(orders).toHaveLength(3);
    newest.set('soil', clock.nowMs());
    await advance(5 * 60_000);
    expect(orders.at(-1)!.rawMs).toBe(rawMs + DAY_MS);
    await service.stop();
  });

  it('deletes nothing for a day after the clock was set', async () => {
    const { service, orders, newest, clock, said, advance } = setUp();
    newest.delete('soil');
    await service.start();
    await advance(120_000);
    clock.stepWall(14 * 365 * DAY_MS);
    newest.set('soil', clock.nowMs());
    await advance(23 * 3_600_000);
    expect(orders).toEqual([]);
    expect(said(/clock was set/)).toHaveLength(1);
    await advance(2 * 3_600_000);
    expect(orders).toHaveLength(1);
    await service.stop();
  });

  it('deletes nothing on the word of a clock that was wrong from the start', async () => {
    const { service, orders, fake, newest, clock, said, advance } = setUp();
    newest.set('soil', NOW);
    fake.lived = 6;
    await service.start();
    await advance(20 * HOUR_MS);
    expect(orders).toEqual([]);
    expect(said(/time may be wrong/)).toHaveLength(1);
    fake.lived = 7;
    newest.set('soil', clock.nowMs());
    await advance(120_000);
    expect(orders).toHaveLength(1);
    await service.stop();
  });

  it('deletes nothing unless it is told to', async () => {
    const { service, orders, advance } = setUp({});
    await service.start();
    await advance(30 * HOUR_MS);
    expect(orders).toEqual([]);
    await service.stop();
  });

  it('says once that a store is away, and when it goes on', async () => {
    const { service, fake, said, advance } = setUp();
    fake.error = new SluiceError('STORE_UNAVAILABLE', { store: 'x', reason: 'gone', mend: '' });
    await service.start();
    await advance(10 * 60_000);
    expect(said(/wait: .*gone/)).toHaveLength(1);
    fake.error = undefined;
    await advance(120_000);
    expect(said(/go on/)).toHaveLength(1);
    await service.stop();
  });

  it('says once that a database cannot delete, and rolls up all the same', async () => {
    const { service, fake, orders, rolled, said, advance } = setUp();
    fake.unsupported = new SluiceError('RETENTION_UNSUPPORTED', { version: 3 });
    await service.start();
    await advance(10 * 60_000);
    expect(said(/cannot delete by time/)).toHaveLength(1);
    expect(orders).toEqual([]);
    expect(rolled.length).toBeGreaterThan(5);
    await service.stop();
  });
});

describe('what is to be deleted', () => {
  const order = (config: object, newestMs: number[], nowMs = NOW) =>
    expireOrder(retention(config), 'soil', newestMs, nowMs);

  it('is counted in whole days back from the newest readings', () => {
    expect(order({ rawDays: 10, minuteDays: 20, hourDays: 0 }, [NOW])).toEqual({
      measurement: 'soil',
      rawMs: TODAY - 10 * DAY_MS,
      minuteMs: TODAY - 20 * DAY_MS,
      hourMs: undefined,
    });
    expect(order({ rawDays: 10 }, [NOW - 100 * DAY_MS])!.rawMs).toBe(TODAY - 110 * DAY_MS);
    expect(order({ rawDays: 10 }, [])).toBeUndefined();
  });

  it('is nothing where readings are kept for ever, and follows the measurement', () => {
    expect(order({ rawDays: 0, minuteDays: 5 }, [NOW])).toBeUndefined();
    const own = { rawDays: 0, measurements: { soil: { rawDays: 3 } } };
    expect(order(own, [NOW])!.rawMs).toBe(TODAY - 3 * DAY_MS);
  });

  it('is nothing of links, by whose evidence carriers settle accounts, unless they are named', () => {
    const ofLinks = (config: object) => expireOrder(retention(config), 'link', [NOW], NOW);
    expect(ofLinks({ rawDays: 10 })).toBeUndefined();
    expect(ofLinks({ rawDays: 10, measurements: { link: { hourDays: 800 } } })).toBeUndefined();
    const named = ofLinks({ rawDays: 10, measurements: { link: { rawDays: 400 } } });
    expect(named!.rawMs).toBe(TODAY - 400 * DAY_MS);
  });

  it('keeps roll-ups at least as long as what they are made of', () => {
    expect(order({ rawDays: 10, minuteDays: 5, hourDays: 7 }, [NOW])).toMatchObject({
      minuteMs: TODAY - 10 * DAY_MS,
      hourMs: TODAY - 10 * DAY_MS,
    });
  });

  it('does not follow this clock, nor a device whose clock is ahead', () => {
    const fourteenYears = 14 * 365 * DAY_MS;
    expect(order({ rawDays: 10 }, [NOW], NOW + fourteenYears)!.rawMs).toBe(TODAY - 10 * DAY_MS);
    const times = [NOW + fourteenYears, ...Array<number>(10).fill(NOW)];
    expect(order({ rawDays: 10 }, times, NOW + fourteenYears)!.rawMs).toBe(TODAY - 10 * DAY_MS);
  });
});
