import { join } from 'node:path';
import { delay } from '../../../core/clock.ts';
import type { ServiceContext } from '../../../core/context.ts';
import { SluiceError } from '../../../core/errors.ts';
import { ReadingBatch, type Series, SeriesTable } from '../../../core/reading-batch.ts';
import { LastValues } from '../last-values.ts';
import { RowReader, seriesSince } from '../rows.ts';
import type { ScanBatch, ScanQuery } from '../scan.ts';
import {
  type LastReading,
  quantileOf,
  type Rejection,
  type SeriesData,
  type SeriesFilter,
  type SeriesQuery,
  type Store,
  type WriteResult,
} from '../store.ts';
import type { Upkeep } from '../upkeep.ts';
import type { InfluxConfig } from './config.ts';
import { InfluxCatalog } from './influx-catalog.ts';
import { InfluxConnection, RefusedLines } from './influx-connection.ts';
import { InfluxLines, unitLine } from './influx-lines.ts';
import { InfluxAnswer, pointsOf, scanBatches } from './influx-points.ts';
import { InfluxRollUps } from './influx-roll-ups.ts';
import { type FieldColumns, selectLast, selectPoints, selectScan, selectWindows } from './influxql.ts';
import { writeRows } from './write-rows.ts';

const DAY_MS = 86_400_000;

/** How long a write may still take: whoever asked for it has waited before, and the whole stops within five seconds. */
const STOP_MS = 500;

/** The database folds neither texts together with numbers nor percentiles as we do; this many points are folded here. */
const MOST_FOLDED_POINTS = 1_000_000;

/** Everything that is known of one database from its start on. */
interface Session {
  readonly connection: InfluxConnection;
  readonly rows: RowReader;
  readonly last: LastValues;
  readonly catalog: InfluxCatalog;
  readonly lines: InfluxLines;
  readonly rollUps: InfluxRollUps | undefined;
}

/**
 * Readings in an InfluxDB, one point for each device and time: numbers in `field`, texts in `field_text`, and
 * `field_status` where a reading is not good and synced. A text for a field that holds numbers is therefore stored
 * like any other, and refused is only what the database itself refuses.
 */
export class InfluxStore implements Store {
  readonly name = 'store';
  readonly #config: InfluxConfig;
  readonly #context: ServiceContext;
  readonly #writing = new Set<Promise<WriteResult>>();
  #session: Session | undefined;
  #notedSeries = 0;

  constructor(config: InfluxConfig, context: ServiceContext) {
    this.#config = config;
    this.#context = context;
  }

