import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import type { StateDatabase } from '../state-database.ts';
import { assertScope, foldedName, invalid, nameOf, type Token, type TokenWish } from './account.ts';
import type { Audit } from './audit.ts';
import { hashOfSecret, newSecret } from './secrets.ts';

export const TOKEN_SCHEMA = `
  CREATE TABLE IF NOT EXISTS token (
    id TEXT PRIMARY KEY, folded TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE, body TEXT NOT NULL, used_ms INTEGER
  );
`;

const MOST_TOKENS = 1_000;
const USED_EVERY_MS = 10 * 60_000;
/** By which one is known for what it is where it should not be: in a log, in a repository. */
const PREFIX = 'sluice_';

interface Parts {
  readonly state: StateDatabase;
  readonly audit: Audit;
  readonly clock: Clock;
  /** Whether an account has this name. */
  isTaken(name: string): boolean;
}

/** What programs sign their requests with. Each is shown once; on the disk there is its digest. Calls may throw `LEDGER_UNAVAILABLE`. */
export class TokenBook {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  list(): Token[] {
    return this.#parts.state
      .run((db) => db.prepare('SELECT * FROM token ORDER BY folded').all())
      .map(tokenOf);
  }

  isTaken(name: string): boolean {
    const select = 'SELECT 1 FROM token WHERE folded = ?';
    return this.#parts.state.run((db) => db.prepare(select).get(foldedName(name))) !== undefined;
  }

  /** `secret` is what the program is given. Throws `REQUEST_INVALID`, `NAME_TAKEN` or `ACCOUNTS_FULL`. */
  add(by: string, wish: TokenWish): { readonly token: Token; readonly secret: string } {
    const name = nameOf(wish.name);
    assertScope(wish);
    const createdMs = this.#parts.clock.nowMs();
    if (wish.expiresMs !== undefined && wish.expiresMs <= createdMs)
      throw invalid('expiresMs', { en: 'has passed', zh: '已过期' });
    if (this.isTaken(name) || this.#parts.isTaken(name)) throw new SluiceError('NAME_TAKEN', { name });
    if (this.list().length >= MOST_TOKENS) throw new SluiceError('ACCOUNTS_FULL', { limit: MOST_TOKENS });
    const { role, sites, links, expiresMs } = wish;
    const expiry = expiresMs === undefined ? {} : { expiresMs };
    const token: Token = { id: randomUUID(), name, role, sites, links, ...expiry, createdMs, createdBy: by };
    const secret = PREFIX + newSecret();
    const after = { role, sites, links, ...expiry };
    this.#parts.audit.record({ who: by, action: 'token.added', subject: name, after });
    const { id, ...body } = token;
    this.#parts.state.run((db) =>
      db
        .prepare('INSERT INTO token (id, folded, hash, body) VALUES (?, ?, ?, ?)')
        .run(id, foldedName(name), hashOfSecret(secret), JSON.stringify(body)),
    );
    return { token, secret };
  }

  /** Throws `NOT_FOUND`. */
  remove(by: string, id: string): Token {
    const token = this.list().find((one) => one.id === id);
    if (!token) throw new SluiceError('NOT_FOUND', { what: { en: `token ${id}`, zh: `令牌 ${id}` } });
    const { name: subject, role, sites, links } = token;
    this.#parts.audit.record({ who: by, action: 'token.removed', subject, before: { role, sites, links } });
    this.#parts.state.run((db) => db.prepare('DELETE FROM token WHERE id = ?').run(id));
    return token;
  }

  /** Undefined where there is none with this secret, or its time is over. */
  ofSecret(secret: string): Token | undefined {
    if (!secret.startsWith(PREFIX)) return undefined;
    const hash = hashOfSecret(secret);
    const row = this.#parts.state.run((db) => db.prepare('SELECT * FROM token WHERE hash = ?').get(hash));
    const nowMs = this.#parts.clock.nowMs();
    const token = row && tokenOf(row);
    if (!token || (token.expiresMs !== undefined && token.expiresMs <= nowMs)) return undefined;
    if (nowMs - (token.usedMs ?? 0) >= USED_EVERY_MS)
      this.#parts.state.run((db) =>
        db.prepare('UPDATE token SET used_ms = ? WHERE hash = ?').run(nowMs, hash),
      );
    return token;
  }
}

function tokenOf({ id, body, used_ms }: Record<string, unknown>): Token {
  const used = used_ms === null ? {} : { usedMs: Number(used_ms) };
  return { ...(JSON.parse(String(body)) as Omit<Token, 'id'>), id: String(id), ...used };
}
