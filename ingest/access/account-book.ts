import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import { hashPassword } from '../../core/passwords/password-hash.ts';
import { assertVersion } from '../assert-version.ts';
import type { StateDatabase } from '../state-database.ts';
import { type Account, type AccountWish, assertScope, foldedName, nameOf } from './account.ts';
import type { Audit } from './audit.ts';
import { checkNewPassword } from './check-new-password.ts';

export const ACCOUNT_SCHEMA = `
  CREATE TABLE IF NOT EXISTS account (folded TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL, body TEXT NOT NULL);
`;

const MOST_ACCOUNTS = 1_000;

interface Parts {
  readonly state: StateDatabase;
  readonly audit: Audit;
  readonly clock: Clock;
  /** Whether a token has this name. */
  isTaken(name: string): boolean;
  /** Ends what somebody is signed in with. */
  endSessions(name: string): void;
}

/** How passwords are hashed: text that looks the same is the same, whatever keyboard it was typed on (RFC 8265, 4.2). */
export function passwordBytes(password: string): Uint8Array {
  return Buffer.from(password.normalize('NFC'));
}

/** Accounts of people. Each change is on record, by the name `by`, before it is on the disk. Calls may throw `LEDGER_UNAVAILABLE`. */
export class AccountBook {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  list(): Account[] {
    return this.#rows().map(({ account }) => account);
  }

  find(name: string): { readonly account: Account; readonly passwordHash: string } | undefined {
    const row = this.#parts.state.run((db) =>
      db.prepare('SELECT name, hash, body FROM account WHERE folded = ?').get(foldedName(name)),
    );
    return row && found(row);
  }

  /** Throws `NOT_FOUND`. */
  get(name: string): Account {
    const known = this.find(name);
    if (known) return known.account;
    throw new SluiceError('NOT_FOUND', { what: { en: `account ${name}`, zh: `账号 ${name}` } });
  }

  /** `isGiven`: by somebody else than whoever will use it. Throws `REQUEST_INVALID`, `NAME_TAKEN` or `ACCOUNTS_FULL`. */
  async add(
    by: string,
    wished: string,
    wish: AccountWish,
    password: string,
    { isGiven = true, announce = () => {} } = {},
  ): Promise<Account> {
    const name = nameOf(wished);
    assertScope(wish);
    checkNewPassword(password, name);
    const hash = await hashPassword(passwordBytes(password));
    // Only now: another may have taken it meanwhile.
    if (this.find(name) || this.#parts.isTaken(name)) throw new SluiceError('NAME_TAKEN', { name });
    if (this.#rows().length >= MOST_ACCOUNTS)
      throw new SluiceError('ACCOUNTS_FULL', { limit: MOST_ACCOUNTS });
    const nowMs = this.#parts.clock.nowMs();
    const account = { ...plain(wish), name, createdMs: nowMs, passwordMs: nowMs, isGiven, version: 1 };
    this.#parts.audit.record({ who: by, action: 'account.added', subject: name, after: wish });
    announce();
    this.#put(account, hash);
    return account;
  }

  /** Throws `NOT_FOUND`, `REQUEST_INVALID`, `VERSION_STALE` or `LAST_ADMINISTRATOR`. */
  change(by: string, name: string, wish: AccountWish, version: number | undefined): Account {
    const known = this.find(name);
    const before = this.get(name);
    assertScope(wish);
    if (version !== undefined) assertVersion(before, version, before.name);
    const account: Account = { ...before, ...plain(wish), version: before.version + 1 };
    this.#assertAdministrator(account);
    const [was, is] = [before, account].map(told);
    this.#parts.audit.record({
      who: by,
      action: 'account.changed',
      subject: before.name,
      before: was,
      after: is,
    });
    this.#put(account, known!.passwordHash);
    if (account.disabled) this.#parts.endSessions(account.name);
    return account;
  }

  /** Ends every session of theirs. Throws `NOT_FOUND` or `REQUEST_INVALID`. */
  async setPassword(by: string, name: string, password: string, isGiven: boolean): Promise<Account> {
    checkNewPassword(password, this.get(name).name);
    const hash = await hashPassword(passwordBytes(password));
    const before = this.get(name);
    const passwordMs = this.#parts.clock.nowMs();
    const account = { ...before, passwordMs, isGiven, version: before.version + 1 };
    this.#parts.audit.record({ who: by, action: 'account.password-set', subject: before.name });
    this.#put(account, hash);
    this.#parts.endSessions(account.name);
    return account;
  }

  /** Throws `NOT_FOUND` or `LAST_ADMINISTRATOR`. */
  remove(by: string, name: string): Account {
    const account = this.get(name);
    this.#assertAdministrator({ ...account, disabled: true });
    this.#parts.audit.record({
      who: by,
      action: 'account.removed',
      subject: account.name,
      before: told(account),
    });
    this.#parts.endSessions(account.name);
    this.#parts.state.run((db) =>
      db.prepare('DELETE FROM account WHERE folded = ?').run(foldedName(account.name)),
    );
    return account;
  }

  /** Somebody must be left who can let others in. */
  #assertAdministrator(changed: Account): void {
    const all = this.list().map((one) => (one.name === changed.name ? changed : one));
    if (all.some(({ role, disabled }) => role === 'administrator' && !disabled)) return;
    throw new SluiceError('LAST_ADMINISTRATOR', { name: changed.name });
  }

  #rows() {
    const rows = this.#parts.state.run((db) =>
      db.prepare('SELECT name, hash, body FROM account ORDER BY folded').all(),
    );
    return rows.map(found);
  }

  #put({ name, ...body }: Account, hash: string): void {
    this.#parts.state.run((db) =>
      db
        .prepare('INSERT OR REPLACE INTO account (folded, name, hash, body) VALUES (?, ?, ?, ?)')
        .run(foldedName(name), name, hash, JSON.stringify(body)),
    );
  }
}

function found({ name, hash, body }: Record<string, unknown>) {
  return {
    account: { name: String(name), ...JSON.parse(String(body)) } as Account,
    passwordHash: String(hash),
  };
}

function plain({ role, sites, links, language, disabled = false }: AccountWish) {
  return { role, sites, links, ...(language === undefined ? {} : { language }), disabled };
}

/** What the trail keeps of an account. */
function told({ role, sites, links, language, disabled }: Account) {
  return { role, sites, links, language, disabled };
}
