import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import type { CommandRecord } from './command-record.ts';
import type { CommandState } from './command-state.ts';

/** `line` is the record of who asked for what and what became of it: lines are only ever added. */
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS command (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, site TEXT, gateway TEXT, device TEXT, state TEXT,
    submitted_ms INTEGER, record TEXT
  );
  CREATE INDEX IF NOT EXISTS command_time ON command (submitted_ms, seq);
  CREATE INDEX IF NOT EXISTS command_state ON command (state);
  CREATE TABLE IF NOT EXISTS line (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER, command TEXT, what TEXT, issuer TEXT, record TEXT
  );
`;

export interface CommandFilter {
  /** Any of these; all where absent. */
  readonly sites?: readonly string[];
  readonly gateways?: readonly string[];
  readonly devices?: readonly string[];
  readonly state?: CommandState;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly after?: { readonly timeMs: number; readonly seq: number };
  readonly limit: number;
}

export interface FoundCommand {
  readonly record: CommandRecord;
  readonly place: { readonly timeMs: number; readonly seq: number };
}

/** Commands on disk: `commands.db` in the folder of ingest. Everything is on the disk when a call returns. */
export class CommandFile {
  readonly #file: string;
  readonly #db: DatabaseSync;

  /** Throws `LEDGER_UNAVAILABLE`, as every call does that the disk refuses. */
  constructor(folder: string) {
    this.#file = join(folder, 'commands.db');
    let db: DatabaseSync | undefined;
    try {
      mkdirSync(folder, { recursive: true });
      db = new DatabaseSync(this.#file, { timeout: 2_000 });
      db.exec(SCHEMA);
    } catch (error) {
      db?.close();
      throw this.#unavailable(error);
    }
    this.#db = db;
  }

  /** A new command or a new state of one, and the line that tells of it. */
  put(record: CommandRecord, timeMs: number, what: 'submitted' | 'ended'): void {
    const { id, site, gateway, device, state, submittedMs, issuer } = record;
    const text = JSON.stringify(record);
    this.#guarded(() => {
      this.#db.exec('BEGIN IMMEDIATE');
      this.#db
        .prepare(
          `INSERT INTO command (id, site, gateway, device, state, submitted_ms, record) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET state = excluded.state, record = excluded.record`,
        )
        .run(id, site, gateway, device, state, submittedMs, text);
      this.#db
        .prepare('INSERT INTO line (time_ms, command, what, issuer, record) VALUES (?, ?, ?, ?, ?)')
        .run(timeMs, id, what, issuer, text);
      this.#db.exec('COMMIT');
    });
  }

  get(id: string): CommandRecord | undefined {
    const row = this.#guarded(() => this.#db.prepare('SELECT record FROM command WHERE id = ?').get(id));
    return row && (JSON.parse(String(row.record)) as CommandRecord);
  }

  pending(): CommandRecord[] {
    const rows = this.#guarded(() =>
      this.#db.prepare(`SELECT record FROM command WHERE state = 'pending'`).all(),
    );
    return rows.map(({ record }) => JSON.parse(String(record)) as CommandRecord);
  }

  /** Newest first. */
  find({ sites, gateways, devices, state, fromMs, toMs, after, limit }: CommandFilter): FoundCommand[] {
    const conditions: string[] = [];
    const values: (string | number)[] = [];
    const add = (condition: string, ...given: readonly (string | number)[]) => {
      conditions.push(condition);
      values.push(...given);
    };
    const anyOf = (column: string, wanted: readonly string[] | undefined) => {
      if (wanted) add(`${column} IN (${wanted.map(() => '?').join(', ')})`, ...wanted);
    };
    anyOf('site', sites);
    anyOf('gateway', gateways);
    anyOf('device', devices);
    if (state !== undefined) add('state = ?', state);
    if (fromMs !== undefined) add('submitted_ms >= ?', fromMs);
    if (toMs !== undefined) add('submitted_ms < ?', toMs);
    if (after) add('(submitted_ms, seq) < (?, ?)', after.timeMs, after.seq);
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const statement = `SELECT * FROM command ${where} ORDER BY submitted_ms DESC, seq DESC LIMIT ?`;
    const rows = this.#guarded(() => this.#db.prepare(statement).all(...values, limit));
    return rows.map((row) => ({
      record: JSON.parse(String(row.record)) as CommandRecord,
      place: { timeMs: Number(row.submitted_ms), seq: Number(row.seq) },
    }));
  }

  clearBefore(timeMs: number): void {
    this.#guarded(() => {
      this.#db.prepare(`DELETE FROM command WHERE submitted_ms < ? AND state <> 'pending'`).run(timeMs);
      this.#db.prepare('DELETE FROM line WHERE time_ms < ?').run(timeMs);
    });
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw this.#unavailable(error);
    }
  }

  #unavailable(error: unknown): SluiceError {
    return new SluiceError('LEDGER_UNAVAILABLE', { file: this.#file, reason: reasonOf(error) }, error);
  }
}
