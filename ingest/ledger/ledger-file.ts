import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import type { DroppedRange, LedgerRecord } from './gateway-ledger.ts';
import type { Span } from './span-set.ts';

/** A commit is on the disk when it returns: what is confirmed must survive a power cut. */
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS ledger (
    site TEXT, gateway TEXT, ledger TEXT, base INTEGER, next INTEGER, stored INTEGER, rejected TEXT, dropped INTEGER,
    spans TEXT, drops TEXT, opened_ms INTEGER, closed_ms INTEGER, PRIMARY KEY (site, gateway, ledger)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS hour (
    site TEXT, gateway TEXT, hour_ms INTEGER, code TEXT, readings INTEGER, PRIMARY KEY (site, gateway, hour_ms, code)
  ) WITHOUT ROWID;
`;

export interface NamedLedger {
  readonly site: string;
  readonly gateway: string;
  readonly record: LedgerRecord;
}

export interface HourCount {
  readonly site: string;
  readonly gateway: string;
  readonly hourMs: number;
  /** Empty for what is stored. */
  readonly code: string;
  readonly readings: number;
}

export interface LedgerChanges {
  readonly written: readonly NamedLedger[];
  readonly removed: readonly { readonly site: string; readonly gateway: string; readonly ledger: string }[];
  readonly hours: readonly HourCount[];
}

/** The ledgers on disk: `ledger.db` in the folder of ingest. Calls block, for as long as the disk takes to answer. */
export class LedgerFile {
  readonly #file: string;
  readonly #db: DatabaseSync;

  /** Throws `LEDGER_UNAVAILABLE`. */
  constructor(folder: string) {
    this.#file = join(folder, 'ledger.db');
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(this.#file, { timeout: 2_000 });
      db.exec(SCHEMA);
    } catch (error) {
      db?.close();
      throw this.#unavailable(error);
    }
    this.#db = db;
  }

  load(): NamedLedger[] {
    return this.#db
      .prepare('SELECT * FROM ledger ORDER BY opened_ms')
      .all()
      .map((row) => ({
        site: String(row.site),
        gateway: String(row.gateway),
        record: {
          ledger: String(row.ledger),
          base: Number(row.base),
          next: Number(row.next),
          stored: Number(row.stored),
          rejected: JSON.parse(String(row.rejected)) as Record<string, number>,
          dropped: Number(row.dropped),
          spans: JSON.parse(String(row.spans)) as Span[],
          drops: JSON.parse(String(row.drops)) as DroppedRange[],
          openedMs: Number(row.opened_ms),
          ...(row.closed_ms === null ? {} : { closedMs: Number(row.closed_ms) }),
        },
      }));
  }

  /** All or nothing. Throws `LEDGER_UNAVAILABLE`. */
  commit({ written, removed, hours }: LedgerChanges): void {
    const db = this.#db;
    try {
      db.exec('BEGIN IMMEDIATE');
      const put = db.prepare('INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
      for (const { site, gateway, record } of written) {
        const { ledger, base, next, stored, rejected, dropped, spans, drops, openedMs, closedMs } = record;
        const counts = [base, next, stored, JSON.stringify(rejected), dropped];
        const lists = [JSON.stringify(spans), JSON.stringify(drops)];
        put.run(site, gateway, ledger, ...counts, ...lists, openedMs, closedMs ?? null);
      }
      const drop = db.prepare('DELETE FROM ledger WHERE site = ? AND gateway = ? AND ledger = ?');
      for (const { site, gateway, ledger } of removed) drop.run(site, gateway, ledger);
      const count = db.prepare(
        `INSERT INTO hour VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (site, gateway, hour_ms, code) DO UPDATE SET readings = readings + excluded.readings`,
      );
      for (const { site, gateway, hourMs, code, readings } of hours)
        count.run(site, gateway, hourMs, code, readings);
      db.exec('COMMIT');
    } catch (error) {
      // SQLite itself has rolled back already on a full disk and the like.
      if (db.isTransaction) db.exec('ROLLBACK');
      throw this.#unavailable(error);
    }
  }

  /** Readings by code, `''` for what is stored, of the hours that begin from `fromMs` on and before `toMs`. */
  hours(site: string, gateway: string, fromMs: number, toMs: number): Map<string, number> {
    const rows = this.#db
      .prepare(
        `SELECT code, sum(readings) AS readings FROM hour
         WHERE site = ? AND gateway = ? AND hour_ms >= ? AND hour_ms < ? GROUP BY code`,
      )
      .all(site, gateway, fromMs, toMs);
    return new Map(rows.map(({ code, readings }) => [String(code), Number(readings)]));
  }

  clearHoursBefore(timeMs: number): void {
    this.#db.prepare('DELETE FROM hour WHERE hour_ms < ?').run(timeMs);
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #unavailable(error: unknown): SluiceError {
    return new SluiceError('LEDGER_UNAVAILABLE', { file: this.#file, reason: reasonOf(error) }, error);
  }
}
