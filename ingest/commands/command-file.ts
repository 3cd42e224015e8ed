import { Conditions, StateDatabase } from '../state-database.ts';
import type { CommandRecord } from './command-record.ts';
import type { CommandState } from './command-state.ts';

/** `line` is the record of who asked for what and what became of it: lines are only ever added. */
const SCHEMA = `
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

/** Commands on disk: `commands.db` in the folder of ingest. Every call may throw `LEDGER_UNAVAILABLE`. */
export class CommandFile {
  readonly #state: StateDatabase;

  constructor(folder: string) {
    this.#state = new StateDatabase(folder, 'commands.db', SCHEMA);
  }

  /** A new command or a new state of one, and the line that tells of it. */
  put(record: CommandRecord, timeMs: number, what: 'submitted' | 'ended'): void {
    const { id, site, gateway, device, state, submittedMs, issuer } = record;
    const text = JSON.stringify(record);
    this.#state.commit((db) => {
      db.prepare(
        `INSERT INTO command (id, site, gateway, device, state, submitted_ms, record) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET state = excluded.state, record = excluded.record`,
      ).run(id, site, gateway, device, state, submittedMs, text);
      db.prepare('INSERT INTO line (time_ms, command, what, issuer, record) VALUES (?, ?, ?, ?, ?)').run(
        timeMs,
        id,
        what,
        issuer,
        text,
      );
    });
  }

  get(id: string): CommandRecord | undefined {
    const row = this.#state.run((db) => db.prepare('SELECT record FROM command WHERE id = ?').get(id));
    return row && (JSON.parse(String(row.record)) as CommandRecord);
  }

  pending(): CommandRecord[] {
    const rows = this.#state.run((db) =>
      db.prepare(`SELECT record FROM command WHERE state = 'pending'`).all(),
    );
    return rows.map(({ record }) => JSON.parse(String(record)) as CommandRecord);
  }

  /** Whether another command for the same point was taken after it. */
  hasLater({ id, site, gateway, device, metric }: CommandRecord): boolean {
    const row = this.#state.run((db) =>
      db
        .prepare(
          `SELECT 1 FROM command WHERE seq > (SELECT seq FROM command WHERE id = ?) AND site = ? AND gateway = ?
             AND device = ? AND json_extract(record, '$.metric') = ? LIMIT 1`,
        )
        .get(id, site, gateway, device, metric),
    );
    return row !== undefined;
  }

  /** Newest first. */
  find({ sites, gateways, devices, state, fromMs, toMs, after, limit }: CommandFilter): FoundCommand[] {
    const conditions = new Conditions();
    conditions.anyOf('site', sites);
    conditions.anyOf('gateway', gateways);
    conditions.anyOf('device', devices);
    if (state !== undefined) conditions.add('state = ?', state);
    if (fromMs !== undefined) conditions.add('submitted_ms >= ?', fromMs);
    if (toMs !== undefined) conditions.add('submitted_ms < ?', toMs);
    if (after) conditions.add('(submitted_ms, seq) < (?, ?)', after.timeMs, after.seq);
    const statement = `SELECT * FROM command ${conditions.where} ORDER BY submitted_ms DESC, seq DESC LIMIT ?`;
    const rows = this.#state.run((db) => db.prepare(statement).all(...conditions.values, limit));
    return rows.map((row) => ({
      record: JSON.parse(String(row.record)) as CommandRecord,
      place: { timeMs: Number(row.submitted_ms), seq: Number(row.seq) },
    }));
  }

  clearBefore(timeMs: number): void {
    this.#state.run((db) => {
      db.prepare(`DELETE FROM command WHERE submitted_ms < ? AND state <> 'pending'`).run(timeMs);
      db.prepare('DELETE FROM line WHERE time_ms < ?').run(timeMs);
    });
  }

  close(): void {
    this.#state.close();
  }
}
