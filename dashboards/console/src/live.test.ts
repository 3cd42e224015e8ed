import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../core/testing/fake-clock.ts';
import type { Api, PointsQuery } from './api.ts';
import { Feed, type HistoryRequest } from './history.ts';
import { Live } from './live.ts';

/** An API that counts what it is asked, and fails while `broken`. */
function fakeApi(clock: FakeClock) {
  const fake = { broken: false, asked: 0, queries: [] as PointsQuery[], aheadMs: 0 };
  const answer = async <T>(value: T): Promise<T> => {
    if (fake.broken) throw new Error('no answer');
    return value;
  };
  const api: Api = {
    quantities: () => answer({ quantities: [] }),
    gateways: () => answer({ gateways: [] }),
    last: () => {
      fake.asked++;
      return answer({ nowMs: clock.nowMs() + fake.aheadMs, readings: [] });
    },
    query: (query) => {
      fake.queries.push(query);
      const windows = Math.floor((clock.nowMs() - query.from) / 10_000) + 1;
      const timeMs = Array.from({ length: windows }, (_, index) => query.from + index * 10_000);
      const value = timeMs.map(() => fake.queries.length);
      return answer({ series: [{ tags: { device: 'd' }, timeMs, value }] });
    },
  };
  return { api, fake };
}

describe('Live', () => {
  it('asks every two seconds, and not at all while nobody looks', async () => {
    const clock = new FakeClock();
    const { api, fake } = fakeApi(clock);
    const live = new Live(api, clock);
    live.resume();
    await clock.advance(6_000);
    expect(fake.asked).toBe(4);
    live.pause();
    await clock.advance(60_000);
    expect(fake.asked).toBe(4);
    live.resume();
    await settle();
    expect(fake.asked).toBe(5);
  });

  it('keeps what it has when the server goes, says since when, asks less and less often, and recovers', async () => {
    const clock = new FakeClock();
    const { api, fake } = fakeApi(clock);
    fake.aheadMs = 90_000;
    const live = new Live(api, clock);
    live.resume();
    await settle();
    const lastGoodMs = clock.nowMs() + 90_000;
    fake.broken = true;
    await clock.advance(120_000);
    // It goes at once, and failures are at 2, 4, 8, 16, 32, 62 and 92 s.
    expect(fake.asked).toBe(1 + 7);
    expect(live.state.value.readings).toEqual([]);
    expect(live.state.value.failure).toMatchObject({ sinceMs: lastGoodMs, reason: 'no answer' });
    fake.broken = false;
    await clock.advance(30_000);
    expect(live.state.value.failure).toBeUndefined();
    expect(live.nowMs()).toBe(clock.nowMs() + 90_000);
  });
});

describe('Feed', () => {
  const request: HistoryRequest = {
    measurement: 'soil',
    field: 'moisture',
    every: '10s',
    everyMs: 10_000,
    lengthMs: 3_600_000,
    fn: 'mean',
  };

  it('loads the whole time once and then only what is new, while somebody watches', async () => {
    const clock = new FakeClock();
    const { api, fake } = fakeApi(clock);
    const feed = new Feed(api, request, { clock, nowMs: () => clock.nowMs(), isPaused: () => false });
    const stop = feed.watch();
    await clock.advance(25_000);
    expect(fake.queries.map(({ from }) => clock.nowMs() - from)).toEqual([3_625_000, 35_000, 25_000]);
    const [points] = feed.points.value!.values();
    // Every window of the hour once, in order: what was known, and the newest as answered last.
    const firstMs = points!.timeMs[0]!;
    expect(points!.timeMs).toEqual(Array.from({ length: 361 }, (_, index) => firstMs + index * 10_000));
    expect(new Set(points!.value)).toEqual(new Set([1, 2, 3]));
    expect(points!.value.at(-1)).toBe(3);
    stop();
    await clock.advance(60_000);
    expect(fake.queries).toHaveLength(3);
  });

  it('asks for nothing while the page is hidden', async () => {
    const clock = new FakeClock();
    const { api, fake } = fakeApi(clock);
    const feed = new Feed(api, request, { clock, nowMs: () => clock.nowMs(), isPaused: () => true });
    feed.watch();
    await clock.advance(60_000);
    expect(fake.queries).toHaveLength(0);
  });
});