  /** Throws `STORE_UNAVAILABLE` or `SECRET_UNREADABLE`. */
  async start(signal?: AbortSignal): Promise<void> {
    const connection = new InfluxConnection(this.#config, this.#context.configFolder);
    const giveUp = () => connection.close();
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      this.#session = await this.#openSession(connection);
    } catch (error) {
      connection.close();
      if (isDatabaseMissing(error)) throw connection.databaseMissing(String(error.details.reason));
      throw error instanceof SluiceError && error.retryable ? error : connection.unavailable(error);
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  async stop(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    const answered = new AbortController();
    const settled = Promise.allSettled(this.#writing).finally(() => answered.abort());
    await Promise.race([settled, delay(this.#context.clock, STOP_MS, answered.signal)]);
    session?.connection.close();
    await settled;
    session?.rollUps?.close();
  }

  async write(batch: ReadingBatch): Promise<WriteResult> {
    const writing = this.#write(this.#open(), batch);
    this.#writing.add(writing);
    try {
      return await writing;
    } finally {
      this.#writing.delete(writing);
    }
  }

  async query(query: SeriesQuery): Promise<SeriesData[]> {
    const { connection, catalog, rollUps } = this.#open();
    const columns = catalog.columns(query.measurement, query.field);
    if (!columns || matchesNothing(query)) return [];
    const rolled = query.window && (await rollUps?.query(query, columns));
    if (rolled) return rolled;
    const isFoldedHere =
      query.window !== undefined && (columns.hasTexts || quantileOf(query.window.fn) !== undefined);
    const asked = isFoldedHere ? { ...query, maxPoints: MOST_FOLDED_POINTS } : query;
    const answer = new InfluxAnswer(asked.maxPoints, query.groupBy);
    const statement = query.window && !isFoldedHere ? selectWindows(query) : selectPoints(asked, columns);
    for await (const part of connection.query(statement)) answer.add(part);
    if (isFoldedHere) return answer.foldedWindows(query);
    return query.window ? answer.windows(query) : answer.points(query);
  }

  async *scan({ measurement, field, ...range }: ScanQuery): AsyncGenerator<ScanBatch> {
    const { connection, catalog } = this.#open();
    if (matchesNothing(range)) return;
    const fields = [...catalog.fields()]
      .filter(
        (one) => (measurement ?? one.measurement) === one.measurement && (field ?? one.field) === one.field,
      )
      .sort((a, b) => (a.measurement + a.field < b.measurement + b.field ? -1 : 1));
    for (const columns of fields) {
      const statement = selectScan(
        { ...range, measurement: columns.measurement, field: columns.field },
        columns,
      );
      yield* scanBatches(connection.query(statement, true), (tags) =>
        catalog.seriesKey(columns.measurement, columns.field, tags),
      );
    }
  }

  get upkeep(): Upkeep | undefined {
    if (!this.#config.rollUps) return undefined;
    return {
      rollUp: (endMs, budgetMs) => this.#open().rollUps!.rollUp(endMs, budgetMs),
      expire: (order) => {
        const { rollUps, rows } = this.#open();
        // What `last` looks for at the next start stays.
        const lastMs = this.#context.clock.nowMs() - this.#config.lastDays * DAY_MS;
        const rawMs =
          order.rawMs === undefined ? undefined : Math.min(order.rawMs, Math.floor(lastMs / DAY_MS) * DAY_MS);
        if (rawMs !== undefined) rows.refuseBefore(order.measurement, rawMs);
        return rollUps!.expire({ ...order, rawMs });
      },
      assertCanExpire: () => {
        const { version } = this.#config;
        if (version === 3) throw new SluiceError('RETENTION_UNSUPPORTED', { version });
      },
    };
  }

  async last(filter: SeriesFilter): Promise<LastReading[]> {
    return this.#open().last.find(filter);
  }

  /** Those that were written since the start, or had a reading within `lastDays` before it. */
  async series(filter: SeriesFilter): Promise<Series[]> {
    return this.#open()
      .last.find(filter)
      .map(({ series }) => series);
  }

  #open(): Session {
    if (this.#session) return this.#session;
    const details = { store: 'influx', reason: 'it is not started' };
    const mend = { en: 'It starts as soon as InfluxDB answers.', zh: 'InfluxDB 可访问后会自动启动。' };
    throw new SluiceError('STORE_UNAVAILABLE', { ...details, mend });
  }

  async #write(
    { connection, rows: reader, last, catalog, lines, rollUps }: Session,
    batch: ReadingBatch,
  ): Promise<WriteResult> {
    const rows = reader.read(batch);
    const fresh = seriesSince(reader.table, this.#notedSeries).filter((series) => catalog.lacksUnit(series));
    const knownSeries = reader.table.size;
    if (fresh.length > 0) await this.#writeUnits(connection, catalog, fresh);
    this.#notedSeries = Math.max(this.#notedSeries, knownSeries);
    catalog.noteRows(reader.table, rows);
    const touched = rollUps?.touchedBy(reader.table, rows);
    if (touched) rollUps?.book.note(touched);
    const refused = await writeRows(connection, lines, rows);
    // Again, for whoever has rolled these hours up meanwhile.
    if (touched) rollUps?.book.note(touched);
    const rowOf = (row: number) => rows.source?.[row] ?? row;
    const rejected: Rejection[] = [
      ...rows.rejected,
      ...refused.map(({ row, error }) => ({ row: rowOf(row), error })),
    ].sort((a, b) => a.row - b.row);
    last.take(rows, new Set(refused.map(({ row }) => row)));
    return { stored: batch.length - rejected.length, rejected };
  }

  async #openSession(connection: InfluxConnection): Promise<Session> {
    const catalog = new InfluxCatalog();
    await this.#load(catalog, connection);
    const rows = new RowReader('influx');
    const last = new LastValues(rows.table);
    const loadedMs = this.#context.clock.nowMs();
    last.take(rows.read(await this.#newest(connection, catalog, loadedMs)));
    const withStatus = new Set<FieldColumns>([...catalog.fields()].filter(({ hasStatus }) => hasStatus));
    const explicitUntilMs = ({ measurement, field, id }: Series) => {
      const hadStatus = withStatus.has(catalog.columns(measurement, field)!);
      return hadStatus ? Math.max(loadedMs, last.newestMs(id) || loadedMs) : Number.NEGATIVE_INFINITY;
    };
    this.#notedSeries = rows.table.size;
    const lines = new InfluxLines(rows.table, explicitUntilMs);
    return {
      connection,
      rows,
      last,
      catalog,
      lines,
      rollUps: await this.#openRollUps(connection, catalog, rows),
    };
  }

  async #openRollUps(
    connection: InfluxConnection,
    catalog: InfluxCatalog,
    rows: RowReader,
  ): Promise<InfluxRollUps | undefined> {
    if (!this.#config.rollUps) return undefined;
    const rollUps = new InfluxRollUps(connection, catalog, join(this.#context.dataFolder, 'store'));
    try {
      await rollUps.learn();
    } catch (error) {
      rollUps.close();
      throw error;
    }
    for (const [measurement, timeMs] of rollUps.book.keptFrom()) rows.refuseBefore(measurement, timeMs);
    return rollUps;
  }

  async #writeUnits(connection: InfluxConnection, catalog: InfluxCatalog, fresh: Series[]): Promise<void> {
    const nowMs = this.#context.clock.nowMs();
    try {
      await connection.write(fresh.map((series) => unitLine(series, nowMs)).join('\n'));
    } catch (error) {
      if (!(error instanceof RefusedLines)) throw error;
      // A unit that cannot be kept is no reason to refuse the readings.
      this.#context.log.warn({ service: this.name }, `units are not kept: ${error.message}`);
    }
    for (const series of fresh) catalog.noteUnit(series);
  }

  async #load(catalog: InfluxCatalog, connection: InfluxConnection): Promise<void> {
    try {
      await catalog.load(connection);
    } catch (error) {
      if (this.#config.version !== 1 || !isDatabaseMissing(error)) throw error;
      await connection.createDatabase();
      await catalog.load(connection);
    }
  }

  /** The newest reading of every series, as a batch. */
  async #newest(connection: InfluxConnection, catalog: InfluxCatalog, nowMs: number): Promise<ReadingBatch> {
    const batch = new ReadingBatch(new SeriesTable());
    const sinceMs = nowMs - this.#config.lastDays * DAY_MS;
    for (const columns of catalog.fields()) {
      const { measurement, field } = columns;
      const kinds = [
        ...(columns.hasNumbers ? (['number'] as const) : []),
        ...(columns.hasTexts ? (['text'] as const) : []),
      ];
      for (const kind of kinds) {
        for await (const part of connection.query(selectLast(measurement, field, columns, kind, sinceMs))) {
          const series = batch.table.intern(catalog.seriesKey(measurement, field, part.tags));
          for (const { timeMs, value, status } of pointsOf(part))
            batch.push(series.id, timeMs, value, status);
        }
      }
    }
    return batch;
  }
}

function isDatabaseMissing(error: unknown): error is SluiceError {
  return error instanceof SluiceError && /^database not found/.test(String(error.details.reason));
}

/** Neither can be said in the language of the database. */
function matchesNothing({ where = {}, scope }: SeriesFilter): boolean {
  return scope?.sites.length === 0 && scope.links.length === 0
    ? true
    : Object.values(where).some((values) => values.length === 0);
}
