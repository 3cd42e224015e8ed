import { StateDatabase } from '../../state-database.ts';
import type { BirthRecord } from './birth-record.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS birth (
    site TEXT, gateway TEXT, online INTEGER, since_ms INTEGER, last_seen_ms INTEGER, births BLOB,
    PRIMARY KEY (site, gateway)
  ) WITHOUT ROWID;
`;

export interface SeenGateway {
  readonly site: string;
  readonly gateway: string;
  readonly lastSeenMs: number;
}

/** What gateways' births said, on disk: `births.db` in the folder of ingest. Every call may throw as `StateDatabase` does. */
export class BirthFile {
  static readonly fileName = 'births.db';
  readonly #state: StateDatabase;

  constructor(folder: string) {
    this.#state = new StateDatabase(folder, BirthFile.fileName, SCHEMA);
  }

  /** Those that were seen last, newest first. */
  load(limit: number): BirthRecord[] {
    const statement = 'SELECT * FROM birth ORDER BY last_seen_ms DESC LIMIT ?';
    return this.#state
      .run((db) => db.prepare(statement).all(limit))
      .map((row) => ({
        site: String(row.site),
        gateway: String(row.gateway),
        online: row.online === 1,
        sinceMs: Number(row.since_ms),
        lastSeenMs: Number(row.last_seen_ms),
        births: row.births as Uint8Array,
      }));
  }

  /** All or nothing. */
  commit(written: readonly BirthRecord[], removed: readonly Pick<BirthRecord, 'site' | 'gateway'>[]): void {
    this.#state.commit((db) => {
      const put = db.prepare('INSERT OR REPLACE INTO birth VALUES (?, ?, ?, ?, ?, ?)');
      for (const { site, gateway, online, sinceMs, lastSeenMs, births } of written)
        put.run(site, gateway, online ? 1 : 0, sinceMs, lastSeenMs, births);
      const drop = db.prepare('DELETE FROM birth WHERE site = ? AND gateway = ?');
      for (const { site, gateway } of removed) drop.run(site, gateway);
    });
  }

  seen(gateways: readonly SeenGateway[]): void {
    this.#state.commit((db) => {
      const put = db.prepare('UPDATE birth SET last_seen_ms = ? WHERE site = ? AND gateway = ?');
      for (const { site, gateway, lastSeenMs } of gateways) put.run(lastSeenMs, site, gateway);
    });
  }

  close(): void {
    this.#state.close();
  }
}
