/** One moment on both clocks, ms. */
export interface Moment {
  /** UTC of the system clock, which may be set. */
  readonly utcMs: number;
  /** A clock that is never set. */
  readonly monotonicMs: number;
}

/** The time that one record covers: what it is called, and when that really is. */
export interface Interval {
  /** UTC in whole ms, as readers see it. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The same on the monotonic clock: probes due from `startMs` to before `endMs` belong here. */
  readonly startMs: number;
  readonly endMs: number;
}

/** What the system clock may drift or be slewed by in one record without being taken for one that was set. */
const MOST_DRIFT_MS = 1_000;

/** From now to the next multiple of `recordMs` in UTC. */
export function firstInterval({ utcMs, monotonicMs }: Moment, recordMs: number): Interval {
  const fromMs = Math.floor(utcMs);
  const toMs = multipleAfter(fromMs, recordMs);
  return { fromMs, toMs, startMs: monotonicMs, endMs: monotonicMs + toMs - utcMs };
}

/**
 * The one after `before`, in which all probes are that follow its last: nothing is left out and nothing stands twice, so
 * what readers see never overlaps and always grows, whatever the system clock does:
 *
 * - It drifted, or is being slewed: the names go on without a gap, and the length of a record takes up the difference.
 * - It was set forward (or the machine slept): the next is named by the new time. No record has the time between.
 * - It was set back by at most a record: the next is named as if it had not been, and lasts until the clock has got there.
 * - It was set back further: records last as always and are named one after the other, one millisecond long each, until
 *   the clock is there. Their probes count; when they were can be told no better, for that time already has records.
 */
export function nextInterval(before: Interval, now: Moment, recordMs: number): Interval {
  const startMs = before.endMs;
  const utcMs = startMs + now.utcMs - now.monotonicMs;
  const aheadMs = utcMs - before.toMs;
  const isSetForward = aheadMs > Math.min(MOST_DRIFT_MS, recordMs / 2);
  const fromMs = isSetForward ? Math.floor(utcMs) : before.toMs;
  if (-aheadMs > recordMs) return { fromMs, toMs: fromMs + 1, startMs, endMs: startMs + recordMs };
  const toMs = multipleAfter(fromMs, recordMs);
  return { fromMs, toMs, startMs, endMs: startMs + toMs - utcMs };
}

/** When something was by the names of `interval`, in whole ms; never outside of it. */
export function utcIn({ fromMs, toMs, startMs }: Interval, monotonicMs: number): number {
  return Math.min(toMs, Math.max(fromMs, Math.round(fromMs + monotonicMs - startMs)));
}

function multipleAfter(timeMs: number, ofMs: number): number {
  return (Math.floor(timeMs / ofMs) + 1) * ofMs;
}
