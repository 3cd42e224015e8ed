import { SluiceError } from '../../../core/errors.ts';
import { LatencyHistogram } from '../../../core/latency-histogram.ts';
import { findQuantity } from '../../../core/quantities.ts';
import { TAGS } from '../../../core/reading.ts';
import type { SeriesTable } from '../../../core/reading-batch.ts';
import { planSegments, type Segment, withoutStale } from '../../rollups/plan-segments.ts';
import { HOUR_MS, hoursOf, MINUTE_MS, minutesOf } from '../../rollups/roll-up.ts';
import { StaleBook, type StaleRun, startOfHour } from '../../rollups/stale-book.ts';
import { emptySummary, type WindowSummary } from '../../rollups/window-summary.ts';
import type { Rows } from '../rows.ts';
import { compareTags, groupTags } from '../series-filter.ts';
import { quantileOf, type SeriesData, type SeriesQuery } from '../store.ts';
import type { Expired, ExpireOrder, RolledUp } from '../upkeep.ts';
import { WindowFold } from '../window-fold.ts';
import { type InfluxCatalog, tagsOf } from './influx-catalog.ts';
import type { InfluxConnection, InfluxSeries } from './influx-connection.ts';
import { pointsOf } from './influx-points.ts';
import {
  type FieldColumns,
  selectEnd,
  selectOldest,
  selectPoints,
  selectRolled,
  selectSummaries,
} from './influxql.ts';
import { encodeMeasurement, ROLL_UP_SUFFIX } from './names.ts';
import { RollUpLines } from './roll-up-lines.ts';

/** What is before or after is never rolled up, so that one odd time in an old database is not a million empty hours. */
const FIRST_MS = Date.UTC(2000, 0);
const LAST_MS = Date.UTC(2100, 0);
/** Hours of one question to the database: what it answers is gone through as it comes. */
const HOURS_PER_RUN = 6;
/** More changes between roll-ups and readings than this are slower than readings alone. */
const MOST_SEGMENTS = 64;
/** Where a field is looked at point by point, the most points of one question. */
const MOST_POINTS = Number.MAX_SAFE_INTEGER - 1;

/**
 * Roll-ups in an InfluxDB, in measurements of their own beside the readings (`soil_1m`, `soil_1h`). The database makes them
 * of numbers; of fields that hold texts too, or have percentiles, they are made here, point by point.
 */
export class InfluxRollUps {
  readonly #connection: InfluxConnection;
  readonly #catalog: InfluxCatalog;
  readonly #book: StaleBook;

  /** Throws `LEDGER_UNAVAILABLE`. */
  constructor(connection: InfluxConnection, catalog: InfluxCatalog, folder: string) {
    this.#connection = connection;
    this.#catalog = catalog;
    this.#book = new StaleBook(folder);
  }

  get book(): StaleBook {
    return this.#book;
  }

