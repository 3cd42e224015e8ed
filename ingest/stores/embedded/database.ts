import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { reasonOf, SluiceError } from '../../../core/errors.ts';
import { type SeriesKey, TAGS } from '../../../core/reading.ts';
import { HOUR_MS } from '../../rollups/roll-up.ts';
import { decodeBlock, encodeBlock } from './block.ts';
import { decodeLogRecord, encodeLogRecord, type LogRows } from './log-record.ts';
import type { BlockSpan } from './place-points.ts';
import type { Points } from './points.ts';
import { ROLL_UP_SCHEMA, RollUpTables } from './roll-up-tables.ts';

export interface NumberedSeries extends SeriesKey {
  readonly id: number;
}

/**
 * `log` holds the batches as they came, `block` what they were sealed into. Times are ms. A commit is on the disk
 * when it returns (`synchronous = FULL`): "stored" must survive a power cut. While a backup copies a file its `-wal`
 * grows by what is written; afterwards it is cut to 16 MB, or it would stay so long for ever.
 */
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA journal_size_limit = 16000000;
  PRAGMA cache_size = -16384;
  CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, measurement TEXT, field TEXT, unit TEXT, ${TAGS.map((tag) => `"${tag}" TEXT`).join(', ')}
  );
  CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, record BLOB);
  CREATE TABLE IF NOT EXISTS block (
    id INTEGER PRIMARY KEY, series INTEGER, first_ms INTEGER, last_ms INTEGER, rows INTEGER, points BLOB
  );
  CREATE INDEX IF NOT EXISTS block_span ON block (series, last_ms, first_ms, rows);
  ${ROLL_UP_SCHEMA}
