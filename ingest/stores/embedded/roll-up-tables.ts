import type { StatementSync } from 'node:sqlite';
import { HOUR_MS, MINUTE_MS } from '../../rollups/roll-up.ts';
import type { WindowSummary } from '../../rollups/window-summary.ts';
import { decodeRollUps, encodeRollUps } from './roll-up-block.ts';

export type Resolution = 'minute' | 'hour';

const DAY_MS = 86_400_000;
export const WINDOW_MS = { minute: MINUTE_MS, hour: HOUR_MS } as const;
/** Rolled up again is an hour at a time, and then its block is written anew: a day of minutes, 32 days of hours. */
export const BUCKET_MS = { minute: DAY_MS, hour: 32 * DAY_MS } as const;

/**
 * `roll_up` holds blocks of roll-ups, one for each series and bucket of time. `stale` names the hours of each series
 * whose readings have changed since they were rolled up; it changes in one commit with the readings. `kept_from` says what
 * retention has deleted: everything before.
 */
export const ROLL_UP_SCHEMA = `
  CREATE TABLE IF NOT EXISTS roll_up (
    id INTEGER PRIMARY KEY, window_ms INTEGER, series INTEGER, bucket_ms INTEGER, rows INTEGER, summaries BLOB
  );
  CREATE UNIQUE INDEX IF NOT EXISTS roll_up_place ON roll_up (window_ms, series, bucket_ms);
  CREATE TABLE IF NOT EXISTS stale (series INTEGER, hour_ms INTEGER, PRIMARY KEY (series, hour_ms)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS kept_from (measurement TEXT PRIMARY KEY, raw_ms INTEGER);
`;

export interface StaleHour {
  readonly series: number;
  readonly hourMs: number;
}

/** What the embedded store's file holds beside readings: roll-ups, and which of them are to be made. */
export class RollUpTables {
  readonly #prepare: (sql: string) => StatementSync;
  readonly #decoded: <T>(bytes: Uint8Array, decode: (bytes: Uint8Array) => T) => T;

  /** `decoded` turns what `decode` throws into `STORE_CORRUPT`. */
  constructor(
    prepare: (sql: string) => StatementSync,
    decoded: <T>(bytes: Uint8Array, decode: (bytes: Uint8Array) => T) => T,
  ) {
    this.#prepare = prepare;
    this.#decoded = decoded;
  }

  markStale(series: number, hourMs: number): void {
    this.#prepare('INSERT OR IGNORE INTO stale VALUES (?, ?)').run(series, hourMs);
  }

  markFresh(series: number, hourMs: number): void {
    this.#prepare('DELETE FROM stale WHERE series = ? AND hour_ms = ?').run(series, hourMs);
  }

  /** Starts of the stale hours that reach into the range, in order. */
  staleHours(series: number, fromMs: number, toMs: number): number[] {
    return this.#prepare(
      'SELECT hour_ms AS hourMs FROM stale WHERE series = ? AND hour_ms > ? AND hour_ms < ? ORDER BY hour_ms',
    )
      .all(series, fromMs - HOUR_MS, toMs)
      .map(({ hourMs }) => hourMs as number);
  }

  /** The next stale hours after `after`, by series and time, that end by `endMs`. */
  nextStale(after: StaleHour, endMs: number, most: number): StaleHour[] {
    return this.#prepare(
      'SELECT series, hour_ms AS hourMs FROM stale WHERE (series, hour_ms) > (?, ?) AND hour_ms <= ? ORDER BY series, hour_ms LIMIT ?',
    ).all(after.series, after.hourMs, endMs - HOUR_MS, most) as unknown as StaleHour[];
  }

  countStale(endMs: number): number {
    const row = this.#prepare('SELECT count(*) AS hours FROM stale WHERE hour_ms <= ?').get(endMs - HOUR_MS);
    return row!.hours as number;
  }

  /** Roll-ups whose windows begin within the range, in order of time. */
  *summaries(series: number, resolution: Resolution, fromMs: number, toMs: number): Generator<WindowSummary> {
    const bucketMs = BUCKET_MS[resolution];
    const firstMs = Math.floor(fromMs / bucketMs) * bucketMs;
    const blocks = this.#prepare(
      'SELECT bucket_ms AS startMs, summaries FROM roll_up WHERE window_ms = ? AND series = ? AND bucket_ms >= ? AND bucket_ms < ? ORDER BY bucket_ms',
    ).iterate(WINDOW_MS[resolution], series, firstMs, toMs);
    for (const { startMs, summaries } of blocks as Iterable<{ startMs: number; summaries: Uint8Array }>) {
      yield* this.#decoded(summaries, (bytes) =>
        decodeRollUps(bytes, startMs, WINDOW_MS[resolution], fromMs, toMs),
      );
    }
  }

  /** Puts `fresh`, in order and all of one bucket, in the place of what was there for `hours` (starts). */
  replace(
    series: number,
    resolution: Resolution,
    fresh: readonly WindowSummary[],
    hours: readonly number[],
  ): void {
    const bucketMs = BUCKET_MS[resolution];
    const startMs = Math.floor(hours[0]! / bucketMs) * bucketMs;
    const replaced = new Set(hours);
    const kept = [...this.summaries(series, resolution, startMs, startMs + bucketMs)].filter(
      ({ windowMs }) => !replaced.has(Math.floor(windowMs / HOUR_MS) * HOUR_MS),
    );
    const rows = [...kept, ...fresh].sort((a, b) => a.windowMs - b.windowMs);
    const windowMs = WINDOW_MS[resolution];
    if (rows.length === 0) {
      this.#prepare('DELETE FROM roll_up WHERE window_ms = ? AND series = ? AND bucket_ms = ?').run(
        ...[windowMs, series, startMs],
      );
      return;
    }
    this.#prepare(
      `INSERT INTO roll_up (window_ms, series, bucket_ms, rows, summaries) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (window_ms, series, bucket_ms) DO UPDATE SET rows = excluded.rows, summaries = excluded.summaries`,
    ).run(windowMs, series, startMs, rows.length, encodeRollUps(rows, startMs, windowMs));
  }

  /** Deletes whole blocks that end before; returns how many windows they held. */
  deleteBefore(series: number, resolution: Resolution, beforeMs: number): number {
    const found = [WINDOW_MS[resolution], series, beforeMs - BUCKET_MS[resolution]] as const;
    const where = 'FROM roll_up WHERE window_ms = ? AND series = ? AND bucket_ms <= ?';
    const { windows } = this.#prepare(`SELECT coalesce(sum(rows), 0) AS windows ${where}`).get(...found)!;
    if (windows !== 0) this.#prepare(`DELETE ${where}`).run(...found);
    return windows as number;
  }

  /** From when on each measurement has its readings, where some were deleted. */
  keptFrom(): Map<string, number> {
    const rows = this.#prepare('SELECT measurement, raw_ms AS rawMs FROM kept_from').all();
    return new Map(rows.map(({ measurement, rawMs }) => [measurement as string, rawMs as number]));
  }

  setKeptFrom(measurement: string, rawMs: number): void {
    this.#prepare(
      `INSERT INTO kept_from VALUES (?, ?)
       ON CONFLICT (measurement) DO UPDATE SET raw_ms = max(raw_ms, excluded.raw_ms)`,
    ).run(measurement, rawMs);
  }
}
