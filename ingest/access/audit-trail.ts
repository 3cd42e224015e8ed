import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import type { Cancel, Clock } from '../../core/clock.ts';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log.ts';
import { writeDurably } from '../../core/write-durably.ts';
import { canonicalJson } from '../sla/statement/canonical-json.ts';
import { Conditions, StateDatabase } from '../state-database.ts';
import type { Audit, AuditEntry } from './audit.ts';
import { plainOf } from './plain-of.ts';

/** What stands before the dot. */
const THING = `substr(action, 1, instr(action, '.') - 1)`;

/**
 * A million entries must not hold up the process for the ten seconds that reading them all takes, so each search has its index.
 * The columns are read out of `body`, so that what is searched for is what was hashed.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entry (
    n INTEGER PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL,
    time_ms INTEGER GENERATED ALWAYS AS (json_extract(body, '$.timeMs')) VIRTUAL,
    who TEXT GENERATED ALWAYS AS (json_extract(body, '$.who')) VIRTUAL,
    action TEXT GENERATED ALWAYS AS (json_extract(body, '$.action')) VIRTUAL,
    subject TEXT GENERATED ALWAYS AS (json_extract(body, '$.subject')) VIRTUAL
  );
  CREATE INDEX IF NOT EXISTS entry_by_time ON entry (time_ms);
  CREATE INDEX IF NOT EXISTS entry_by_who ON entry (who, n);
  CREATE INDEX IF NOT EXISTS entry_by_subject ON entry (subject, n);
  CREATE INDEX IF NOT EXISTS entry_by_action ON entry (action, n);
  CREATE INDEX IF NOT EXISTS entry_by_thing ON entry (${THING}, n);
  CREATE TRIGGER IF NOT EXISTS entry_stays BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entries are only added'); END;
  CREATE TRIGGER IF NOT EXISTS entry_is_kept BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entries are only added'); END;
`;

const FILE = 'audit.db';
const HEAD_FILE = 'audit.head';
const BEFORE_ALL: AuditHead = { n: 0, hash: '0'.repeat(64) };
const DAY_MS = 86_400_000;
/** Entries that are checked before others get their turn. */
const CHECKED_AT_ONCE = 500;

/** The last entry that somebody knows of. */
export interface AuditHead {
  readonly n: number;
  readonly hash: string;
}

export interface KeptAuditEntry extends AuditEntry {
  readonly n: number;
  readonly timeMs: number;
  readonly hash: string;
}

export interface AuditFilter {
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly who?: string;
  /** The whole of it, or the thing before the dot. */
  readonly action?: string;
  readonly subject?: string;
  /** Only entries before this one. */
  readonly before?: number;
  readonly limit: number;
}

/** `brokenAt`: the first entry that is not what was written, or that is missing. */
export interface AuditCheck {
  readonly entries: number;
  readonly isWhole: boolean;
  readonly brokenAt?: number;
  readonly head: AuditHead;
}

interface Parts {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Who changed what, in `audit.db`. Each entry carries the SHA-256 of the hash before it and of its own canonical text (RFC 8785), so
 * that an entry that was removed, altered or moved shows. That the newest were cut off shows by `audit.head` beside it,
 * and by the line that is logged every day. Whoever may write all three can write another history: see docs/access.md.
 * Entries are numbered without a gap; several processes may record at once. Calls may throw `LEDGER_UNAVAILABLE`.
 */
export class AuditTrail implements Audit, Service {
  readonly name = 'audit';
  readonly #parts: Parts;
  readonly #headFile: string;
  #state: StateDatabase | undefined;
  #cancel: Cancel | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#headFile = join(parts.folder, HEAD_FILE);
  }

  /** Without a look at what is in it, and without a word about it. */
  open(): void {
    this.#state = new StateDatabase(this.#parts.folder, FILE, SCHEMA);
  }

  async start(): Promise<void> {
    this.open();
    const { last, isKnown, head } = this.#opened().run((db) => this.#seams(db));
    if (last.n > 0 && !head) {
      this.record({ who: 'sluice', action: 'audit.head-missing', subject: HEAD_FILE, before: last });
    } else if (!isKnown) {
      this.#parts.log.error({ head, last }, 'entries of the audit trail are missing or were altered');
    }
    this.#tellHead();
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    this.#state?.close();
    this.#state = undefined;
  }

  record(entry: AuditEntry): void {
    try {
      const head = this.#opened().commit((db) => this.#append(db, entry));
      // After the commit: a head ahead of the entries would look as if they had been cut off.
      writeDurably(this.#headFile, `${head.n} ${head.hash}\n`);
    } catch (error) {
      this.#parts.log.error({ action: entry.action, subject: entry.subject, err: error }, 'not on record');
      if (error instanceof SluiceError && error.code === 'LEDGER_UNAVAILABLE') throw error;
      throw unavailable(reasonOf(error), error);
    }
  }

