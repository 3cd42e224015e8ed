import { SluiceError } from '../../core/errors.ts';
import { type Reading, seriesIdentity, setTags, TAGS } from '../../core/reading.ts';
import type { ReadingBatch, Series } from '../../core/reading-batch.ts';
import type {
  LastReading,
  Rejection,
  SeriesData,
  SeriesFilter,
  SeriesQuery,
  Store,
  WriteResult,
} from '../stores/store.ts';

interface Row {
  readonly timeMs: number;
  readonly value: number | string;
  readonly status: number;
}

/** A store for tests of what stands before it: holds raw rows, fails and waits on demand, aggregates nothing. */
export class MemoryStore implements Store {
  readonly name = 'store';
  isAway = false;
  writes = 0;
  /** Says which readings the database refuses. */
  refuse: (reading: Reading) => boolean = () => false;
  /** Awaited in each write, before anything is decided. */
  beforeWrite: (batch: ReadingBatch) => Promise<void> | void = () => {};
  readonly #rows = new Map<string, { series: Series; byTime: Map<number, Row> }>();

  async start(): Promise<void> {
    this.#assertThere();
  }

  async stop(): Promise<void> {}

  async write(batch: ReadingBatch): Promise<WriteResult> {
    this.writes++;
    await this.beforeWrite(batch);
    this.#assertThere();
    const rejected: Rejection[] = [];
    for (let row = 0; row < batch.length; row++) {
      const reading = batch.reading(row);
      if (this.refuse(reading)) {
        rejected.push({
          row,
          error: new SluiceError('STORE_REFUSED', { store: 'memory', reason: 'told to' }),
        });
        continue;
      }
      const series = batch.table.get(batch.seriesId[row]!);
      const identity = seriesIdentity(series);
      const entry = this.#rows.get(identity) ?? { series, byTime: new Map<number, Row>() };
      this.#rows.set(identity, entry);
      const { timeMs, value } = reading;
      entry.byTime.set(timeMs, { timeMs, value, status: batch.status[row]! });
    }
    return { stored: batch.length - rejected.length, rejected };
  }

  async query({ fromMs, toMs, ...filter }: SeriesQuery): Promise<SeriesData[]> {
    return this.#matching(filter).map(({ series, rows }) => {
      const inRange = rows.filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs);
      return {
        measurement: series.measurement,
        field: series.field,
        tags: setTags(series),
        timeMs: inRange.map((row) => row.timeMs),
        value: inRange.map((row) => row.value),
        status: inRange.map((row) => row.status),
      };
    });
  }

  async last(filter: SeriesFilter): Promise<LastReading[]> {
    return this.#matching(filter).map(({ series, rows }) => ({ series, ...rows.at(-1)! }));
  }

  async series(filter: SeriesFilter): Promise<Series[]> {
    return this.#matching(filter).map(({ series }) => series);
  }

  /** How many distinct points it holds. */
  get size(): number {
    return [...this.#rows.values()].reduce((sum, { byTime }) => sum + byTime.size, 0);
  }

  #matching({ measurement, field, where }: SeriesFilter): { series: Series; rows: Row[] }[] {
    return [...this.#rows.values()]
      .filter(
        ({ series }) =>
          (measurement === undefined || series.measurement === measurement) &&
          (field === undefined || series.field === field) &&
          TAGS.every((tag) => where?.[tag]?.includes(series[tag]) ?? true),
      )
      .map(({ series, byTime }) => ({
        series,
        rows: [...byTime.values()].sort((a, b) => a.timeMs - b.timeMs),
      }));
  }

  #assertThere(): void {
    if (!this.isAway) return;
    throw new SluiceError('STORE_UNAVAILABLE', { store: 'memory', reason: 'told to be away', mend: '' });
  }
}
