import type { DatabaseSync } from 'node:sqlite';
import type { Contact } from '../../core/alerts/contact.ts';
import type { Silence } from '../../core/alerts/silence.ts';
import { Conditions, StateDatabase } from '../state-database.ts';
import { type Delivery, type DeliveryState, type Telling, tellingKey } from './delivery.ts';
import type { WayMemory } from './ways/way.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS contact (id TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS silence (id TEXT PRIMARY KEY, until_ms INTEGER, text TEXT) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS telling (alert TEXT, contact TEXT, text TEXT, PRIMARY KEY (alert, contact)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS shown (alert TEXT PRIMARY KEY, topic TEXT) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, state TEXT, time_ms INTEGER, text TEXT
  );
  CREATE INDEX IF NOT EXISTS delivery_waiting ON delivery (seq) WHERE state = 'waiting';
  CREATE INDEX IF NOT EXISTS delivery_time ON delivery (time_ms);
  CREATE TABLE IF NOT EXISTS delivery_alert (alert TEXT, delivery TEXT, PRIMARY KEY (alert, delivery)) WITHOUT ROWID;
`;

export interface DeliveryFilter {
  readonly alert?: string;
  readonly state?: DeliveryState;
  readonly limit: number;
}

export interface PlanChanges {
  readonly deliveries: readonly Delivery[];
  /** Ids of those that have become part of another. */
  readonly removed: readonly string[];
  readonly tellings: readonly Telling[];
  readonly forgotten: readonly string[];
}

/**
 * Contacts, silences, and what is told to whom, beside the events in `alerts.db`. Every call may throw `LEDGER_UNAVAILABLE`.
 */
export class NotifyFile implements WayMemory {
  readonly #state: StateDatabase;
  #topics: Map<string, string> | undefined;

  constructor(folder: string) {
    this.#state = new StateDatabase(folder, 'alerts.db', SCHEMA);
  }

  contacts(): Contact[] {
    return this.#texts('SELECT text FROM contact ORDER BY id');
  }

  /** `along`: what becomes of its messages with it. */
  putContact(contact: Contact, along?: (db: DatabaseSync) => void): void {
    const statement = 'INSERT OR REPLACE INTO contact (id, text) VALUES (?, ?)';
    this.#state.commit((db) => {
      db.prepare(statement).run(contact.id, JSON.stringify(contact));
      along?.(db);
    });
  }

  dropContact(id: string): void {
    this.#state.run((db) => db.prepare('DELETE FROM contact WHERE id = ?').run(id));
  }

  /** Those that have ended too, for as long as they are kept; the one that ends last comes first. */
  silences(): Silence[] {
    return this.#texts('SELECT text FROM silence ORDER BY until_ms DESC, id');
  }

  putSilence(silence: Silence): void {
    const statement = 'INSERT OR REPLACE INTO silence (id, until_ms, text) VALUES (?, ?, ?)';
    this.#state.run((db) => db.prepare(statement).run(silence.id, silence.untilMs, JSON.stringify(silence)));
  }

  tellings(): Map<string, Telling> {
    const all: Telling[] = this.#texts('SELECT text FROM telling');
    return new Map(all.map((one) => [tellingKey(one.alert, one.contact), one]));
  }

  /** In the order in which they were planned. */
  waiting(): Delivery[] {
    return this.#texts("SELECT text FROM delivery WHERE state = 'waiting' ORDER BY seq");
  }

  /** Messages that were sent or given up since, and of each lane the last that was, in that order; none of ways that show a state. */
  done(fromMs: number): Delivery[] {
    return this.#texts(
      `WITH done AS (
         SELECT text, text ->> '$.doneMs' AS done_ms, row_number() OVER (
           PARTITION BY text ->> '$.lane' ORDER BY text ->> '$.doneMs' DESC, seq DESC) AS n
         FROM delivery WHERE state IN ('sent', 'failed') AND text ->> '$.way.kind' <> 'mqtt'
       )
       SELECT text FROM done WHERE n = 1 OR done_ms > ? ORDER BY done_ms`,
      fromMs,
    );
  }

  /** All or nothing: what is planned is never planned again, and what was told never without a note of it. */
  save(changes: PlanChanges): void {
    this.#state.commit((db) => writePlan(db, changes));
  }

  /** Newest first. */
  deliveries({ alert, state, limit }: DeliveryFilter): Delivery[] {
    const conditions = new Conditions();
    if (alert !== undefined)
      conditions.add('id IN (SELECT delivery FROM delivery_alert WHERE alert = ?)', alert);
    if (state !== undefined) conditions.add('state = ?', state);
    const statement = `SELECT text FROM delivery ${conditions.where} ORDER BY seq DESC LIMIT ?`;
    return this.#texts(statement, ...conditions.values, limit);
  }

  /** How many deliveries about an alert are in which state. */
  counts(alert: string): Record<DeliveryState, number> {
    const rows = this.#state.run((db) =>
      db
        .prepare(
          `SELECT state, count(*) AS n FROM delivery_alert JOIN delivery ON delivery.id = delivery
           WHERE alert = ? GROUP BY state`,
        )
        .all(alert),
    );
    const found = Object.fromEntries(rows.map(({ state, n }) => [String(state), Number(n)]));
    return { waiting: 0, sent: 0, failed: 0, dropped: 0, ...found };
  }

  /** Deletes deliveries that are done and silences that ended before, and the oldest of these deliveries past `most`. */
  clear(beforeMs: number, most: number): void {
    this.#state.commit((db) => {
      db.prepare('DELETE FROM silence WHERE until_ms < ?').run(beforeMs);
      db.prepare("DELETE FROM delivery WHERE state <> 'waiting' AND time_ms < ?").run(beforeMs);
      db.prepare(
        "DELETE FROM delivery WHERE state <> 'waiting' AND seq <= (SELECT max(seq) FROM delivery) - ?",
      ).run(most);
      db.exec('DELETE FROM delivery_alert WHERE delivery NOT IN (SELECT id FROM delivery)');
    });
  }

  topics(): ReadonlyMap<string, string> {
    this.#topics ??= new Map(
      this.#state
        .run((db) => db.prepare('SELECT alert, topic FROM shown').all())
        .map(({ alert, topic }) => [String(alert), String(topic)]),
    );
    return this.#topics;
  }

  putTopic(alert: string, topic: string): void {
    if (this.topics().get(alert) === topic) return;
    this.#state.run((db) => db.prepare('INSERT OR REPLACE INTO shown VALUES (?, ?)').run(alert, topic));
    this.#topics!.set(alert, topic);
  }

  dropTopic(alert: string): void {
    if (!this.topics().has(alert)) return;
    this.#state.run((db) => db.prepare('DELETE FROM shown WHERE alert = ?').run(alert));
    this.#topics!.delete(alert);
  }

  close(): void {
    this.#state.close();
  }

  #texts<T>(statement: string, ...values: readonly (string | number)[]): T[] {
    return this.#state
      .run((db) => db.prepare(statement).all(...values))
      .map(({ text }) => JSON.parse(String(text)) as T);
  }
}

/** As part of a commit of somebody else to `alerts.db`. */
export function writePlan(db: DatabaseSync, { deliveries, removed, tellings, forgotten }: PlanChanges): void {
  const put = db.prepare(
    `INSERT INTO delivery (id, state, time_ms, text) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, text = excluded.text`,
  );
  const about = db.prepare('INSERT OR IGNORE INTO delivery_alert VALUES (?, ?)');
  for (const one of deliveries) {
    put.run(one.id, one.state, one.createdMs, JSON.stringify(one));
    for (const { alert } of one.items) if (alert !== '') about.run(alert, one.id);
  }
  const drop = db.prepare('DELETE FROM delivery WHERE id = ?');
  for (const id of removed) drop.run(id);
  const tell = db.prepare('INSERT OR REPLACE INTO telling VALUES (?, ?, ?)');
  for (const one of tellings) tell.run(one.alert, one.contact, JSON.stringify(one));
  const forget = db.prepare('DELETE FROM telling WHERE alert = ? AND contact = ?');
  for (const key of forgotten) forget.run(...(key.split(' ') as [string, string]));
}
