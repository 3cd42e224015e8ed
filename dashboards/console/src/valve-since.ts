import type { Points } from './history.ts';

export interface Since {
  readonly sinceMs: number;
  /** Nothing else was seen as far back as is known, so it may have lasted longer. */
  readonly atLeast: boolean;
}

/** Since when a state has had its present value, from its history (the last value of each window, in order). */
export function stateSince(points: Points | undefined, value: number, readingMs: number): Since {
  if (!points || points.timeMs.length === 0) return { sinceMs: readingMs, atLeast: true };
  const lastOther = points.value.findLastIndex((one) => one !== value);
  if (lastOther < 0) return { sinceMs: points.timeMs[0]!, atLeast: true };
  // Where the newest window still has the old value, the change came after it.
  return { sinceMs: points.timeMs[lastOther + 1] ?? readingMs, atLeast: false };
}
