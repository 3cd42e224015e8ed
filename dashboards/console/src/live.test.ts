import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../../core/testing/fake-clock.ts';
import type { Api, PointsQuery } from './api.ts';
import { Feed, type HistoryRequest } from './history.ts';
import { Live } from './live.ts';

/** An API that counts what it is asked, and fails while `broken`. */
function fakeApi(clock: FakeClock) {
  const fake = {
    broken: false,
    /** Requests are never answered, nor refused unless they are given up. */
    hangs: false,
    asked: 0,
    gatewaysAsked: 0,
    onlyChanges: [] as boolean[],
    unchanged: false,
    queries: [] as PointsQuery[],
    aheadMs: 0,
  };
  const answer = async <T>(value: T): Promise<T> => {
    if (fake.broken) throw new Error('no answer');
    return value;
  };
  const api: Pick<Api, 'last' | 'gateways' | 'quantities' | 'query'> = {
    quantities: () => answer({ quantities: [] }),
    gateways: () => {
      fake.gatewaysAsked++;
      return answer({ gateways: [] });
    },
    last: ({ signal, onlyChanges }) => {
      fake.asked++;
      fake.onlyChanges.push(onlyChanges);
      if (fake.hangs)
        return new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)));
      if (fake.unchanged && onlyChanges) return answer(undefined);
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

describe('Live on a phone', () => {
  it('hears only of changes, unless an answer was lost in between', async () => {
    const clock = new FakeClock();
    const { api, fake } = fakeApi(clock);
    fake.aheadMs = 5_000;
    const live = new Live(api, clock);
    live.resume();
    await clock.advance(2_000);
    fake.unchanged = true;
    await clock.advance(10_000);
    expect(live.state.value).toMatchObject({
      readings: [],
      aheadMs: 5_000,
      isLate: false,
      failure: undefined,
    });
    fake.broken = true;
    await clock.advance(2_000);
    fake.broken = false;
    await clock.advance(2_000);
    expect(fake.onlyChanges).toEqual([false, true, true, true, true, true, true, true, false]);
    // Gateways are in less of a hurry: at 0 s, at 10 s, and not again yet.
    expect(fake.gatewaysAsked).toBe(2);
  });

  it('does not call values live that have waited long for the next, and gives up what never comes', async () => {
    const clock = new FakeClock();
    const { api, fake } = fakeApi(clock);
    const live = new Live(api, clock);
    live.resume();
    await settle();
    fake.hangs = true;
    await clock.advance(5_000);
    expect(live.state.value.isLate).toBe(false);
    await clock.advance(2_000);
    expect(live.state.value.isLate).toBe(true);
    await clock.advance(16_000);
    expect(live.state.value.failure).toMatchObject({ reason: 'timeout' });
    fake.hangs = false;
    await clock.advance(2_000);
    expect(live.state.value).toMatchObject({ isLate: false, failure: undefined });
  });

  it('asks anew when it wakes, though a request from before its sleep was never answered', async () => {
    const clock = new FakeClock();
    const { api, fake } = fakeApi(clock);
    const live = new Live(api, clock);
    live.resume();
    await settle();
    fake.hangs = true;
    await clock.advance(3_000);
    live.pause();
    await clock.advance(3_600_000);
    expect(fake.asked).toBe(2);
    expect(live.state.value.failure).toBeUndefined();
    live.resume();
    expect(live.state.value.isLate).toBe(true);
    fake.hangs = false;
    live.pause();
    live.resume();
    await settle();
    expect(live.state.value).toMatchObject({ isLate: false, failure: undefined });
  });

  it('tries at once when the network is back', async () => {
    const clock = new FakeClock();
    const { api, fake } = fakeApi(clock);
    fake.broken = true;
    const live = new Live(api, clock);
    live.resume();
    await clock.advance(31_000);
    fake.broken = false;
    live.hurry();
    await settle();
    expect(live.state.value.failure).toBeUndefined();
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
    feed.watch()();
    await settle();
    expect(fake.queries).toHaveLength(3);
    await clock.advance(60_000);
    expect(fake.queries).toHaveLength(3);
    feed.watch();
    await settle();
    expect(fake.queries).toHaveLength(4);
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
