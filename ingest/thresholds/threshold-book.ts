import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log.ts';
import type { Threshold, ThresholdChange, ThresholdWish } from '../../core/thresholds/threshold.ts';
import type { Audit } from '../access/audit.ts';
import { assertVersion } from '../assert-version.ts';
import { opened, StateDatabase } from '../state-database.ts';
import { checkWish } from './check-wish.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS threshold (id TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS change (
    id TEXT, version INTEGER, who TEXT, at_ms INTEGER, why TEXT, before TEXT, after TEXT, PRIMARY KEY (id, version)
  ) WITHOUT ROWID;
  CREATE TRIGGER IF NOT EXISTS change_stays BEFORE UPDATE ON change BEGIN SELECT RAISE(ABORT, 'changes are only added'); END;
  CREATE TRIGGER IF NOT EXISTS change_is_kept BEFORE DELETE ON change BEGIN SELECT RAISE(ABORT, 'changes are only added'); END;
`;

/** As many as are judged, and held in memory. */
export const MOST_THRESHOLDS = 10_000;

/** Who changes something, and why, in their own words. */
export interface ChangedBy {
  readonly who: string;
  readonly why: string;
}

interface Parts {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
}

/**
 * Thresholds and every change of them: `thresholds.db`. A change names the version that it was made from, is in the audit trail
 * before it is done, and on the disk with its line of history when it returns. Every call may throw `LEDGER_UNAVAILABLE`.
 */
export class ThresholdBook implements Service {
  readonly name = 'thresholds';
  readonly #parts: Parts;
  #state: StateDatabase | undefined;
  #all: ReadonlyMap<string, Threshold> = new Map();
  #revision = 0;
  readonly #listeners: (() => void)[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const state = new StateDatabase(this.#parts.folder, 'thresholds.db', SCHEMA);
    this.#state = state;
    const rows = state.run((db) => db.prepare('SELECT body FROM threshold ORDER BY id').all());
    const all = rows.map(({ body }) => JSON.parse(String(body)) as Threshold);
    this.#become(new Map(all.map((one) => [one.id, one])));
  }

  async stop(): Promise<void> {
    this.#state?.close();
    this.#state = undefined;
  }

  /** Counts whatever changes, so that what is worked out from all of them is worked out again. */
  get revision(): number {
    return this.#revision;
  }

  /** Told after each change. */
  onChange(fn: () => void): void {
    this.#listeners.push(fn);
  }

  all(): Iterable<Threshold> {
    return this.#all.values();
  }

  /** Throws `NOT_FOUND`. */
  get(id: string): Threshold {
    const found = this.#all.get(id);
    if (found) return found;
    throw new SluiceError('NOT_FOUND', { what: { en: `threshold ${id}`, zh: `阈值 ${id}` } });
  }

  /** Throws `REQUEST_INVALID` or `THRESHOLDS_FULL`. */
  add(wish: ThresholdWish, by: ChangedBy): Threshold {
    checkWish(wish);
    if (this.#all.size >= MOST_THRESHOLDS)
      throw new SluiceError('THRESHOLDS_FULL', { limit: MOST_THRESHOLDS });
    const made = { ...wish, id: randomUUID(), version: 1, ...this.#set(by) };
    this.#put('threshold.added', made.id, by, undefined, made);
    return made;
  }

  /** Throws `NOT_FOUND`, `VERSION_STALE` or `REQUEST_INVALID`. What changes nothing is no change. */
  change(id: string, version: number, wish: ThresholdWish, by: ChangedBy): Threshold {
    const before = this.#current(id, version);
    checkWish(wish);
    if (isDeepStrictEqual(wishOf(before), wish)) return before;
    const after = { ...wish, id, version: version + 1, ...this.#set(by) };
    this.#put('threshold.changed', id, by, before, after);
    return after;
  }

  /** Throws `NOT_FOUND` or `VERSION_STALE`. Its history stays. */
  remove(id: string, version: number, by: ChangedBy): void {
    this.#put('threshold.removed', id, by, this.#current(id, version), undefined);
  }

  /** Oldest first, of removed ones too. Throws `NOT_FOUND`. */
  history(id: string): ThresholdChange[] {
    const select = 'SELECT * FROM change WHERE id = ? ORDER BY version';
    const rows = this.#opened().run((db) => db.prepare(select).all(id));
    if (rows.length === 0) this.get(id);
    return rows.map(({ version, who, at_ms, why, before, after }) => ({
      ...{ version: Number(version), who: String(who), timeMs: Number(at_ms), why: String(why) },
      ...(before === null ? {} : { before: JSON.parse(String(before)) as ThresholdWish }),
      ...(after === null ? {} : { after: JSON.parse(String(after)) as ThresholdWish }),
    }));
  }

  #current(id: string, version: number): Threshold {
    const found = this.get(id);
    assertVersion(found, version, { en: `threshold ${id}`, zh: `阈值 ${id}` });
    return found;
  }

  #set({ who, why }: ChangedBy): Pick<Threshold, 'setBy' | 'setMs' | 'why'> {
    return { setBy: who, setMs: this.#parts.clock.nowMs(), why };
  }

  #put(
    action: string,
    id: string,
    { who, why }: ChangedBy,
    before: Threshold | undefined,
    after: Threshold | undefined,
  ): void {
    const state = this.#opened();
    const site = (after ?? before)?.scope.site;
    const [was, is] = [before && wishOf(before), after && wishOf(after)];
    this.#parts.audit.record({
      ...{ who, action, subject: id, why },
      ...(site === undefined ? {} : { site }),
      ...(was && { before: was }),
      ...(is && { after: is }),
    });
    const version = after?.version ?? before!.version + 1;
    state.commit((db) => {
      if (after) db.prepare('INSERT OR REPLACE INTO threshold VALUES (?, ?)').run(id, JSON.stringify(after));
      else db.prepare('DELETE FROM threshold WHERE id = ?').run(id);
      db.prepare('INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?)').run(
        ...([id, version, who, this.#parts.clock.nowMs(), why] as const),
        ...([was ? JSON.stringify(was) : null, is ? JSON.stringify(is) : null] as const),
      );
    });
    const all = new Map(this.#all);
    if (after) all.set(id, after);
    else all.delete(id);
    this.#parts.log.info({ id, action, who }, 'a threshold is added, changed or removed');
    this.#become(all);
  }

  #become(all: ReadonlyMap<string, Threshold>): void {
    this.#all = all;
    this.#revision++;
    for (const fn of this.#listeners) fn();
  }

  #opened(): StateDatabase {
    return opened(this.#state, 'thresholds.db');
  }
}

/** What somebody sets of it, without who did so and when. */
export function wishOf(threshold: Threshold): ThresholdWish {
  const { id: _id, version: _version, setBy: _by, setMs: _ms, why: _why, ...wish } = threshold;
  return wish;
}
