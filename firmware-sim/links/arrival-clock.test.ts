import { expect, test } from 'vitest';
import type { DatagramLoop } from '../../core/datagrams/datagram-loop.ts';
import { ArrivalClock } from './arrival-clock.ts';

/** Clocks that move by each look: 1 µs, or what `looks` says is next. */
function clocks() {
  const state = { monotonicMs: 1_000, utcAheadMs: 1_795_000_000_000, looks: [] as number[] };
  const pass = () => {
    state.monotonicMs += state.looks.shift() ?? 0.001;
    return state.monotonicMs;
  };
  const loop: Pick<DatagramLoop, 'monotonicMs' | 'utcMs'> = {
    monotonicMs: pass,
    utcMs: () => pass() + state.utcAheadMs,
  };
  return { state, clock: new ArrivalClock(loop as DatagramLoop) };
}

test('arrivals stay as far apart as they were stamped, whatever comes between the looks at the clocks', () => {
  const { state, clock } = clocks();
  const arrivedMs = state.utcAheadMs + 999;
  const first = clock.monotonicOf(arrivedMs);
  expect(first).toBeCloseTo(999, 2);
  for (const looks of [[0.003], [0.001, 0.004], [0.001, 3], [40, 0.001], []]) {
    state.looks = looks;
    // Times of today have a quarter of a microsecond as a number.
    expect(clock.monotonicOf(arrivedMs + 0.002) - first).toBeCloseTo(0.002, 3);
  }
});

test('a clock that is set moves no delay, and is believed from then on', () => {
  const { state, clock } = clocks();
  clock.monotonicOf(state.utcAheadMs + 999);
  for (const stepMs of [3_600_000, -7_200_000, 50]) {
    const arrivedMs = state.utcAheadMs + state.monotonicMs;
    state.utcAheadMs += stepMs;
    state.monotonicMs += 1;
    // It was stamped before the step: what can be said is that it came a moment ago.
    const before = state.monotonicMs;
    const told = clock.monotonicOf(arrivedMs);
    expect(told).toBeGreaterThan(before - 1 - 51);
    expect(told).toBeLessThan(before + 0.01);
    state.monotonicMs += 3;
    expect(clock.monotonicOf(state.utcAheadMs + state.monotonicMs - 2)).toBeCloseTo(state.monotonicMs - 2, 1);
  }
});

test('nothing arrives later than now', () => {
  const { state, clock } = clocks();
  clock.monotonicOf(state.utcAheadMs + 999);
  const told = clock.monotonicOf(state.utcAheadMs + state.monotonicMs + 5);
  expect(told).toBeCloseTo(state.monotonicMs, 2);
});
