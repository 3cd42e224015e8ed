import { StateDatabase } from '../state-database.ts';
import type { DroppedRange, LedgerRecord } from './gateway-ledger.ts';
import type { Span } from './span-set.ts';

const SCHEMA = `
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

/** The ledgers on disk: `ledger.db` in the folder of ingest. Every call may throw `LEDGER_UNAVAILABLE`. */
export class LedgerFile {
  readonly #state: StateDatabase;

  constructor(folder: string) {
    this.#state = new StateDatabase(folder, 'ledger.db', SCHEMA);
  }

  load(): NamedLedger[] {
    return this.#state
      .run((db) => db.prepare('SELECT * FROM ledger ORDER BY opened_ms').all())
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

  /** All or nothing. */
  commit({ written, removed, hours }: LedgerChanges): void {
    this.#state.commit((db) => {
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
    });
  }

  /** Readings by code, `''` for what is stored, of the hours that begin from `fromMs` on and before `toMs`. */
  hours(site: string, gateway: string, fromMs: number, toMs: number): Map<string, number> {
    const statement = `SELECT code, sum(readings) AS readings FROM hour
                       WHERE site = ? AND gateway = ? AND hour_ms >= ? AND hour_ms < ? GROUP BY code`;
    const rows = this.#state.run((db) => db.prepare(statement).all(site, gateway, fromMs, toMs));
    return new Map(rows.map(({ code, readings }) => [String(code), Number(readings)]));
  }

  clearHoursBefore(timeMs: number): void {
    this.#state.run((db) => db.prepare('DELETE FROM hour WHERE hour_ms < ?').run(timeMs));
  }

  close(): void {
    this.#state.close();
  }
}
