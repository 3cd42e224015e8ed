import type { Points } from './history.ts';

/** Three of four distances between points are no longer: outages are rarer than that, and quiet hours of a valve are not. */
const USUAL_SHARE = 0.75;

/**
 * The longest distance between two points at which nothing is missing: one report may be lost. Taken from the points
 * themselves, because one sensor reports each second, another each hour, and a third only what has changed.
 */
export function usualGapMs({ timeMs }: Points, everyMs: number): number {
  const distances = timeMs.slice(1).map((time, index) => time - timeMs[index]!);
  const usualMs = distances.sort((a, b) => a - b)[Math.floor(distances.length * USUAL_SHARE)] ?? everyMs;
  return 2 * usualMs + everyMs;
}
