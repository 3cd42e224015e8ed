import type { Clock } from '../../core/clock.ts';
import type { StateDatabase } from '../state-database.ts';
import { foldedName } from './account.ts';
import { hashOfSecret, newSecret } from './secrets.ts';

export const SESSION_SCHEMA = `
  CREATE TABLE IF NOT EXISTS session (hash TEXT PRIMARY KEY, folded TEXT NOT NULL, begun_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS session_of ON session (folded, begun_ms);
`;

/** Of one person at a time: phone, tablet, office, and some forgotten ones. The oldest gives way. */
const MOST_SESSIONS = 20;
/** How exactly it is known when a session was last used. */
const SEEN_EVERY_MS = 5 * 60_000;

export interface SessionLimits {
  /** Unused for so long, it ends. */
  readonly idleMs: number;
  /** And after so long in any case. */
  readonly mostMs: number;
}

/**
 * Who is signed in. On the disk there is only the digest of each secret: whoever reads the file, or a backup of it, cannot
 * come in with it. Read at each request, so that what ends a session, in another process too, ends it at once.
 */
export class SessionBook {
  readonly #state: StateDatabase;
  readonly #clock: Clock;
  readonly #limits: SessionLimits;

  constructor(state: StateDatabase, clock: Clock, limits: SessionLimits) {
    this.#state = state;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Returns its secret, for the cookie. */
  begin(name: string): string {
    const secret = newSecret();
    const [folded, nowMs] = [foldedName(name), this.#clock.nowMs()];
    const { idleMs, mostMs } = this.#limits;
    this.#state.commit((db) => {
      db.prepare('DELETE FROM session WHERE begun_ms <= ? OR seen_ms <= ?').run(
        nowMs - mostMs,
        nowMs - idleMs,
      );
      db.prepare(
        'DELETE FROM session WHERE folded = ? AND hash NOT IN (SELECT hash FROM session WHERE folded = ? ORDER BY begun_ms DESC LIMIT ?)',
      ).run(folded, folded, MOST_SESSIONS - 1);
      db.prepare('INSERT INTO session VALUES (?, ?, ?, ?)').run(hashOfSecret(secret), folded, nowMs, nowMs);
    });
    return secret;
  }

  /** Whose it is, as it is folded; undefined where it is none, or has ended. */
  nameOf(secret: string): string | undefined {
    const hash = hashOfSecret(secret);
    const row = this.#state.run((db) =>
      db.prepare('SELECT folded, begun_ms, seen_ms FROM session WHERE hash = ?').get(hash),
    );
    const nowMs = this.#clock.nowMs();
    if (!row || nowMs - Number(row.begun_ms) >= this.#limits.mostMs) return undefined;
    const unusedMs = nowMs - Number(row.seen_ms);
    if (unusedMs >= this.#limits.idleMs) return undefined;
    // A clock that was ahead would let it last for so much longer: what is to come counts from now.
    if (unusedMs >= SEEN_EVERY_MS || unusedMs < -SEEN_EVERY_MS)
      this.#state.run((db) =>
        db
          .prepare('UPDATE session SET seen_ms = ?, begun_ms = min(begun_ms, ?) WHERE hash = ?')
          .run(nowMs, nowMs, hash),
      );
    return String(row.folded);
  }

  end(secret: string): void {
    this.#state.run((db) => db.prepare('DELETE FROM session WHERE hash = ?').run(hashOfSecret(secret)));
  }

  endAllOf(name: string): void {
    this.#state.run((db) => db.prepare('DELETE FROM session WHERE folded = ?').run(foldedName(name)));
  }
}
