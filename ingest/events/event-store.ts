import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../core/clock.ts';
import { type GatewayEvent, parseGatewayEvent } from '../../core/gateway-event.ts';
import type { Service } from '../../core/lifecycle.ts';
import { Conditions, opened, StateDatabase } from '../state-database.ts';
import type { EventsConfig } from './config.ts';
import type { KeptEvent } from './event-sink.ts';

const DAY_MS = 86_400_000;
/** How many events come between two looks at whether there are too many. */
const CLEAR_EVERY = 1_000;

const SCHEMA = `
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
  #state: StateDatabase | undefined;
  #untilClear = 0;

  constructor(config: EventsConfig, { folder, clock }: { readonly folder: string; readonly clock: Clock }) {
    this.#config = config;
    this.#folder = folder;
    this.#clock = clock;
  }

  async start(): Promise<void> {
    this.#state = new StateDatabase(this.#folder, 'events.db', SCHEMA);
  }

  async stop(): Promise<void> {
    this.#state?.close();
    this.#state = undefined;
  }

  /** On the disk when it returns; the answer is what was new of it. Throws `LEDGER_UNAVAILABLE`. */
  keep(events: readonly KeptEvent[]): KeptEvent[] {
    return this.#opened().commit((db) => {
      const put = db.prepare(
        'INSERT OR IGNORE INTO event (site, gateway, id, kind, time_ms, text) VALUES (?, ?, ?, ?, ?, ?)',
      );
      const fresh = events.filter(({ site, gateway, event, text }) => {
        const { id, kind, timeMs } = event;
        return put.run(site, gateway, id, kind, Math.round(timeMs), text).changes > 0;
      });
      this.#clear(db, events.length);
      return fresh;
    });
  }

  /** Newest first. */
  find(filter: EventFilter): FoundEvent[] {
    const { sites, gateways, kind, fromMs, toMs, after, limit } = filter;
    const conditions = new Conditions();
    conditions.anyOf('site', sites);
    conditions.anyOf('gateway', gateways);
    if (kind !== undefined) conditions.add('kind = ?', kind);
    if (fromMs !== undefined) conditions.add('time_ms >= ?', fromMs);
    if (toMs !== undefined) conditions.add('time_ms < ?', toMs);
    if (after) conditions.add('(time_ms, seq) < (?, ?)', after.timeMs, after.seq);
    const statement = `SELECT * FROM event ${conditions.where} ORDER BY time_ms DESC, seq DESC LIMIT ?`;
    const rows = this.#opened().run((db) => db.prepare(statement).all(...conditions.values, limit));
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

  #opened(): StateDatabase {
    return opened(this.#state, 'events.db');
  }
}
