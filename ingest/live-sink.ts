import type { SeriesKey } from '../core/reading.ts';
import type { ReadingBatch } from '../core/reading-batch.ts';

/** A reading as it has just been taken: `value` in the canonical unit, `status` as `packStatus` has it. */
export interface LiveReading {
  readonly key: SeriesKey;
  readonly value: number | string;
  readonly timeMs: number;
  readonly status: number;
}

/** Somebody who wants to know at once. */
export interface LiveSink {
  /** The readings of one data message, without historical ones and without births; never empty. */
  taken(readings: readonly LiveReading[]): void;
  /** The batch is in the store. Only valid during the call. */
  stored(batch: ReadingBatch): void;
}
