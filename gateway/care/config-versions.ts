import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';

/** Of the settings file that the gateway was started with. */
export const BASE = 0;

const KEPT_VERSIONS = 5;
const KEPT_REQUESTS = 64;

const State = Type.Object({
  /** Of the base settings when a version was last accepted over them. */
  baseHash: Type.String(),
  active: Type.Integer(),
  /** What ran before, newest last. */
  earlier: Type.Array(Type.Integer()),
  /** Is being tried and has not come up yet; `request` asked for it. */
  trial: Type.Union([Type.Object({ version: Type.Integer(), request: Type.String() }), Type.Null()]),
  newest: Type.Integer(),
  /** Requests that have been taken on, newest last. */
  requests: Type.Array(Type.String()),
});
type State = Static<typeof State>;

/** What the last run left behind that somebody must be told. */
export interface Leftover {
  readonly kind: 'trial-cut-short' | 'base-changed';
  /** Of the request whose trial was cut short. */
  readonly request?: string;
}

/**
 * The configurations that a gateway was given over the network, in the folder `care` of its data:
 *
 *     state.json             which runs, which is being tried, which ran before
 *     versions/3/gateway.yaml, versions/3/pond.yaml …
 *
 * The settings file at the gateway is version 0. A version that was accepted runs in its place until somebody edits
 * that file: whoever stands at the gateway has the last word. A trial that no word ended was cut short by a crash or
 * by the mains, and counts as failed.
 */
export class ConfigVersions {
  readonly #folder: string;
  #state: State = { baseHash: '', active: BASE, earlier: [], trial: null, newest: BASE, requests: [] };

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Reads what is there. `base` are the settings of the file at the gateway, as parsed. */
  open(base: unknown): Leftover[] {
    const leftovers: Leftover[] = [];
    this.#state = this.#read();
    const baseHash = createHash('sha256').update(JSON.stringify(base)).digest('hex');
    const { trial } = this.#state;
    if (trial) {
      leftovers.push({ kind: 'trial-cut-short', request: trial.request });
      this.#remove(trial.version);
      this.#write({ trial: null });
    }
    if (this.#state.active !== BASE && this.#state.baseHash !== baseHash) {
      leftovers.push({ kind: 'base-changed' });
      this.#write({ active: BASE, earlier: [] });
    }
    this.#state = { ...this.#state, baseHash };
    return leftovers;
  }

  get active(): number {
    return this.#state.active;
  }

  /** What ran before the active one. */
  get previous(): number | undefined {
    return this.#state.earlier.at(-1);
  }

  /** False where this request was taken on already. Durable when it returns, so that it never acts twice. */
  takeOn(request: string): boolean {
    if (this.#state.requests.includes(request)) return false;
    this.#write({ requests: [...this.#state.requests, request].slice(-KEPT_REQUESTS) });
    return true;
  }

  folderOf(version: number): string {
    return join(this.#folder, 'versions', String(version));
  }

  textOf(version: number): string {
    return readFileSync(join(this.folderOf(version), 'gateway.yaml'), 'utf8');
  }

  /** Writes a new version and returns its number. `kept` are profiles that stay as they are, by file name and source. */
  stage(text: string, profiles: Readonly<Record<string, string>>, kept: ReadonlyMap<string, string>): number {
    const version = this.#state.newest + 1;
    const folder = this.folderOf(version);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [name, source] of kept) if (existsSync(source)) copyFileSync(source, join(folder, name));
    for (const [name, profile] of Object.entries(profiles)) writeFileSync(join(folder, name), profile);
    writeFileSync(join(folder, 'gateway.yaml'), text, { flush: true });
    this.#write({ newest: version });
    return version;
  }

  discard(version: number): void {
    this.#remove(version);
  }

  beginTrial(version: number, request: string): void {
    this.#write({ trial: { version, request } });
  }

  /** The trial has come up: from now on it is what runs. Going back to what ran before takes that one off the list. */
  accept(version: number): void {
    const { active, earlier } = this.#state;
    const isBack = version === earlier.at(-1);
    const next = isBack ? earlier.slice(0, -1) : [...earlier, active].slice(-KEPT_VERSIONS);
    this.#write({ trial: null, active: version, earlier: next });
    const used = new Set([version, ...next]);
    for (let old = this.#state.newest; old > BASE; old--) if (!used.has(old)) this.#remove(old);
  }

  reject(version: number): void {
    const isStillKept = this.#state.earlier.includes(version);
    this.#write({ trial: null });
    if (!isStillKept) this.#remove(version);
  }

  #remove(version: number): void {
    if (version !== BASE) rmSync(this.folderOf(version), { recursive: true, force: true });
  }

  #read(): State {
    try {
      const value: unknown = JSON.parse(readFileSync(join(this.#folder, 'state.json'), 'utf8'));
      if (Value.Check(State, value)) return value;
    } catch {
      // Nothing was ever applied, or the file is no state: then the settings file at the gateway runs.
    }
    return this.#state;
  }

  /** The old state stays whole until the new one is on the disk. */
  #write(change: Partial<State>): void {
    const next = { ...this.#state, ...change };
    mkdirSync(this.#folder, { recursive: true });
    const file = join(this.#folder, 'state.json');
    writeFileSync(`${file}.new`, JSON.stringify(next), { flush: true });
    renameSync(`${file}.new`, file);
    this.#state = next;
  }
}
