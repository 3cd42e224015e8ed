import type { Reading, SeriesKey } from './reading.ts';
import { clockOf, packStatus, qualityOf, seriesIdentity } from './reading.ts';

/** A series that has been given a small dense number, so that a batch refers to it without strings. */
export interface Series extends SeriesKey {
  readonly id: number;
}

/** Hands out one `Series` object per identity; ids count up from 0 and live as long as the process. */
export class SeriesTable {
  readonly #byIdentity = new Map<string, Series>();
  readonly #all: Series[] = [];

  intern(key: SeriesKey): Series {
    const identity = seriesIdentity(key);
    let series = this.#byIdentity.get(identity);
    if (!series) {
      series = Object.freeze({
        measurement: key.measurement,
        field: key.field,
        unit: key.unit,
        site: key.site,
        gateway: key.gateway,
        device: key.device,
        point: key.point,
        zone: key.zone,
        link: key.link,
        class: key.class,
        id: this.#all.length,
      });
      this.#byIdentity.set(identity, series);
      this.#all.push(series);
    }
    return series;
  }

  get(id: number): Series {
    const series = this.#all[id];
    if (!series) throw new RangeError(`series ${id} was never interned`);
    return series;
  }

  get size(): number {
    return this.#all.length;
  }

  [Symbol.iterator](): IterableIterator<Series> {
    return this.#all.values();
  }
}

/**
 * Readings as columns: row i is (`seriesId[i]`, `timeMs[i]`, `value[i]` or `texts.get(i)`, `status[i]`).
 * Columns have room to spare; only the first `length` rows count. A text row has NaN in `value`.
 */
export class ReadingBatch {
  readonly table: SeriesTable;
  length = 0;
  seriesId: Uint32Array;
  timeMs: Float64Array;
  value: Float64Array;
  status: Uint8Array;
  readonly texts = new Map<number, string>();

  constructor(table: SeriesTable, capacity = 64) {
    this.table = table;
    this.seriesId = new Uint32Array(capacity);
    this.timeMs = new Float64Array(capacity);
    this.value = new Float64Array(capacity);
    this.status = new Uint8Array(capacity);
  }

  /** Appends one row. `status` is quality and clock as packed by `packStatus`. */
  push(seriesId: number, timeMs: number, value: number | string, status: number): void {
    const row = this.length;
    if (row === this.seriesId.length) this.#grow();
    this.seriesId[row] = seriesId;
    this.timeMs[row] = timeMs;
    this.status[row] = status;
    if (typeof value === 'number') {
      this.value[row] = value;
    } else {
      this.value[row] = Number.NaN;
      this.texts.set(row, value);
    }
    this.length = row + 1;
  }

  pushReading(reading: Reading): void {
    const status = packStatus(reading.quality, reading.clock);
    this.push(this.table.intern(reading).id, reading.timeMs, reading.value, status);
  }

  /** Appends rows `from` to `to` (exclusive) of another batch over the same table. */
  pushRows(other: ReadingBatch, from = 0, to = other.length): void {
    for (let row = from; row < to; row++) {
      this.push(other.seriesId[row]!, other.timeMs[row]!, other.valueAt(row), other.status[row]!);
    }
  }

  valueAt(row: number): number | string {
    return this.texts.size > 0 ? (this.texts.get(row) ?? this.value[row]!) : this.value[row]!;
  }

  /** One row as a record: for tests, errors and slow paths. */
  reading(row: number): Reading {
    const { id: _id, ...key } = this.table.get(this.seriesId[row]!);
    const status = this.status[row]!;
    return {
      ...key,
      value: this.valueAt(row),
      timeMs: this.timeMs[row]!,
      quality: qualityOf(status),
      clock: clockOf(status),
    };
  }

  *readings(): Generator<Reading> {
    for (let row = 0; row < this.length; row++) yield this.reading(row);
  }

  clear(): void {
    this.length = 0;
    this.texts.clear();
  }

  #grow(): void {
    const capacity = Math.max(64, this.seriesId.length * 2);
    this.seriesId = extended(this.seriesId, new Uint32Array(capacity));
    this.timeMs = extended(this.timeMs, new Float64Array(capacity));
    this.value = extended(this.value, new Float64Array(capacity));
    this.status = extended(this.status, new Uint8Array(capacity));
  }
}

function extended<T extends { set(source: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
