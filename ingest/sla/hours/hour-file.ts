import type { StatementSync } from 'node:sqlite';
import { StateDatabase } from '../../state-database.ts';
import { type Cell, decodeCell, encodeCell } from './cell.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS series (id INTEGER PRIMARY KEY, key TEXT UNIQUE);
  CREATE TABLE IF NOT EXISTS hour (
    series INTEGER, hour_ms INTEGER, rows INTEGER, last_ms INTEGER, faults TEXT, body BLOB, PRIMARY KEY (series, hour_ms)
  ) WITHOUT ROWID;
`;

/** An hour of one series in the store, by the times of its readings. */
export interface KeptHour {
  readonly hourMs: number;
  /** Readings that it was made of: as long as the store has as many in this hour, it holds. */
  readonly rows: number;
  /** Time of the last of them. */
  readonly lastMs: number;
  readonly faults: readonly { readonly timeMs: number; readonly reason: string }[];
  readonly cell: Cell;
}

/** Hours of evidence on the disk: `evidence-hours.db`, which may be deleted at any time. Every call may throw `LEDGER_UNAVAILABLE`. */
export class HourFile {
  readonly #state: StateDatabase;
  readonly #ids = new Map<string, number>();
  readonly #select: StatementSync;

  constructor(folder: string) {
    this.#state = new StateDatabase(folder, 'evidence-hours.db', SCHEMA);
    for (const { id, key } of this.#state.run((db) => db.prepare('SELECT id, key FROM series').all()))
      this.#ids.set(String(key), Number(id));
    const select = 'SELECT * FROM hour WHERE series = ? AND hour_ms >= ? AND hour_ms < ?';
    this.#select = this.#state.run((db) => db.prepare(select));
  }

  /** The hours of a series from … to; those that cannot be read are left out, and made again. */
  read(key: string, fromMs: number, toMs: number): Map<number, KeptHour> {
    const id = this.#ids.get(key);
    const found = new Map<number, KeptHour>();
    if (id === undefined) return found;
    for (const row of this.#state.run(() => this.#select.all(id, fromMs, toMs))) {
      const hour = hourOf(row);
      if (hour) found.set(hour.hourMs, hour);
    }
    return found;
  }

  /** Replaces what was there. */
  write(hours: readonly { readonly key: string; readonly hour: KeptHour }[]): void {
    if (hours.length === 0) return;
    const fresh = new Map<string, number>();
    this.#state.commit((db) => {
      const addSeries = db.prepare('INSERT INTO series (key) VALUES (?)');
      const addHour = db.prepare('INSERT OR REPLACE INTO hour VALUES (?, ?, ?, ?, ?, ?)');
      for (const { key, hour } of hours) {
        let id = this.#ids.get(key) ?? fresh.get(key);
        if (id === undefined) {
          id = Number(addSeries.run(key).lastInsertRowid);
          fresh.set(key, id);
        }
        const { hourMs, rows, lastMs, faults, cell } = hour;
        addHour.run(id, hourMs, rows, lastMs, JSON.stringify(faults), encodeCell(cell));
      }
    });
    for (const [key, id] of fresh) this.#ids.set(key, id);
  }

  close(): void {
    this.#state.close();
  }
}

function hourOf({ hour_ms, rows, last_ms, faults, body }: Record<string, unknown>): KeptHour | undefined {
  try {
    return {
      ...{ hourMs: Number(hour_ms), rows: Number(rows), lastMs: Number(last_ms) },
      faults: faults === '[]' ? [] : (JSON.parse(String(faults)) as KeptHour['faults']),
      cell: decodeCell(body as Uint8Array),
    };
  } catch {
    // Of an earlier version of this program: what it was made of is in the store.
    return undefined;
  }
}
