import type { Cancel, Clock } from '../../../core/clock.ts';

/** A timer that fires so much late was held up by the event loop, and so was the reading of the line. */
const STALL_MS = 4;
/** Time for what came in during the stall to be read. */
const READ_MS = 5;

/**
 * As `clock.after`, but never ahead of bytes that came in before: after a stall of the event loop timers run first, and
 * would find a line quiet, or an answer missing, whose bytes are only not read yet.
 */
export function afterReading(clock: Clock, delayMs: number, fn: () => void): Cancel {
  const dueMs = clock.monotonicMs() + delayMs;
  let cancel = clock.after(delayMs, () => {
    if (clock.monotonicMs() - dueMs <= STALL_MS) fn();
    else cancel = clock.after(READ_MS, fn);
  });
  return () => cancel();
}