`;
/** 1 had no roll-ups. */
export const STORE_FORMAT = 2;
const SERIES_COLUMNS = ['measurement', 'field', 'unit', ...TAGS] as const;

/** The embedded store's file: what is where, and in which form. Everything blocks, so it belongs in a worker. */
export class Database {
  readonly #file: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly rollUps: RollUpTables;

  /** Throws SQLite's error where the file cannot be opened or is no database. What is read may throw `STORE_CORRUPT`. */
  constructor(file: string) {
    this.#file = file;
    this.#db = new DatabaseSync(file, { timeout: 2_000 });
    try {
      const { user_version: format } = this.#one('PRAGMA user_version').get() as { user_version: number };
      if (format > STORE_FORMAT) {
        throw new SluiceError('DATA_FORMAT_NEWER', { file, found: format, known: STORE_FORMAT });
      }
      this.#db.exec(SCHEMA);
      this.rollUps = new RollUpTables(
        (sql) => this.#one(sql),
        (bytes, decode) => this.#decoded(bytes, decode),
      );
      this.transaction(() => {
        if (format === 1) this.#markAllStale();
        this.#db.exec(`PRAGMA user_version = ${STORE_FORMAT}`);
      });
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** All of `work` or nothing of it. */
  transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      // SQLite itself has rolled back already on a full disk and the like.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  allSeries(): NumberedSeries[] {
    return this.#one('SELECT * FROM series ORDER BY id').all() as unknown as NumberedSeries[];
  }

  addSeries(series: NumberedSeries): void {
    const marks = SERIES_COLUMNS.map(() => '?').join(', ');
    this.#one(`INSERT OR IGNORE INTO series VALUES (?, ${marks})`).run(
      series.id,
      ...SERIES_COLUMNS.map((column) => series[column]),
    );
  }

  *log(): Generator<{ seq: number; rows: LogRows }> {
    const records = this.#one('SELECT seq, record FROM log ORDER BY seq').iterate();
    for (const { seq, record } of records as Iterable<{ seq: number; record: Uint8Array }>) {
      yield { seq, rows: this.#decoded(record, decodeLogRecord) };
    }
  }

  appendLog(seq: number, rows: LogRows): void {
    this.#one('INSERT INTO log VALUES (?, ?)').run(seq, encodeLogRecord(rows));
  }

  deleteLog(upToSeq: number): void {
    this.#one('DELETE FROM log WHERE seq <= ?').run(upToSeq);
  }

  /** Points of the blocks that reach into the range, in order of time; they may begin before it and end after it. */
  *blocks(seriesId: number, fromMs: number, toMs: number): Generator<Points> {
    const rows = this.#one(
      'SELECT points FROM block WHERE series = ? AND last_ms >= ? AND first_ms < ? ORDER BY last_ms',
    ).iterate(seriesId, fromMs, toMs) as Iterable<{ points: Uint8Array }>;
    for (const { points } of rows) yield this.#decoded(points, decodeBlock);
  }

  newestBlock(seriesId: number): Points | undefined {
    const row = this.#one('SELECT points FROM block WHERE series = ? ORDER BY last_ms DESC LIMIT 1').get(
      seriesId,
    ) as { points: Uint8Array } | undefined;
    return row && this.#decoded(row.points, decodeBlock);
  }

  /** The blocks that share time with the range `firstMs` to `lastMs`, and the one before them. */
  spans(seriesId: number, firstMs: number, lastMs: number): BlockSpan[] {
    const columns = 'id, first_ms AS firstMs, last_ms AS lastMs, rows FROM block WHERE series = ?';
    const before = this.#one(`SELECT ${columns} AND last_ms < ? ORDER BY last_ms DESC LIMIT 1`);
    const within = this.#one(`SELECT ${columns} AND last_ms >= ? AND first_ms <= ? ORDER BY last_ms`);
    return [
      ...before.all(seriesId, firstMs),
      ...within.all(seriesId, firstMs, lastMs),
    ] as unknown as BlockSpan[];
  }

  block(id: number): Points {
    const row = this.#one('SELECT points FROM block WHERE id = ?').get(id) as { points: Uint8Array };
    return this.#decoded(row.points, decodeBlock);
  }

  addBlock(seriesId: number, points: Points, from: number, to: number): void {
    this.#one('INSERT INTO block (series, first_ms, last_ms, rows, points) VALUES (?, ?, ?, ?, ?)').run(
      seriesId,
      points.timeMs[from]!,
      points.timeMs[to - 1]!,
      to - from,
      encodeBlock(points, from, to),
    );
  }

  deleteBlock(id: number): void {
    this.#one('DELETE FROM block WHERE id = ?').run(id);
  }

  /** Whole blocks of a series that end before, up to `most` and never its newest; returns how many rows they held. */
  deleteBlocksBefore(seriesId: number, beforeMs: number, most: number): number {
    const blocks = this.#one(
      `SELECT id, rows FROM block WHERE series = ? AND last_ms < min(?, (SELECT max(last_ms) FROM block WHERE series = ?))
       ORDER BY last_ms LIMIT ?`,
    ).all(seriesId, beforeMs, seriesId, most) as unknown as { id: number; rows: number }[];
    for (const { id } of blocks) this.deleteBlock(id);
    return blocks.reduce((sum, { rows }) => sum + rows, 0);
  }

  close(): void {
    this.#db.close();
  }

  /** A short block names its hours by what it spans, which may be a few too many; a long one by its points. */
  #markAllStale(): void {
    const blocks = this.#one('SELECT id, series, first_ms AS firstMs, last_ms AS lastMs FROM block').all();
    for (const { id, series, firstMs, lastMs } of blocks as unknown as (BlockSpan & { series: number })[]) {
      const hours = new Set<number>();
      if (lastMs - firstMs < 1_000 * HOUR_MS) {
        for (let at = Math.floor(firstMs / HOUR_MS); at <= lastMs / HOUR_MS; at++) hours.add(at);
      } else {
        const { timeMs, length } = this.block(id);
        for (let row = 0; row < length; row++) hours.add(Math.floor(timeMs[row]! / HOUR_MS));
      }
      for (const hour of hours) this.rollUps.markStale(series, hour * HOUR_MS);
    }
  }

  #decoded<T>(bytes: Uint8Array, decode: (bytes: Uint8Array) => T): T {
    try {
      return decode(bytes);
    } catch (error) {
      throw new SluiceError('STORE_CORRUPT', { file: this.#file, reason: reasonOf(error) }, error);
    }
  }

  #one(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
