import { expect, it } from 'vitest';
import { usualGapMs } from './usual-gap.ts';

const pointsAt = (...timeMs: number[]) => ({ timeMs, value: timeMs.map(() => 1) });
const EVERY_MS = 10_000;

it('notices three missing windows of a sensor that fills each, and nothing before', () => {
  const dense = Array.from({ length: 50 }, (_, index) => index * EVERY_MS);
  expect(usualGapMs(pointsAt(...dense, 600_000, 900_000), EVERY_MS)).toBe(30_000);
});

it('lets a slow sensor be slow', () => {
  expect(usualGapMs(pointsAt(0, 300_000, 600_000, 900_000), EVERY_MS)).toBe(610_000);
});

it('takes the long rests of a valve that tells only its changes for what they are', () => {
  const HOUR_MS = 3_600_000;
  const changes = [0, 8, 8.5, 20, 20.5, 32, 32.5].map((hours) => hours * HOUR_MS);
  expect(usualGapMs(pointsAt(...changes), EVERY_MS)).toBeGreaterThan(12 * HOUR_MS);
});

it('knows no more than the window of a single point', () => {
  expect(usualGapMs(pointsAt(0), EVERY_MS)).toBe(30_000);
});
