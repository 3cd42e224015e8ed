import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import { SluiceError } from '../../../core/errors.ts';
import type { Service } from '../../../core/lifecycle.ts';
import type { Log } from '../../../core/log.ts';
import { opened, StateDatabase } from '../../state-database.ts';
import { type MaintenanceWindow, type MaintenanceWish, plannedAfter } from './maintenance-window.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS maintenance (id TEXT PRIMARY KEY, from_ms INTEGER, to_ms INTEGER, body TEXT);
  CREATE INDEX IF NOT EXISTS maintenance_by_time ON maintenance (from_ms);
  CREATE TABLE IF NOT EXISTS change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, at_ms INTEGER, action TEXT, issuer TEXT, body TEXT
  );
  CREATE INDEX IF NOT EXISTS change_of ON change (id, seq);
  CREATE TRIGGER IF NOT EXISTS change_stays BEFORE UPDATE ON change BEGIN SELECT RAISE(ABORT, 'changes are only added'); END;
  CREATE TRIGGER IF NOT EXISTS change_is_kept BEFORE DELETE ON change BEGIN SELECT RAISE(ABORT, 'changes are only added'); END;
  CREATE TRIGGER IF NOT EXISTS maintenance_is_kept BEFORE DELETE ON maintenance BEGIN SELECT RAISE(ABORT, 'windows are only withdrawn'); END;
`;

export const MAINTENANCE_ACTIONS = ['entered', 'changed', 'withdrawn'] as const;

/** One line of the record of who did what: `window` as it was then. */
export interface MaintenanceChange {
  readonly atMs: number;
  readonly action: (typeof MAINTENANCE_ACTIONS)[number];
  readonly issuer: string;
  readonly window: MaintenanceWindow;
}

interface Parts {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Maintenance windows and every change of them, in `maintenance.db`. Nothing is ever deleted; what was entered by mistake is
 * withdrawn, and both stay to be seen. Each change is on the disk together with its line in the record when it returns. Every call may throw `LEDGER_UNAVAILABLE`.
 */
export class MaintenanceBook implements Service {
  readonly name = 'maintenance';
  readonly #parts: Parts;
  #state: StateDatabase | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#state = new StateDatabase(this.#parts.folder, 'maintenance.db', SCHEMA);
  }

  async stop(): Promise<void> {
    this.#state?.close();
    this.#state = undefined;
  }

  enter(wish: MaintenanceWish): MaintenanceWindow {
    const nowMs = this.#parts.clock.nowMs();
    return this.#put('entered', wish.issuer, {
      ...wish,
      id: randomUUID(),
      createdMs: nowMs,
      enteredMs: nowMs,
      planned: plannedAfter(null, wish, nowMs),
    });
  }

  /** Throws `NOT_FOUND` or `MAINTENANCE_WITHDRAWN`. */
  change(id: string, wish: MaintenanceWish): MaintenanceWindow {
    const { createdMs, planned: before } = this.#inForce(id);
    const enteredMs = this.#parts.clock.nowMs();
    const planned = plannedAfter(before, wish, enteredMs);
    return this.#put('changed', wish.issuer, { ...wish, id, createdMs, enteredMs, planned });
  }

  /** Throws `NOT_FOUND` or `MAINTENANCE_WITHDRAWN`. */
  withdraw(id: string, by: string, reason: string): MaintenanceWindow {
    const window = this.#inForce(id);
    const ms = this.#parts.clock.nowMs();
    const planned = plannedAfter(window.planned, null, ms);
    return this.#put('withdrawn', by, { ...window, withdrawn: { ms, by, reason }, planned });
  }

  /** Throws `NOT_FOUND`. */
  get(id: string): MaintenanceWindow {
    const row = this.#opened().run((db) => db.prepare('SELECT body FROM maintenance WHERE id = ?').get(id));
    if (!row)
      throw new SluiceError('NOT_FOUND', { what: { en: `maintenance window ${id}`, zh: `维护窗口 ${id}` } });
    return JSON.parse(String(row.body)) as MaintenanceWindow;
  }

  /** Those that reach into the time or were planned to, withdrawn ones too, in order of their start. */
  find(fromMs: number, toMs: number): MaintenanceWindow[] {
    const select = 'SELECT body FROM maintenance WHERE from_ms < ? AND to_ms > ? ORDER BY from_ms, id';
    return this.#opened()
      .run((db) => db.prepare(select).all(toMs, fromMs))
      .map(({ body }) => JSON.parse(String(body)) as MaintenanceWindow);
  }

  /** Oldest first. Throws `NOT_FOUND`. */
  changes(id: string): MaintenanceChange[] {
    this.get(id);
    const select = 'SELECT at_ms, action, issuer, body FROM change WHERE id = ? ORDER BY seq';
    const rows = this.#opened().run((db) => db.prepare(select).all(id));
    return rows.map(({ at_ms, action, issuer, body }) => ({
      ...{ atMs: Number(at_ms), action: action as MaintenanceChange['action'], issuer: String(issuer) },
      window: JSON.parse(String(body)) as MaintenanceWindow,
    }));
  }

  #inForce(id: string): MaintenanceWindow {
    const window = this.get(id);
    if (window.withdrawn) throw new SluiceError('MAINTENANCE_WITHDRAWN', { id, by: window.withdrawn.by });
    return window;
  }

  #put(action: MaintenanceChange['action'], issuer: string, window: MaintenanceWindow): MaintenanceWindow {
    const { id, planned } = window;
    const fromMs = Math.min(window.fromMs, planned?.fromMs ?? window.fromMs);
    const toMs = Math.max(window.toMs, planned?.toMs ?? window.toMs);
    const body = JSON.stringify(window);
    this.#opened().commit((db) => {
      db.prepare(
        `INSERT INTO maintenance VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET from_ms = excluded.from_ms, to_ms = excluded.to_ms, body = excluded.body`,
      ).run(id, fromMs, toMs, body);
      db.prepare('INSERT INTO change (id, at_ms, action, issuer, body) VALUES (?, ?, ?, ?, ?)').run(
        ...([id, this.#parts.clock.nowMs(), action, issuer, body] as const),
      );
    });
    this.#parts.log.info({ id, action, issuer, fromMs, toMs }, 'a maintenance window is entered or changed');
    return window;
  }

  #opened(): StateDatabase {
    return opened(this.#state, 'maintenance.db');
  }
}
