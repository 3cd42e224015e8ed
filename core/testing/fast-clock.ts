import type { Clock } from '../clock.ts';

/** Real time, so many times as fast: for parts that answer in their own time, while what waits for them waits long. */
export function fastClock(times: number): Clock {
  const startMs = Date.now();
  const startMonotonicMs = performance.now();
  const elapsedMs = () => times * (performance.now() - startMonotonicMs);
  return {
    nowMs: () => startMs + Math.round(elapsedMs()),
    monotonicMs: elapsedMs,
    after(delayMs, fn) {
      const timer = setTimeout(fn, delayMs / times);
      return () => clearTimeout(timer);
    },
  };
}
