import { expect, test } from 'vitest';
import { SluiceError } from '../core/errors.ts';
import { FakeClock } from '../core/testing/fake-clock.ts';
import type { Driver, Outcome } from './driver.ts';
import { Poller } from './poller.ts';

function driver(device: string, everyMs: number, poll: () => Promise<Outcome | undefined>): Driver {
  return {
    devices: [{ id: device, metrics: [], groups: [{ id: 'readings', everyMs }] }],
    poll,
    stop: async () => {},
  };
}

const outcome = (device: string, timeMs = 0): Outcome => ({ device, timeMs, isReached: true, samples: [] });

test('every group is polled at once and then at its interval, without drift', async () => {
  const clock = new FakeClock();
  const polledMs: number[] = [];
  const slow = driver('slow', 1_000, async () => {
    polledMs.push(clock.monotonicMs());
    await new Promise<void>((resolve) => clock.after(300, resolve));
    return undefined;
  });
  const poller = new Poller([slow], clock, () => {});
  poller.start();
  await clock.advance(3_500);
  expect(polledMs).toEqual([0, 1_000, 2_000, 3_000]);
});

test('a poll longer than its interval misses turns and does not pile up', async () => {
  const clock = new FakeClock();
  const polledMs: number[] = [];
  const slow = driver('slow', 1_000, async () => {
    polledMs.push(clock.monotonicMs());
    await new Promise<void>((resolve) => clock.after(2_500, resolve));
    return undefined;
  });
  new Poller([slow], clock, () => {}).start();
  await clock.advance(7_000);
  expect(polledMs).toEqual([0, 3_000, 6_000]);
});

test('what one driver throws is an outcome of its device, and the others go on', async () => {
  const clock = new FakeClock();
  const delivered: Outcome[] = [];
  const broken = driver('broken', 1_000, async () => {
    throw new Error('out of order');
  });
  const sound = driver('sound', 1_000, async () => outcome('sound'));
  new Poller([broken, sound], clock, (one) => delivered.push(one)).start();
  await clock.advance(1_500);
  expect(delivered.map(({ device }) => device).sort()).toEqual(['broken', 'broken', 'sound', 'sound']);
  const failed = delivered.find(({ device }) => device === 'broken');
  expect(failed).toMatchObject({ isReached: false, samples: [] });
  expect(failed?.error).toBeInstanceOf(SluiceError);
});

test('stopping waits for the poll under way, delivers nothing after and leaves no timer', async () => {
  const clock = new FakeClock();
  const delivered: Outcome[] = [];
  const slow = driver('slow', 1_000, async () => {
    await new Promise<void>((resolve) => clock.after(300, resolve));
    return outcome('slow');
  });
  const poller = new Poller([slow], clock, (one) => delivered.push(one));
  poller.start();
  let isStopped = false;
  const stopped = poller.stop().then(() => {
    isStopped = true;
  });
  await clock.advance(200);
  expect(isStopped).toBe(false);
  await clock.advance(200);
  await stopped;
  expect(delivered).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});
