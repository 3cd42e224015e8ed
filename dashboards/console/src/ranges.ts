/** Times a chart can show, each with the window that gives about as many points as a phone has pixels. */
export const RANGES = {
  '1h': { lengthMs: 3_600_000, every: '10s', everyMs: 10_000 },
  '6h': { lengthMs: 21_600_000, every: '1m', everyMs: 60_000 },
  '24h': { lengthMs: 86_400_000, every: '5m', everyMs: 300_000 },
  '7d': { lengthMs: 604_800_000, every: '30m', everyMs: 1_800_000 },
} as const;

export type RangeName = keyof typeof RANGES;
export const RANGE_NAMES = Object.keys(RANGES) as RangeName[];

export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** On its first day a farm has little history: a chart of an hour would be a dot at its right edge. */
const LEAST_SHOWN_MS = 5 * 60_000;

/** What charts show of a range: all of it, or as much as there is. It moves on by whole windows. */
export function shownSpan(range: RangeName, nowMs: number, oldestMs: number): TimeSpan {
  const { everyMs, lengthMs } = RANGES[range];
  const toMs = Math.ceil(nowMs / everyMs) * everyMs;
  return { fromMs: Math.max(toMs - lengthMs, Math.min(oldestMs, toMs - LEAST_SHOWN_MS)), toMs };
}
