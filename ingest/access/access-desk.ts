import { type Identity, MAY, type Permission } from '../../core/access.ts';
import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import { PasswordCheck } from '../../core/passwords/password-check.ts';
import { TokenBuckets } from '../../core/passwords/token-buckets.ts';
import { opened, StateDatabase } from '../state-database.ts';
import type { Account, AccountWish, Token, TokenWish } from './account.ts';
import { ACCOUNT_SCHEMA, AccountBook, passwordBytes } from './account-book.ts';
import type { Audit } from './audit.ts';
import { newPassword } from './secrets.ts';
import { SESSION_SCHEMA, SessionBook, type SessionLimits } from './session-book.ts';
import { TOKEN_SCHEMA, TokenBook } from './token-book.ts';

/** Wrong passwords a minute from one address, and as many at once. */
const FAILURES_PER_MIN = 10;
/**
 * Sign-ins that wait for their turn, each with its connection: all together they must leave most of the thousand connections to those
 * who are signed in.
 */
const MOST_WAITING = 200;
/** What one person signs in with, all together: each sign-in is an entry of the trail for ever. */
const SIGN_INS_PER_HOUR = 60;
/** Refused sign-ins that the trail takes in an hour, so that nobody outside can fill the disk by it. */
const RECORDED_PER_HOUR = 100;

export const FIRST_ADMINISTRATOR = 'admin';

export interface AccessParts {
  readonly folder: string;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly limits: SessionLimits;
  /** Makes the first administrator where there is nobody: its password, or undefined for one to be made and told. */
  readonly first?: { password(): string | undefined; tell(name: string, password: string): void };
}

/** Who somebody is, with what the console needs to know of it. */
export interface SignedIn {
  readonly identity: Identity;
  readonly may: readonly Permission[];
  /** Whether somebody else has set the password. */
  readonly isGiven: boolean;
}

/**
 * Who may come in: accounts, sessions and tokens, in `accounts.db`. A wrong password, a name that nobody has and an account that is
 * disabled get the same answer after the same time. Failures are counted by address: nobody can lock out another by failing in
 * that name. Calls may throw `LEDGER_UNAVAILABLE`.
 */
export class AccessDesk implements Service {
  readonly name = 'access';
  readonly #parts: AccessParts;
  readonly #check: PasswordCheck;
  readonly #recorded = new TokenBuckets(RECORDED_PER_HOUR, RECORDED_PER_HOUR / 3_600);
  readonly #signedIn = new TokenBuckets(SIGN_INS_PER_HOUR, SIGN_INS_PER_HOUR / 3_600);
  #state: StateDatabase | undefined;
  #books: { accounts: AccountBook; sessions: SessionBook; tokens: TokenBook } | undefined;

  constructor(parts: AccessParts) {
    this.#parts = parts;
    this.#check = new PasswordCheck(FAILURES_PER_MIN, parts.clock, { mostWaiting: MOST_WAITING });
  }

  async start(): Promise<void> {
    const { folder, audit, clock, limits } = this.#parts;
    const schema = [ACCOUNT_SCHEMA, SESSION_SCHEMA, TOKEN_SCHEMA].join('');
    this.#state ??= new StateDatabase(folder, 'accounts.db', schema);
    const common = { state: this.#state, audit, clock };
    const sessions = new SessionBook(this.#state, clock, limits);
    const tokens: TokenBook = new TokenBook({
      ...common,
      isTaken: (name) => accounts.find(name) !== undefined,
    });
    const accounts = new AccountBook({
      ...common,
      isTaken: (name) => tokens.isTaken(name),
      endSessions: (name) => sessions.endAllOf(name),
    });
    this.#books = { accounts, sessions, tokens };
    await this.#addFirst();
  }

  async stop(): Promise<void> {
    this.#state?.close();
    this.#state = undefined;
    this.#books = undefined;
  }

  /** `secret` goes into the cookie. Throws `SIGN_IN_REFUSED` or `SIGN_IN_TOO_OFTEN`. */
  async signIn(name: string, password: string, address: string): Promise<{ me: SignedIn; secret: string }> {
    const account = await this.#verified(name, password, address);
    const { sessions } = this.#opened();
    this.#parts.audit.record({
      who: account.name,
      action: 'session.begun',
      subject: account.name,
      after: { address },
    });
    return { me: signedIn(account), secret: sessions.begin(account.name) };
  }

