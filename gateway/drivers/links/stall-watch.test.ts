import { expect, test } from 'vitest';
import { StallWatch } from './stall-watch.ts';
import { FakeLoop } from './testing/fake-loop.ts';

const NOON_MS = Date.UTC(2026, 10, 23, 12);

function bench(kind: 'kernel' | 'dgram' = 'kernel') {
  const loop = new FakeLoop(NOON_MS);
  loop.kind = kind;
  const state = { asleepMs: 0 };
  const watch = new StallWatch(loop, () => loop.monotonicMs() + state.asleepMs);
  const look = (isTurn = true) => watch.look(watch.now(), isTurn);
  return { loop, watch, look, state };
}

test('a stall is told once: who empties the buffer after it is behind, and not away', () => {
  const { loop, watch, look } = bench();
  watch.expect(100);
  loop.stall(1_100);
  expect(look(false)).toEqual([{ kind: 'stall', fromMs: 100, toMs: 1_100 }]);
  for (let datagram = 0; datagram < 500; datagram++) {
    loop.stall(1);
    watch.expect(100);
    expect(look(false)).toEqual([]);
  }
});

test('a long wait for something that is due later is no stall', () => {
  const { loop, watch, look } = bench();
  watch.expect(60_000);
  loop.stall(60_000);
  expect(look()).toEqual([]);
});

test('a program that stamps looks at the time often, and is stalled until a turn is on time again', () => {
  const { loop, watch, look } = bench('dgram');
  expect(watch.expect(60_000)).toBe(5);
  loop.stall(11);
  look(false);
  expect(watch.isStalled).toBe(true);
  watch.expect(60_000);
  look(false);
  expect(watch.isStalled).toBe(true);
  loop.stall(5);
  look(true);
  expect(watch.isStalled).toBe(false);
});

test('a clock that is slewed is not set, and one that is set is', () => {
  const { loop, watch } = bench();
  const from = watch.now();
  loop.stall(10_000);
  loop.step(5);
  expect(watch.wasSet(from, watch.now())).toBe(false);
  loop.step(-12);
  expect(watch.wasSet(from, watch.now())).toBe(true);
});

test('a machine that slept is told from a clock that was set', () => {
  const { loop, look, state } = bench();
  loop.step(7_000);
  expect(look()).toEqual([{ kind: 'clockStep', byMs: 7_000 }]);
  state.asleepMs = 9_000;
  loop.step(9_000);
  expect(look()).toEqual([{ kind: 'sleep', sleptMs: 9_000 }]);
});
