import type { Series } from '../../core/reading-batch.ts';
import { compareTags } from './series-filter.ts';
import type { SeriesFilter } from './store.ts';

/** Every reading of the series that match, over a time; nothing bounds how many there are. */
export interface ScanQuery extends SeriesFilter {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The most rows of one batch: 100 kB as columns, and a few ms of work for whoever goes through them. */
export const SCAN_ROWS = 4_096;

/**
 * Up to `SCAN_ROWS` readings of one series, in order of time, as columns: a text has NaN in `value`. `series` is the
 * same object for every batch of a series within one scan; its id means nothing outside the store.
 */
export interface ScanBatch {
  readonly series: Series;
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
  readonly status: Uint8Array;
  /** By row. */
  readonly texts: ReadonlyMap<number, string> | undefined;
}

/** Gathers the points of one series after the other into batches. */
export class ScanRows {
  readonly #timeMs = new Float64Array(SCAN_ROWS);
  readonly #value = new Float64Array(SCAN_ROWS);
  readonly #status = new Uint8Array(SCAN_ROWS);
  #texts: Map<number, string> | undefined;
  #length = 0;

  /** Whether that was the last row that fits: then `take` before the next. */
  push(timeMs: number, value: number | string, status: number): boolean {
    const row = this.#length++;
    this.#timeMs[row] = timeMs;
    this.#status[row] = status;
    if (typeof value === 'number') this.#value[row] = value;
    else {
      this.#value[row] = Number.NaN;
      this.#texts ??= new Map();
      this.#texts.set(row, value);
    }
    return this.#length === SCAN_ROWS;
  }

  /** What was gathered since the last time, which is all of `series`; nothing where that is nothing. */
  *take(series: Series): Generator<ScanBatch> {
    const length = this.#length;
    const texts = this.#texts;
    this.#length = 0;
    this.#texts = undefined;
    if (length === 0) return;
    yield {
      series,
      timeMs: this.#timeMs.slice(0, length),
      value: this.#value.slice(0, length),
      status: this.#status.slice(0, length),
      texts,
    };
  }
}

/** By measurement, field and tags, so that one export is like the next. */
export function compareSeries(a: Series, b: Series): number {
  if (a.measurement !== b.measurement) return a.measurement < b.measurement ? -1 : 1;
  if (a.field !== b.field) return a.field < b.field ? -1 : 1;
  return compareTags(a, b);
}
