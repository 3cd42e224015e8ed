import { SluiceError } from '../../core/errors.ts';
import { type ReadingBatch, type Series, SeriesTable } from '../../core/reading-batch.ts';
import type { Rejection } from './store.ts';

/** What a batch becomes on its way into a store: only rows that can be stored, in the store's own series ids. */
export interface Rows {
  readonly length: number;
  readonly seriesId: Uint32Array<ArrayBuffer>;
  readonly timeMs: Float64Array<ArrayBuffer>;
  readonly value: Float64Array<ArrayBuffer>;
  readonly status: Uint8Array<ArrayBuffer>;
  /** Texts by row; a text has NaN in `value`. */
  readonly texts: ReadonlyMap<number, string>;
  /** The row of the batch that each row came from; undefined where they are the same. */
  readonly source: Uint32Array | undefined;
  readonly rejected: readonly Rejection[];
}

/** InfluxDB keeps nanoseconds in 64 bits, from 1677 to 2262; what one store refuses, all do. */
export const MAX_TIME_MS = 9_223_372_036_854;

/** Gives every series that a store meets a number of the store's own, whatever table its batch is over. */
export class RowReader {
  readonly table = new SeriesTable();
  readonly #store: string;
  readonly #translations = new WeakMap<SeriesTable, (number | undefined)[]>();

  readonly #keptFromMs = new Map<string, number>();
  /** The latest of those, so that a reading of today costs one comparison. */
  #latestKeptFromMs = Number.NEGATIVE_INFINITY;

  constructor(store: string) {
    this.#store = store;
  }

  /** Readings of `measurement` before `timeMs` are refused from now on. */
  refuseBefore(measurement: string, timeMs: number): void {
    const keptFromMs = Math.max(timeMs, this.#keptFromMs.get(measurement) ?? timeMs);
    this.#keptFromMs.set(measurement, keptFromMs);
    this.#latestKeptFromMs = Math.max(this.#latestKeptFromMs, keptFromMs);
  }

  read(batch: ReadingBatch): Rows {
    const rejected = this.#refusals(batch);
    if (rejected.length > 0) return this.#pick(batch, rejected);
    const { length } = batch;
    return {
      length,
      seriesId: this.#translate(batch, batch.seriesId.subarray(0, length)),
      timeMs: batch.timeMs.slice(0, length) as Float64Array<ArrayBuffer>,
      value: batch.value.slice(0, length) as Float64Array<ArrayBuffer>,
      status: batch.status.slice(0, length) as Uint8Array<ArrayBuffer>,
      texts: new Map(batch.texts),
      source: undefined,
      rejected,
    };
  }

  #pick(batch: ReadingBatch, rejected: readonly Rejection[]): Rows {
    const refused = new Set(rejected.map(({ row }) => row));
    const source = Uint32Array.from({ length: batch.length }, (_, row) => row).filter(
      (row) => !refused.has(row),
    );
    const texts = new Map<number, string>();
    source.forEach((from, row) => {
      const text = batch.texts.get(from);
      if (text !== undefined) texts.set(row, text);
    });
    return {
      length: source.length,
      seriesId: this.#translate(
        batch,
        source.map((row) => batch.seriesId[row]!),
      ),
      timeMs: Float64Array.from(source, (row) => batch.timeMs[row]!),
      value: Float64Array.from(source, (row) => batch.value[row]!),
      status: Uint8Array.from(source, (row) => batch.status[row]!),
      texts,
      source,
      rejected,
    };
  }

  #translate(batch: ReadingBatch, ids: Uint32Array): Uint32Array<ArrayBuffer> {
    let translation = this.#translations.get(batch.table);
    if (!translation) {
      translation = [];
      this.#translations.set(batch.table, translation);
    }
    const result = new Uint32Array(ids.length);
    for (let row = 0; row < ids.length; row++) {
      const id = ids[row]!;
      let own = translation[id];
      if (own === undefined) {
        own = this.table.intern(batch.table.get(id)).id;
        translation[id] = own;
      }
      result[row] = own;
    }
    return result;
  }

  #refusals(batch: ReadingBatch): Rejection[] {
    const rejected: Rejection[] = [];
    for (let row = 0; row < batch.length; row++) {
      const value = batch.value[row]!;
      const timeMs = batch.timeMs[row]!;
      if (!Number.isFinite(value) && !batch.texts.has(row)) {
        const { measurement, field } = batch.reading(row);
        const details = { measurement, field, value: String(value) };
        rejected.push({ row, error: new SluiceError('VALUE_NOT_A_NUMBER', details) });
      } else if (!Number.isInteger(timeMs) || Math.abs(timeMs) > MAX_TIME_MS) {
        const reason = `the time ${timeMs} ms is not a whole number between the years 1677 and 2262`;
        rejected.push({ row, error: new SluiceError('STORE_REFUSED', { store: this.#store, reason }) });
      } else if (timeMs < this.#latestKeptFromMs) {
        const { measurement } = batch.table.get(batch.seriesId[row]!);
        const keptFromMs = this.#keptFromMs.get(measurement);
        if (keptFromMs === undefined || timeMs >= keptFromMs) continue;
        const [time, keptFrom] = [timeMs, keptFromMs].map((ms) => new Date(ms).toISOString()) as [
          string,
          string,
        ];
        rejected.push({ row, error: new SluiceError('READING_EXPIRED', { measurement, time, keptFrom }) });
      }
    }
    return rejected;
  }
}

/** Series of `table` from the number `from` on. */
export function seriesSince(table: SeriesTable, from: number): Series[] {
  return Array.from({ length: table.size - from }, (_, index) => table.get(from + index));
}
