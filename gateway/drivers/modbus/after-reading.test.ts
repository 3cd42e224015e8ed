import { expect, test } from 'vitest';
import type { Clock } from '../../../core/clock.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { afterReading } from './after-reading.ts';

test('on time it is called at once', async () => {
  const clock = new FakeClock();
  let calledAtMs: number | undefined;
  afterReading(clock, 10, () => {
    calledAtMs = clock.monotonicMs();
  });
  await clock.advance(100);
  expect(calledAtMs).toBe(10);
});

test('after a stall what came in meanwhile is read first, and may cancel it', async () => {
  const clock = new FakeClock();
  const stalled: Clock = {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, fn) => clock.after(delayMs + 50, fn),
  };
  let calls = 0;
  const cancel = afterReading(stalled, 10, () => calls++);
  await clock.advance(61);
  expect(calls).toBe(0);
  cancel();
  await clock.advance(1_000);
  expect(calls).toBe(0);
  afterReading(stalled, 10, () => calls++);
  await clock.advance(1_000);
  expect(calls).toBe(1);
});
