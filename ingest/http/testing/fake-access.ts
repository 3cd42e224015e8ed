import { MAY } from '../../../core/access.ts';
import { SluiceError } from '../../../core/errors.ts';
import type { SignedIn } from '../../access/access-desk.ts';
import type { Account, AccountWish, Token, TokenWish } from '../../access/account.ts';
import type { HttpSources } from '../sources.ts';

/** Accounts in memory, without anything that takes time. Nothing of it is checked: that is tested with the real one. */
export class FakeAccess implements Shape {
  readonly passwords = new Map<string, string>();
  readonly sessions = new Map<string, string>();
  readonly bearers = new Map<string, string>();
  known: Account[] = [];
  made: Token[] = [];
  #count = 0;

  put(name: string, wish: AccountWish, password = 'right'): void {
    const times = { createdMs: 0, passwordMs: 0, isGiven: false, version: 1 };
    this.known.push({ ...wish, name, disabled: wish.disabled ?? false, ...times });
    this.passwords.set(name, password);
  }

  /** A token that is `secret` and may what `wish` says. */
  putToken(secret: string, wish: TokenWish): void {
    this.made.push({ ...wish, id: `id-${secret}`, createdMs: 0, createdBy: 'admin' });
    this.bearers.set(secret, wish.name);
  }

  async signIn(name: string, password: string): Promise<{ me: SignedIn; secret: string }> {
    const account = this.known.find((one) => one.name === name && !one.disabled);
    if (!account || this.passwords.get(name) !== password) throw new SluiceError('SIGN_IN_REFUSED');
    const secret = `session-${++this.#count}`;
    this.sessions.set(secret, name);
    return { me: this.ofSession(secret)!, secret };
  }

  signOut(secret: string): void {
    this.sessions.delete(secret);
  }

  async changePassword(name: string, password: string, next: string): Promise<string> {
    const { secret } = await this.signIn(name, password);
    this.#endSessions(name);
    this.passwords.set(name, next);
    this.#change(name, { isGiven: false });
    this.sessions.set(secret, name);
    return secret;
  }

  ofSession(secret: string): SignedIn | undefined {
    const account = this.known.find((one) => one.name === this.sessions.get(secret) && !one.disabled);
    if (!account) return undefined;
    const { name, role, sites, links, isGiven } = account;
    return { identity: { name, kind: 'person', role, sites, links }, may: MAY[role], isGiven };
  }

  ofToken(secret: string): SignedIn | undefined {
    const token = this.made.find((one) => one.name === this.bearers.get(secret));
    if (!token) return undefined;
    const { name, role, sites, links } = token;
    return { identity: { name, kind: 'token', role, sites, links }, may: MAY[role], isGiven: false };
  }

  accounts = () => this.known;

  async addAccount(_by: string, name: string, wish: AccountWish, password?: string) {
    if (this.known.some((one) => one.name === name)) throw new SluiceError('NAME_TAKEN', { name });
    this.put(name, wish, password ?? 'made');
    return { account: this.#change(name, { isGiven: true }), ...(!password && { password: 'made' }) };
  }

  changeAccount(_by: string, name: string, wish: AccountWish): Account {
    return this.#change(name, wish);
  }

  async resetPassword(_by: string, name: string, password?: string) {
    this.#endSessions(name);
    this.passwords.set(name, password ?? 'made');
    return { account: this.#change(name, { isGiven: true }), ...(!password && { password: 'made' }) };
  }

  removeAccount(_by: string, name: string): Account {
    const account = this.#change(name, {});
    this.known = this.known.filter((one) => one !== account);
    return account;
  }

  tokens = () => this.made;

  addToken(by: string, wish: TokenWish) {
    const secret = `sluice_${++this.#count}`;
    this.made.push({ ...wish, id: `id-${this.#count}`, createdMs: 0, createdBy: by });
    this.bearers.set(secret, wish.name);
    return { token: this.made.at(-1)!, secret };
  }

  removeToken(_by: string, id: string): Token {
    const token = this.made.find((one) => one.id === id);
    if (!token) throw new SluiceError('NOT_FOUND', { what: `token ${id}` });
    this.made = this.made.filter((one) => one !== token);
    return token;
  }

  #endSessions(name: string): void {
    for (const [secret, owner] of this.sessions) if (owner === name) this.sessions.delete(secret);
  }

  #change(name: string, change: Partial<Account>): Account {
    const account = this.known.find((one) => one.name === name);
    if (!account) throw new SluiceError('NOT_FOUND', { what: `account ${name}` });
    const changed = { ...account, ...change, version: account.version + 1 };
    this.known = this.known.map((one) => (one === account ? changed : one));
    return changed;
  }
}

type Shape = HttpSources['access'];
