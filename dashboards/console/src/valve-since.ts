import type { Points } from './history.ts';
import { usualGapMs } from './usual-gap.ts';

export interface Since {
  readonly sinceMs: number;
  /** Nothing is known of the time before, so it may have lasted longer. */
  readonly atLeast: boolean;
}

/** Since when a state is known to have its present value, from its history: the last value of each window of `everyMs`. */
export function stateSince(
  points: Points | undefined,
  value: number,
  readingMs: number,
  everyMs: number,
): Since {
  let sinceMs = readingMs;
  if (!points) return { sinceMs, atLeast: true };
  const gapMs = usualGapMs(points, everyMs);
  for (let index = points.timeMs.length - 1; index >= 0; index--) {
    const timeMs = points.timeMs[index]!;
    if (sinceMs - timeMs > gapMs) break;
    if (points.value[index] !== value) return { sinceMs, atLeast: false };
    sinceMs = Math.min(sinceMs, timeMs);
  }
  return { sinceMs, atLeast: true };
}
