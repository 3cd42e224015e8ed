import { SluiceError } from '../../core/errors.ts';
import type { Reading } from '../../core/reading.ts';
import type { ReadingBatch, Series } from '../../core/reading-batch.ts';
import { LastValues } from '../stores/last-values.ts';
import { RowReader } from '../stores/rows.ts';
import { compareSeries, type ScanBatch, type ScanQuery, ScanRows } from '../stores/scan.ts';
import { compareTags, groupTags, matchingSeries } from '../stores/series-filter.ts';
import type {
  LastReading,
  Rejection,
  SeriesData,
  SeriesFilter,
  SeriesQuery,
  Store,
  WriteResult,
} from '../stores/store.ts';
import { WindowFold } from '../stores/window-fold.ts';

interface Point {
  readonly timeMs: number;
  readonly value: number | string;
  readonly status: number;
}

/** What several memory stores may have in common, as adapters of one database do. */
export class MemoryData {
  readonly rows = new RowReader('memory');
  readonly last = new LastValues(this.rows.table);
  readonly points = new Map<Series, Map<number, Point>>();
  isAway = false;
}

/** A store that keeps nothing on disk, and fails, refuses and waits as a test tells it to. */
export class MemoryStore implements Store {
  readonly name = 'store';
  readonly #data: MemoryData;
  #isStarted = false;
  writes = 0;
  /** Says which readings the database refuses. */
  refuse: (reading: Reading) => boolean = () => false;
  /** Awaited in each write, before anything is decided. */
  beforeWrite: (batch: ReadingBatch) => Promise<void> | void = () => {};

  constructor(data = new MemoryData()) {
    this.#data = data;
  }

  get isAway(): boolean {
    return this.#data.isAway;
  }

  set isAway(isAway: boolean) {
    this.#data.isAway = isAway;
  }

  /** How many distinct points it holds. */
  get size(): number {
    return [...this.#data.points.values()].reduce((sum, points) => sum + points.size, 0);
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    this.#assertThere();
  }

  async stop(): Promise<void> {
    this.#isStarted = false;
  }

  async write(batch: ReadingBatch): Promise<WriteResult> {
    this.writes++;
    if (!this.#isStarted) throw unavailable('not started');
    await this.beforeWrite(batch);
    this.#assertThere();
    const taken = this.#data.rows.read(batch);
    const rejected: Rejection[] = [...taken.rejected];
    for (let row = 0; row < taken.length; row++) {
      const source = taken.source?.[row] ?? row;
      if (this.refuse(batch.reading(source))) {
        const error = new SluiceError('STORE_REFUSED', { store: 'memory', reason: 'told to' });
        rejected.push({ row: source, error });
        continue;
      }
      const series = this.#data.rows.table.get(taken.seriesId[row]!);
      const points = this.#data.points.get(series) ?? new Map<number, Point>();
      this.#data.points.set(series, points);
      const timeMs = taken.timeMs[row]!;
      const value = taken.texts.get(row) ?? taken.value[row]!;
      points.set(timeMs, { timeMs, value, status: taken.status[row]! });
    }
    this.#data.last.take(taken);
    return { stored: batch.length - rejected.length, rejected };
  }

  async query(query: SeriesQuery): Promise<SeriesData[]> {
    this.#assertThere();
    const groups = Map.groupBy(this.#matching(query), (series) =>
      JSON.stringify(groupTags(series, query.groupBy)),
    );
    const found = Array.from(groups.values(), (series) => this.#answer(series, query));
    const points = found.reduce((sum, { timeMs }) => sum + timeMs.length, 0);
    if (points > query.maxPoints) throw new SluiceError('QUERY_TOO_LARGE', { limit: query.maxPoints });
    return found.filter(({ timeMs }) => timeMs.length > 0).sort((a, b) => compareTags(a.tags, b.tags));
  }

  async *scan(query: ScanQuery): AsyncGenerator<ScanBatch> {
    if (!this.#isStarted) throw unavailable('not started');
    const rows = new ScanRows();
    for (const series of this.#matching(query).sort(compareSeries)) {
      for (const { timeMs, value, status } of this.#points([series], query)) {
        this.#assertThere();
        if (rows.push(timeMs, value, status)) yield* rows.take(series);
      }
      yield* rows.take(series);
    }
  }

  async last(filter: SeriesFilter): Promise<LastReading[]> {
    return this.#data.last.find(filter);
  }

  async series(filter: SeriesFilter): Promise<Series[]> {
    return this.#matching(filter);
  }

  #matching(filter: SeriesFilter): Series[] {
    return matchingSeries(this.#data.points.keys(), filter);
  }

  #answer(
    series: readonly Series[],
    { measurement, field, groupBy, window, ...range }: SeriesQuery,
  ): SeriesData {
    const points = this.#points(series, range);
    const tags = groupTags(series[0]!, groupBy);
    const timeMs = points.map((point) => point.timeMs);
    const value = points.map((point) => point.value);
    if (!window) {
      return { measurement, field, tags, timeMs, value, status: points.map(({ status }) => status) };
    }
    const fold = new WindowFold(window.everyMs, window.fn);
    const numbers = value.map((one) => (typeof one === 'number' ? one : Number.NaN));
    const texts = new Map(
      value.flatMap((one, row) => (typeof one === 'string' ? [[row, one] as const] : [])),
    );
    fold.add(
      { timeMs: Float64Array.from(timeMs), value: Float64Array.from(numbers), texts },
      0,
      value.length,
    );
    return { measurement, field, tags, ...fold.result() };
  }

  #points(series: readonly Series[], { fromMs, toMs }: Pick<ScanQuery, 'fromMs' | 'toMs'>): Point[] {
    return series
      .flatMap((one) => [...this.#data.points.get(one)!.values()])
      .filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs)
      .sort((a, b) => a.timeMs - b.timeMs);
  }

  #assertThere(): void {
    if (this.isAway) throw unavailable('told to be away');
  }
}

function unavailable(reason: string): SluiceError {
  return new SluiceError('STORE_UNAVAILABLE', { store: 'memory', reason, mend: '' });
}
