import type { SeriesKey } from '../../core/reading.ts';
import type { ReadingBatch } from '../../core/reading-batch.ts';

/** A reading as it has just been taken: `value` in the canonical unit, `status` as `packStatus` has it. */
export interface LiveReading {
  readonly key: SeriesKey;
  readonly value: number | string;
  readonly timeMs: number;
  readonly status: number;
}

/**
 * Somebody who wants to know at once. A reading is live where it says what is now, and is told once:
 *
 * - it came as data, not in a birth, and is not marked historical;
 * - it is not a repeat: neither its number is settled already, nor its time known of its series;
 * - it is newer than all that is known of its series, also from before a restart. A clock that was set back is followed
 *   after `STEP_BACK_MS` (`set-back.ts`);
 * - it is not stamped further back than `liveWithinS`, unless its clock says itself that it is not set.
 *
 * The pipeline sees to the first, `LiveFilter` to the rest.
 */
export interface LiveListener {
  /** The live readings of one data message; never empty. They are not stored yet, and may never be. */
  taken(readings: readonly LiveReading[]): void;
  /** The batch is in the store: births, history and repeats too, in any order. Only valid during the call. */
  stored(batch: ReadingBatch): void;
}

/** The same before it is known which readings are live, as the pipeline has them. */
export interface LiveSink {
  /** Rows of a batch that came as data, in one message, and are not history; never empty. Only valid during the call. */
  taken(batch: ReadingBatch, rows: readonly number[]): void;
  stored(batch: ReadingBatch): void;
}

/** Somebody who judges what is stored. */
export interface StoredWatcher {
  /** A batch is in the store: births and repeats too. `isHistory`: it came as history, in its own lane. Only valid during the call. */
  stored(batch: ReadingBatch, isHistory: boolean): void;
  /** A live value that cannot be, and is in the dead letters. */
  refused?(key: SeriesKey, timeMs: number, value: number): void;
}
