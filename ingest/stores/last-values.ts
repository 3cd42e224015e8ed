import type { SeriesTable } from '../../core/reading-batch.ts';
import { matchingSeries } from './series-filter.ts';
import type { LastReading, SeriesFilter } from './store.ts';

/** Rows as columns, by the series ids of the table that `LastValues` is over. */
export interface LastRows {
  readonly length: number;
  readonly seriesId: Uint32Array;
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
  readonly status: Uint8Array;
  readonly texts: ReadonlyMap<number, string>;
}

/** The newest reading of every series, in memory. A late reading does not displace a newer one. */
export class LastValues {
  readonly #table: SeriesTable;
  readonly #texts = new Map<number, string>();
  #timeMs = new Float64Array();
  #value = new Float64Array();
  #status = new Uint8Array();

  constructor(table: SeriesTable) {
    this.#table = table;
  }

  /** Rows in the order in which they were stored, of two with one time the later counts; without those in `except`. */
  take(rows: LastRows, except?: ReadonlySet<number>): void {
    this.#reserve(this.#table.size);
    const { seriesId, timeMs, value, status, texts } = rows;
    for (let row = 0; row < rows.length; row++) {
      const id = seriesId[row]!;
      // A series without a reading has NaN for its time, which no comparison calls newer.
      if (timeMs[row]! < this.#timeMs[id]! || except?.has(row)) continue;
      this.#timeMs[id] = timeMs[row]!;
      this.#value[id] = value[row]!;
      this.#status[id] = status[row]!;
      const text = texts.size > 0 ? texts.get(row) : undefined;
      if (text !== undefined) this.#texts.set(id, text);
      else if (this.#texts.size > 0) this.#texts.delete(id);
    }
  }

  find(filter: SeriesFilter): LastReading[] {
    const known = matchingSeries(this.#table, filter).filter(({ id }) => !Number.isNaN(this.newestMs(id)));
    return known.map((series) => ({
      series,
      timeMs: this.#timeMs[series.id]!,
      value: this.#texts.get(series.id) ?? this.#value[series.id]!,
      status: this.#status[series.id]!,
    }));
  }

  /** NaN where there is none. */
  newestMs(id: number): number {
    return this.#timeMs[id] ?? Number.NaN;
  }

  #reserve(size: number): void {
    const had = this.#timeMs.length;
    if (size <= had) return;
    const capacity = Math.max(64, size, had * 2);
    const timeMs = new Float64Array(capacity).fill(Number.NaN, had);
    timeMs.set(this.#timeMs);
    const value = new Float64Array(capacity);
    value.set(this.#value);
    const status = new Uint8Array(capacity);
    status.set(this.#status);
    this.#timeMs = timeMs;
    this.#value = value;
    this.#status = status;
  }
}
