import type { DatabaseSync } from 'node:sqlite';
import { Conditions, StateDatabase } from '../state-database.ts';
import type { AlertEvent } from './alert-event.ts';
import type { Condition } from './condition.ts';
import type { BookState } from './step-book.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, key TEXT, raised_ms INTEGER, cleared_ms INTEGER, text TEXT
  );
  CREATE INDEX IF NOT EXISTS event_time ON event (raised_ms, seq);
  CREATE INDEX IF NOT EXISTS event_open ON event (key) WHERE cleared_ms IS NULL;
  CREATE TABLE IF NOT EXISTS condition (key TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS begun (one INTEGER PRIMARY KEY CHECK (one = 1), at_ms INTEGER);
  CREATE TABLE IF NOT EXISTS excused (key TEXT PRIMARY KEY, until_ms INTEGER, after TEXT) WITHOUT ROWID;
`;

/** As `placesOf` of ingest/notify has it. */
const IS_AT_SITE = `EXISTS (
  SELECT 1 FROM json_each(json_array(text -> '$.causing', text -> '$.silent')) AS part, json_each(part.value) AS member
  WHERE coalesce(member.value ->> '$.place.site', CASE member.value ->> '$.kind' WHEN 'silent' THEN
    substr(member.value ->> '$.subject', 1, instr(member.value ->> '$.subject', '/') - 1) END)`;

export interface AlertFilter {
  readonly isOpen?: boolean;
  /** Events that were open at some time from here on, and before `toMs`. */
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly severity?: string;
  /** Only events that are about something there. */
  readonly site?: string;
  /** Only what comes after this place in the order of the answer. */
  readonly after?: { readonly timeMs: number; readonly seq: number };
  readonly limit: number;
}

export interface FoundAlert {
  readonly event: AlertEvent;
  readonly place: { readonly timeMs: number; readonly seq: number };
}

export interface AlertChanges {
  readonly events: readonly AlertEvent[];
  readonly put: readonly Condition[];
  readonly removed: readonly string[];
  readonly excused: BookState['excused'];
}

/** What is wrong and what was told of it: `alerts.db` in the folder of ingest. Every call may throw `LEDGER_UNAVAILABLE`. */
export class AlertFile {
  readonly #state: StateDatabase;

  constructor(folder: string) {
    this.#state = new StateDatabase(folder, 'alerts.db', SCHEMA);
  }

  load(): { readonly book: BookState; readonly conditions: readonly Condition[] } {
    return this.#state.run((db) => {
      const open = db.prepare('SELECT text FROM event WHERE cleared_ms IS NULL ORDER BY seq').all();
      const events = open.map((row) => JSON.parse(String(row.text)) as AlertEvent);
      const excused = db.prepare('SELECT * FROM excused').all();
      const conditions = db.prepare('SELECT text FROM condition').all();
      return {
        book: {
          open: new Map(events.map((event) => [event.key, event])),
          excused: new Map(
            excused.map((row) => [
              String(row.key),
              { untilMs: Number(row.until_ms), after: String(row.after) },
            ]),
          ),
        },
        conditions: conditions.map((row) => JSON.parse(String(row.text)) as Condition),
      };
    });
  }

  /** When alerts were first judged here. */
  begunMs(nowMs: number): number {
    return this.#state.run((db) => {
      db.prepare('INSERT OR IGNORE INTO begun VALUES (1, ?)').run(nowMs);
      return Number(db.prepare('SELECT at_ms FROM begun').get()!.at_ms);
    });
  }

  /**
   * All or nothing, so that an event is never kept without what it was raised by, nor raised a second time for it. `along` is what
   * others keep of it in the same file.
   */
  save({ events, put, removed, excused }: AlertChanges, along?: (db: DatabaseSync) => void): void {
    this.#state.commit((db) => {
      along?.(db);
      const keep = db.prepare(
        `INSERT INTO event (id, key, raised_ms, cleared_ms, text) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET cleared_ms = excluded.cleared_ms, text = excluded.text`,
      );
      for (const event of events)
        keep.run(event.id, event.key, event.raisedMs, event.clearedMs ?? null, JSON.stringify(event));
      const drop = db.prepare('DELETE FROM condition WHERE key = ?');
      for (const key of removed) drop.run(key);
      const add = db.prepare('INSERT OR REPLACE INTO condition (key, text) VALUES (?, ?)');
      for (const one of put) add.run(one.key, JSON.stringify(one));
      db.exec('DELETE FROM excused');
      const excuse = db.prepare('INSERT INTO excused (key, until_ms, after) VALUES (?, ?, ?)');
      for (const [key, { untilMs, after }] of excused) excuse.run(key, untilMs, after);
    });
  }

  /** Newest first. */
  find({ isOpen, fromMs, toMs, severity, site, after, limit }: AlertFilter): FoundAlert[] {
    const conditions = new Conditions();
    if (isOpen) conditions.add('cleared_ms IS NULL');
    if (fromMs !== undefined) conditions.add('(cleared_ms IS NULL OR cleared_ms >= ?)', fromMs);
    if (toMs !== undefined) conditions.add('raised_ms < ?', toMs);
    if (severity !== undefined) conditions.add("text ->> '$.severity' = ?", severity);
    if (site !== undefined) conditions.add(`${IS_AT_SITE} = ?)`, site);
    if (after) conditions.add('(raised_ms, seq) < (?, ?)', after.timeMs, after.seq);
    const statement = `SELECT * FROM event ${conditions.where} ORDER BY raised_ms DESC, seq DESC LIMIT ?`;
    return this.#state
      .run((db) => db.prepare(statement).all(...conditions.values, limit))
      .map((row) => ({
        event: JSON.parse(String(row.text)) as AlertEvent,
        place: { timeMs: Number(row.raised_ms), seq: Number(row.seq) },
      }));
  }

  get(id: string): AlertEvent | undefined {
    const row = this.#state.run((db) => db.prepare('SELECT text FROM event WHERE id = ?').get(id));
    return row && (JSON.parse(String(row.text)) as AlertEvent);
  }

  /** Of events that are kept already. */
  replace(events: readonly AlertEvent[]): void {
    this.#state.commit((db) => {
      const put = db.prepare('UPDATE event SET text = ? WHERE id = ?');
      for (const event of events) put.run(JSON.stringify(event), event.id);
    });
  }

  /** Deletes what ended before, and the oldest past `most`; never one that is open. */
  clear(beforeMs: number, most: number): void {
    this.#state.run((db: DatabaseSync) => {
      db.prepare('DELETE FROM event WHERE cleared_ms < ?').run(beforeMs);
      db.prepare(
        'DELETE FROM event WHERE cleared_ms IS NOT NULL AND seq <= (SELECT max(seq) FROM event) - ?',
      ).run(most);
    });
  }

  close(): void {
    this.#state.close();
  }
}