  /** Newest first. */
  find({ fromMs, toMs, who, action, subject, before, limit }: AuditFilter): KeptAuditEntry[] {
    const conditions = new Conditions();
    if (fromMs !== undefined) conditions.add('time_ms >= ?', fromMs);
    if (toMs !== undefined) conditions.add('time_ms < ?', toMs);
    if (who !== undefined) conditions.add('who = ?', who);
    if (action !== undefined) {
      conditions.add(action.includes('.') ? 'action = ?' : `${THING} = ?`, action);
    }
    if (subject !== undefined) conditions.add('subject = ?', subject);
    if (before !== undefined) conditions.add('n < ?', before);
    const select = `SELECT body, hash FROM entry ${conditions.where} ORDER BY n DESC LIMIT ?`;
    return this.#opened()
      .run((db) => db.prepare(select).all(...conditions.values, limit))
      .map(({ body, hash }) => ({ ...(JSON.parse(String(body)) as KeptAuditEntry), hash: String(hash) }));
  }

  /** Every hash anew. `known`: a head that was written down elsewhere, which must be found as it was. */
  async check(known: readonly AuditHead[] = []): Promise<AuditCheck> {
    const told = [...known, ...this.#told()];
    let last = BEFORE_ALL;
    let entries = 0;
    let brokenAt: number | undefined;
    for (;;) {
      const rows = this.#opened().run((db) =>
        db
          .prepare('SELECT n, body, hash FROM entry WHERE n > ? ORDER BY n LIMIT ?')
          .all(last.n, CHECKED_AT_ONCE),
      );
      for (const row of rows) {
        const [n, body, hash] = [Number(row.n), String(row.body), String(row.hash)];
        const isNext = n === last.n + 1 && hash === hashOf(last.hash, body) && numberIn(body) === n;
        if (!isNext) brokenAt ??= last.n + 1;
        if (told.some((one) => one.n === n && one.hash !== hash)) brokenAt ??= n;
        last = { n, hash };
        entries++;
      }
      if (rows.length < CHECKED_AT_ONCE) break;
      await setImmediate();
    }
    if (told.some(({ n }) => n > last.n)) brokenAt ??= last.n + 1;
    const head = last;
    return { entries, isWhole: brokenAt === undefined, ...(brokenAt !== undefined && { brokenAt }), head };
  }

  #append(db: DatabaseSync, entry: AuditEntry): AuditHead {
    const { last, isKnown, head } = this.#seams(db);
    // Where something was cut off or rewritten, what comes now hangs on what was there: the break stays to be seen.
    const previous = isKnown || !head ? last : head;
    const n = Math.max(last.n, previous.n) + 1;
    const body = canonicalJson(plainOf({ ...entry, n, timeMs: this.#parts.clock.nowMs() }));
    const hash = hashOf(previous.hash, body);
    db.prepare('INSERT INTO entry (n, body, hash) VALUES (?, ?, ?)').run(n, body, hash);
    return { n, hash };
  }

  /** The newest entry, and whether the head that was written down is among the entries. */
  #seams(db: DatabaseSync): { last: AuditHead; isKnown: boolean; head: AuditHead | undefined } {
    const newest = db.prepare('SELECT n, hash FROM entry ORDER BY n DESC LIMIT 1').get();
    const last = newest ? { n: Number(newest.n), hash: String(newest.hash) } : BEFORE_ALL;
    const [head] = this.#told();
    if (!head) return { last, isKnown: last.n === 0, head };
    const found = db.prepare('SELECT hash FROM entry WHERE n = ?').get(head.n);
    return { last, isKnown: found?.hash === head.hash, head };
  }

  #told(): AuditHead[] {
    try {
      const found = /^(\d{1,15}) ([0-9a-f]{64})\n$/.exec(readFileSync(this.#headFile, 'utf8'));
      return found ? [{ n: Number(found[1]), hash: found[2]! }] : [];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw unavailable(reasonOf(error), error);
    }
  }

  #tellHead(): void {
    this.#cancel = this.#parts.clock.after(DAY_MS, () => this.#tellHead());
    const [{ n, hash } = BEFORE_ALL] = this.#told();
    this.#parts.log.info({ n, hash }, 'head of the audit trail');
  }

  #opened(): StateDatabase {
    if (this.#state) return this.#state;
    throw unavailable('it is not open');
  }
}

function hashOf(previous: string, body: string): string {
  return createHash('sha256').update(`${previous}\n${body}`).digest('hex');
}

function numberIn(body: string): unknown {
  try {
    return (JSON.parse(body) as { n?: unknown }).n;
  } catch {
    return undefined;
  }
}

function unavailable(reason: string, cause?: unknown): SluiceError {
  return new SluiceError('LEDGER_UNAVAILABLE', { file: FILE, reason }, cause);
}
