import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../core/clock.ts';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import { type GatewayEvent, parseGatewayEvent } from '../../core/gateway-event.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { EventsConfig } from './config.ts';
import type { KeptEvent } from './event-sink.ts';

const DAY_MS = 86_400_000;
/** How many events come between two looks at whether there are too many. */
const CLEAR_EVERY = 1_000;

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT, gateway TEXT, id TEXT, kind TEXT, time_ms INTEGER, text TEXT,
    UNIQUE (site, gateway, id)
  );
  CREATE INDEX IF NOT EXISTS event_time ON event (time_ms, seq);
`;

export interface EventFilter {
  /** Any of these; all where absent. */
  readonly sites?: readonly string[];
  readonly gateways?: readonly string[];
  readonly kind?: GatewayEvent['kind'];
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Only what comes after this place in the order of the answer. */
  readonly after?: EventPlace;
  readonly limit: number;
}

/** A place in the list of events, which runs from the newest to the oldest. */
export interface EventPlace {
  readonly timeMs: number;
  readonly seq: number;
}

export interface FoundEvent {
  readonly site: string;
  readonly gateway: string;
  readonly event: GatewayEvent;
  readonly place: EventPlace;
}

/** What gateways told beside readings: `events.db` in the folder of ingest. Of one id only the first is kept. */
export class EventStore implements Service {
  readonly name = 'events';
  readonly #config: EventsConfig;
  readonly #folder: string;
  readonly #clock: Clock;
  #db: DatabaseSync | undefined;
  #untilClear = 0;

  constructor(config: EventsConfig, { folder, clock }: { readonly folder: string; readonly clock: Clock }) {
    this.#config = config;
    this.#folder = folder;
    this.#clock = clock;
  }

  async start(): Promise<void> {
    let db: DatabaseSync | undefined;
    try {
      mkdirSync(this.#folder, { recursive: true });
      db = new DatabaseSync(this.#file, { timeout: 2_000 });
      db.exec(SCHEMA);
    } catch (error) {
      db?.close();
      throw this.#unavailable(error);
    }
    this.#db = db;
  }

  async stop(): Promise<void> {
    this.#db?.close();
    this.#db = undefined;
  }

  /** On the disk when it returns; the answer is what was new of it. Throws `LEDGER_UNAVAILABLE`. */
  keep(events: readonly KeptEvent[]): KeptEvent[] {
    const db = this.#opened();
    try {
      db.exec('BEGIN IMMEDIATE');
      const put = db.prepare(
        'INSERT OR IGNORE INTO event (site, gateway, id, kind, time_ms, text) VALUES (?, ?, ?, ?, ?, ?)',
      );
      const fresh = events.filter(({ site, gateway, event, text }) => {
        const { id, kind, timeMs } = event;
        return put.run(site, gateway, id, kind, Math.round(timeMs), text).changes > 0;
      });
      this.#clear(db, events.length);
      db.exec('COMMIT');
      return fresh;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw this.#unavailable(error);
    }
  }

  /** Newest first. */
  find(filter: EventFilter): FoundEvent[] {
    const { sites, gateways, kind, fromMs, toMs, after, limit } = filter;
    const conditions: string[] = [];
    const values: (string | number)[] = [];
    const add = (condition: string, ...given: readonly (string | number)[]) => {
      conditions.push(condition);
      values.push(...given);
    };
    if (sites) add(`site IN (${sites.map(() => '?').join(', ')})`, ...sites);
    if (gateways) add(`gateway IN (${gateways.map(() => '?').join(', ')})`, ...gateways);
    if (kind !== undefined) add('kind = ?', kind);
    if (fromMs !== undefined) add('time_ms >= ?', fromMs);
    if (toMs !== undefined) add('time_ms < ?', toMs);
    if (after) add('(time_ms, seq) < (?, ?)', after.timeMs, after.seq);
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const rows = this.#opened()
      .prepare(`SELECT * FROM event ${where} ORDER BY time_ms DESC, seq DESC LIMIT ?`)
      .all(...values, limit);
    return rows.flatMap((row) => {
      const event = parseGatewayEvent(String(row.text));
      const place = { timeMs: Number(row.time_ms), seq: Number(row.seq) };
      return event ? [{ site: String(row.site), gateway: String(row.gateway), event, place }] : [];
    });
  }

  #clear(db: DatabaseSync, added: number): void {
    this.#untilClear -= added;
    if (this.#untilClear > 0) return;
    this.#untilClear = CLEAR_EVERY;
    db.prepare('DELETE FROM event WHERE time_ms < ?').run(
      this.#clock.nowMs() - this.#config.keepDays * DAY_MS,
    );
    db.prepare('DELETE FROM event WHERE seq <= (SELECT max(seq) FROM event) - ?').run(this.#config.most);
  }

  #opened(): DatabaseSync {
    if (!this.#db) throw this.#unavailable(new Error('it is not open'));
    return this.#db;
  }

  get #file(): string {
    return join(this.#folder, 'events.db');
  }

  #unavailable(error: unknown): SluiceError {
    return new SluiceError('LEDGER_UNAVAILABLE', { file: this.#file, reason: reasonOf(error) }, error);
  }
}
