import type { Clock } from '../../core/clock.ts';
import type { Stamp } from './outbox.ts';

/** Before 2020 no clock of ours can be right; ingest refuses such times as well. */
export const EARLIEST_PLAUSIBLE_MS = Date.UTC(2020, 0, 1);

/** What the outbox must know of the gateway's time. */
export interface StampClock {
  /** The stamp of a moment that `clock.nowMs()` called, or calls, `timeMs`. */
  stamp(timeMs: number): Stamp;
  /** UTC of a moment of `boot`, once that is known. */
  utcOf(boot: string, monotonicMs: number): number | undefined;
  /** Whether `utcOf` may still come to know moments of `boot`. */
  mayLearn(boot: string): boolean;
  /** Called whenever `utcOf` has come to know more. */
  onLearned(listener: () => void): void;
}

/** Believes the clock that it is given. */
export function trustingStampClock(_clock: Clock): StampClock {
  return {
    stamp: (timeMs) => ({ timeMs, clock: 'synced' }),
    utcOf: () => undefined,
    mayLearn: () => false,
    onLearned: () => {},
  };
}