  /** Takes up what was in the database before its roll-ups: everything of it is to be rolled up. */
  async learn(): Promise<void> {
    const measurements = new Set([...this.#catalog.fields()].map(({ measurement }) => measurement));
    for (const measurement of measurements) {
      if (this.#book.knows(measurement)) continue;
      const oldestMs = await this.#timeOf(selectEnd(measurement, 'ASC'));
      const newestMs = await this.#timeOf(selectEnd(measurement, 'DESC'));
      if (oldestMs === undefined) continue;
      this.#book.learn(measurement, Math.max(FIRST_MS, oldestMs), Math.min(LAST_MS, newestMs! + 1));
      await this.#learnKeptFrom(measurement);
    }
  }

  /**
   * Hours without their readings: these were deleted, and the book that knew it is lost. What comes late for such an
   * hour would take its place.
   */
  async #learnKeptFrom(measurement: string): Promise<void> {
    const oldestMs = await this.#timeOf(selectOldest(measurement));
    const oldestHourMs = await this.#timeOf(selectOldest(measurement, ROLL_UP_SUFFIX.hour));
    if (oldestMs === undefined || oldestHourMs === undefined || oldestHourMs >= startOfHour(oldestMs)) return;
    this.#book.setKeptFrom(measurement, startOfHour(oldestMs));
  }

  /** The hours that a write touches, by measurement. */
  touchedBy(table: SeriesTable, rows: Rows): Map<string, Set<number>> {
    const touched = new Map<string, Set<number>>();
    let lastMeasurement: string | undefined;
    let lastMs = Number.NaN;
    for (let row = 0; row < rows.length; row++) {
      const { measurement } = table.get(rows.seriesId[row]!);
      const timeMs = rows.timeMs[row]!;
      // Mostly one device after the other, all within one hour.
      if (measurement === lastMeasurement && timeMs >= lastMs && timeMs < lastMs + HOUR_MS) continue;
      lastMeasurement = measurement;
      lastMs = startOfHour(timeMs);
      const hours = touched.get(measurement);
      if (hours) hours.add(lastMs);
      else touched.set(measurement, new Set([lastMs]));
    }
    return touched;
  }

  async rollUp(endMs: number, budgetMs: number): Promise<RolledUp> {
    const untilMs = performance.now() + budgetMs;
    const failed = new Set<string>();
    let hours = 0;
    do {
      const run = this.#book.next(endMs, HOURS_PER_RUN, failed);
      if (!run) break;
      await this.#rollUpRun(run);
      const settled = this.#book.settle(run);
      // Somebody writes to it all the time: another time, then.
      if (settled === 0) failed.add(run.measurement);
      hours += settled;
    } while (performance.now() < untilMs);
    return { hours, waiting: this.#book.countStale(endMs) };
  }

  async expire({ measurement, rawMs, minuteMs, hourMs }: ExpireOrder): Promise<Expired> {
    if (rawMs !== undefined) {
      if (this.#book.staleHours(measurement, Number.NEGATIVE_INFINITY, rawMs).length > 0) {
        await this.rollUp(rawMs, 1_000);
        return { isUnfinished: true };
      }
      this.#book.setKeptFrom(measurement, rawMs);
      await this.#connection.deleteBefore(encodeMeasurement(measurement), rawMs);
    }
    for (const [source, beforeMs] of [
      ['minute', minuteMs],
      ['hour', hourMs],
    ] as const) {
      if (beforeMs === undefined) continue;
      await this.#connection.deleteBefore(encodeMeasurement(measurement) + ROLL_UP_SUFFIX[source], beforeMs);
    }
    return { isUnfinished: false };
  }

  /** Undefined where readings alone answer as well or better. */
  async query(query: SeriesQuery, columns: FieldColumns): Promise<SeriesData[] | undefined> {
    const { measurement, field, fromMs, toMs, maxPoints, groupBy } = query;
    const { everyMs, fn } = query.window!;
    if (fromMs < FIRST_MS || toMs > LAST_MS) return undefined;
    const isDetailed = this.#isDetailed(measurement, field, columns);
    const hasReadings = fromMs >= this.#book.keptFromOf(measurement);
    const isEnd = fn === 'first' || fn === 'last';
    // The database keeps no time with the first and the last of a window, nor a text.
    if (isEnd && hasReadings && (groupBy !== undefined || columns.hasTexts)) return undefined;
    const isQuantile = quantileOf(fn) !== undefined;
    if (isQuantile && !findQuantity(measurement, field)?.hasPercentiles) return undefined;
    const stale = this.#book.staleHours(measurement, fromMs, toMs);
    const segments = withoutStale(planSegments(fromMs, toMs, everyMs), stale);
    if (segments.every(({ source }) => source === 'raw') || segments.length > MOST_SEGMENTS) return undefined;
    const folds = new Folds(query);
    for (const segment of segments) {
      const part = { ...query, fromMs: segment.fromMs, toMs: segment.toMs };
      if (segment.source !== 'raw') {
        const statement = selectRolled(part, ROLL_UP_SUFFIX[segment.source], isQuantile);
        for await (const series of this.#connection.query(statement)) folds.addSummaries(series, segment);
      } else if (isDetailed) {
        const statement = selectPoints({ ...part, maxPoints: maxPoints * 1_000 }, columns);
        for await (const series of this.#connection.query(statement)) folds.addPoints(series);
      } else {
        for await (const series of this.#connection.query(selectSummaries(part, everyMs))) {
          folds.addSummaries(series, segment);
        }
      }
    }
    return folds.result();
  }

  close(): void {
    this.#book.close();
  }

  async #rollUpRun({ measurement, fromMs, toMs }: StaleRun): Promise<void> {
    for (const columns of this.#catalog.fields()) {
      const { field } = columns;
      if (columns.measurement !== measurement) continue;
      const query = { measurement, field, fromMs, toMs, maxPoints: MOST_POINTS };
      const hasPercentiles = findQuantity(measurement, field)?.hasPercentiles === true;
      const lines = new RollUpLines(this.#connection, measurement, field);
      if (this.#isDetailed(measurement, field, columns)) {
        await this.#rollUpPoints(selectPoints(query, columns), lines, hasPercentiles);
      } else if (columns.hasNumbers) {
        for await (const part of bySeries(this.#connection.query(selectSummaries(query, MINUTE_MS)))) {
          const minutes = part.values.map((_, row) => summaryOf(part, row));
          await lines.add(part.tags, minutes, hoursOf(minutes));
        }
      }
      await lines.flush();
    }
  }

  async #rollUpPoints(statement: string, lines: RollUpLines, hasPercentiles: boolean): Promise<void> {
    for await (const part of bySeries(this.#connection.query(statement))) {
      const points = [...pointsOf(part)];
      const minutes = minutesOf(columnsOf(points), 0, points.length, hasPercentiles);
      await lines.add(part.tags, minutes, hoursOf(minutes));
    }
  }

  #isDetailed(measurement: string, field: string, { hasTexts }: FieldColumns): boolean {
    return hasTexts || findQuantity(measurement, field)?.hasPercentiles === true;
  }

  async #timeOf(statement: string): Promise<number | undefined> {
    for await (const { values } of this.#connection.query(statement)) {
      return Number(values[0]![0]);
    }
    return undefined;
  }
}

/** One fold for each group of an answer. */
class Folds {
  readonly #query: SeriesQuery;
  readonly #groups = new Map<string, { tags: SeriesData['tags']; fold: WindowFold }>();

  constructor(query: SeriesQuery) {
    this.#query = query;
  }

  addSummaries(part: InfluxSeries, segment: Segment): void {
    const fold = this.#fold(part);
    for (let row = 0; row < part.values.length; row++) fold.addSummary(summaryOf(part, row, segment.fromMs));
    this.#assertRoom();
  }

  addPoints(part: InfluxSeries): void {
    const points = [...pointsOf(part)];
    this.#fold(part).add(columnsOf(points), 0, points.length);
    this.#assertRoom();
  }

  result(): SeriesData[] {
    const { measurement, field } = this.#query;
    return [...this.#groups.values()]
      .filter(({ fold }) => fold.windows > 0)
      .sort((a, b) => compareTags(a.tags, b.tags))
      .map(({ tags, fold }) => ({ measurement, field, tags, ...fold.result() }));
  }

  #fold(part: InfluxSeries): WindowFold {
    const tags = groupTags(tagsOf(part.tags), this.#query.groupBy);
    const key = JSON.stringify(tags);
    let group = this.#groups.get(key);
    if (!group) {
      const { everyMs, fn } = this.#query.window!;
      group = { tags, fold: new WindowFold(everyMs, fn) };
      this.#groups.set(key, group);
    }
    return group.fold;
  }

  #assertRoom(): void {
    const limit = this.#query.maxPoints;
    let windows = 0;
    for (const { fold } of this.#groups.values()) windows += fold.windows;
    if (windows > limit) throw new SluiceError('QUERY_TOO_LARGE', { limit });
  }
}

/**
 * A window as the database has put it together: without the times of its first and last, which the start of what
 * was asked stands for, as what is asked next begins later.
 */
function summaryOf({ columns, values }: InfluxSeries, row: number, fromMs = -Infinity): WindowSummary {
  const of = (name: string) => values[row]![columns.indexOf(name)] ?? 0;
  const summary = emptySummary(Number(values[row]![0]));
  summary.count = Number(of('n'));
  summary.texts = Number(of('t'));
  summary.sum = Number(of('total'));
  summary.min = Number(of('low'));
  summary.max = Number(of('high'));
  summary.first = Number(of('head'));
  summary.last = Number(of('tail'));
  summary.firstMs = Math.max(summary.windowMs, fromMs);
  summary.lastMs = summary.firstMs;
  const text = of('h');
  if (typeof text === 'string') summary.histogram = LatencyHistogram.fromText(text);
  return summary;
}

function columnsOf(points: readonly { timeMs: number; value: number | string }[]) {
  const texts = new Map<number, string>();
  points.forEach(({ value }, row) => {
    if (typeof value === 'string') texts.set(row, value);
  });
  return {
    timeMs: Float64Array.from(points, ({ timeMs }) => timeMs),
    value: Float64Array.from(points, ({ value }) => Number(value)),
    texts,
  };
}

/** The database sends a long series in several parts; here each comes as one. */
async function* bySeries(parts: AsyncIterable<InfluxSeries>): AsyncGenerator<InfluxSeries> {
  let open: InfluxSeries | undefined;
  let key = '';
  for await (const part of parts) {
    const partKey = TAGS.map((tag) => part.tags?.[tag] ?? '').join('\u0000');
    if (open && partKey === key) open = { ...open, values: [...open.values, ...part.values] };
    else {
      if (open) yield open;
      open = part;
      key = partKey;
    }
  }
  if (open) yield open;
}
