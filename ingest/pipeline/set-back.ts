/**
 * How long nothing but readings older than the newest may come of a series until its clock counts as set back. What
 * is merely late comes in between others, or ends before.
 */
export const STEP_BACK_MS = 60_000;

/** What came late of a series, since the last that was newer than all before. */
export interface Late {
  /** When the first of those came that were older; `undefined` after one that was newer. */
  lateSinceMs: number | undefined;
  /** The newest of them. */
  newestLateMs: number;
}

/** Notes one that is not newer, and says whether the clock was set back. */
export function isSetBack(late: Late, timeMs: number, monotonicMs: number): boolean {
  if (late.lateSinceMs === undefined) {
    late.lateSinceMs = monotonicMs;
    late.newestLateMs = timeMs;
    return false;
  }
  if (timeMs <= late.newestLateMs) return false;
  late.newestLateMs = timeMs;
  return monotonicMs - late.lateSinceMs >= STEP_BACK_MS;
}