  /** Whom a cookie stands for; undefined where for nobody, or no more. */
  ofSession(secret: string): SignedIn | undefined {
    const { sessions, accounts } = this.#opened();
    const name = sessions.nameOf(secret);
    const account = name === undefined ? undefined : accounts.find(name)?.account;
    return account && !account.disabled ? signedIn(account) : undefined;
  }

  ofToken(secret: string): SignedIn | undefined {
    const token = this.#opened().tokens.ofSecret(secret);
    if (!token) return undefined;
    const { name, role, sites, links } = token;
    return { identity: { name, kind: 'token', role, sites, links }, may: MAY[role], isGiven: false };
  }

  signOut(secret: string): void {
    const me = this.ofSession(secret);
    if (!me) return;
    const { name } = me.identity;
    this.#parts.audit.record({ who: name, action: 'session.ended', subject: name });
    this.#opened().sessions.end(secret);
  }

  /** Ends all sessions of theirs, and begins one. Throws `SIGN_IN_REFUSED`, `SIGN_IN_TOO_OFTEN` or `REQUEST_INVALID`. */
  async changePassword(name: string, password: string, next: string, address: string): Promise<string> {
    const account = await this.#verified(name, password, address);
    await this.#opened().accounts.setPassword(account.name, account.name, next, false);
    return this.#opened().sessions.begin(account.name);
  }

  accounts(): Account[] {
    return this.#opened().accounts.list();
  }

  /** Without a password one is made, and is in the answer: it can never be read again. Throws as `AccountBook.add`. */
  async addAccount(by: string, name: string, wish: AccountWish, password?: string) {
    const made = password ?? newPassword();
    const account = await this.#opened().accounts.add(by, name, wish, made);
    return { account, ...(password === undefined && { password: made }) };
  }

  /** Throws as `AccountBook.change`. */
  changeAccount(by: string, name: string, wish: AccountWish, version?: number): Account {
    return this.#opened().accounts.change(by, name, wish, version);
  }

  /** As `addAccount`, of an account that there is. Throws as `AccountBook.setPassword`. */
  async resetPassword(by: string, name: string, password?: string) {
    const made = password ?? newPassword();
    const account = await this.#opened().accounts.setPassword(by, name, made, true);
    return { account, ...(password === undefined && { password: made }) };
  }

  removeAccount(by: string, name: string): Account {
    return this.#opened().accounts.remove(by, name);
  }

  tokens(): Token[] {
    return this.#opened().tokens.list();
  }

  addToken(by: string, wish: TokenWish) {
    return this.#opened().tokens.add(by, wish);
  }

  removeToken(by: string, id: string): Token {
    return this.#opened().tokens.remove(by, id);
  }

  async #verified(name: string, password: string, address: string): Promise<Account> {
    const known = this.#opened().accounts.find(name);
    const owner = known?.account.disabled ? undefined : known;
    const answer = await this.#check.check(owner, name.normalize('NFKC'), passwordBytes(password), address);
    if (answer === 'right' && owner) {
      const isFew = this.#signedIn.take(owner.account.name, this.#parts.clock.monotonicMs());
      if (isFew) return owner.account;
      throw new SluiceError('SIGN_IN_TOO_OFTEN');
    }
    // A name that nobody has may be a password that was typed into the wrong field.
    this.#recordRefused(known?.account.name ?? 'unknown', address, answer);
    throw new SluiceError(answer === 'wrong' ? 'SIGN_IN_REFUSED' : 'SIGN_IN_TOO_OFTEN');
  }

  #recordRefused(subject: string, address: string, answer: string): void {
    if (!this.#recorded.take('all', this.#parts.clock.monotonicMs())) return;
    this.#parts.audit.record({
      who: subject,
      action: 'session.refused',
      subject,
      after: { address, answer },
    });
  }

  async #addFirst(): Promise<void> {
    const { first } = this.#parts;
    const { accounts } = this.#opened();
    if (!first || accounts.list().length > 0) return;
    const given = first.password();
    const password = given ?? newPassword();
    // Told before it is kept: a password that was told for nothing is made anew, one that was kept untold would shut everybody out.
    const announce = () => {
      if (given === undefined) first.tell(FIRST_ADMINISTRATOR, password);
    };
    const wish = { role: 'administrator', sites: 'all', links: 'all' } as const;
    await accounts.add('sluice', FIRST_ADMINISTRATOR, wish, password, { announce });
  }

  #opened() {
    return opened(this.#books, 'accounts.db');
  }
}

function signedIn({ name, role, sites, links, isGiven }: Account): SignedIn {
  return { identity: { name, kind: 'person', role, sites, links }, may: MAY[role], isGiven };
}
