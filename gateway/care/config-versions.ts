import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import { GatewayEvent } from '../../core/gateway-event.ts';

/** Of the settings file that the gateway was started with. */
export const BASE = 0;

const KEPT_VERSIONS = 5;
/** More than a host has under way at once. */
const KEPT_REQUESTS = 128;

/** Who asked for what. */
const Asked = Type.Object({ id: Type.String(), action: Type.String(), issuer: Type.String() });
export type Asked = Static<typeof Asked>;

const State = Type.Object({
  /** The settings of the file at the gateway, when a version was last accepted over them. */
  base: Type.Unknown(),
  active: Type.Integer(),
  /** What ran before, newest last. */
  earlier: Type.Array(Type.Integer()),
  /** Is being tried and has not come up yet; `request` asked for it. */
  trial: Type.Union([Type.Object({ version: Type.Integer(), request: Type.String() }), Type.Null()]),
  newest: Type.Integer(),
  /** Requests that have been taken on, newest last. */
  requests: Type.Array(Type.String()),
  /** Those of them that have no answer. */
  unanswered: Type.Array(Asked),
  /** What must be told, and may not have been. */
  news: Type.Array(GatewayEvent),
});
type State = Static<typeof State>;

/** What the last run left behind that somebody must be told. */
export interface Leftovers {
  /** The request whose trial was cut short. */
  readonly cutShort: string | undefined;
  /** The file at the gateway is another one than that over which a version was accepted. */
  readonly isBaseChanged: boolean;
  /** The state is there and cannot be read: the settings file at the gateway runs. */
  readonly isUnreadable: boolean;
  readonly unanswered: readonly Asked[];
}

/**
 * The configurations that a gateway was given over the network, in the folder `care` of its data:
 *
 *     state.json             which runs, which is being tried, which ran before, what must be answered
 *     versions/3/gateway.yaml, versions/3/profiles/pond.yaml …
 *
 * The settings file at the gateway is version 0. A version that was accepted runs in its place until somebody edits
 * that file: whoever stands at the gateway has the last word. A trial that no word ended was cut short by a crash or
 * by the mains, and counts as failed. What runs and what is answered change in one write, so they cannot contradict
 * each other. Throws `DATA_FOLDER_UNUSABLE` where the disk refuses.
 */
export class ConfigVersions {
  readonly #folder: string;
  #state: State = {
    base: null,
    active: BASE,
    earlier: [],
    trial: null,
    newest: BASE,
    requests: [],
    unanswered: [],
    news: [],
  };

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Reads what is there, and writes nothing. `base` are the settings of the file at the gateway, as parsed; `complete`
   * fills in what they would hold today where an earlier release kept them.
   */
  open(base: unknown, complete: (kept: unknown) => unknown = (kept) => kept): Leftovers {
    const isUnreadable = !this.#read();
    const { trial, active, unanswered } = this.#state;
    const isBaseChanged = active !== BASE && !isDeepStrictEqual(complete(this.#state.base), plain(base));
    if (isBaseChanged) this.#state = { ...this.#state, active: BASE, earlier: [] };
    this.#state = { ...this.#state, base: plain(base), trial: null };
    return { cutShort: trial?.request, isBaseChanged, isUnreadable, unanswered };
  }

  /** Ends what `open` found: `news` tells all of it. It holds for this run also where this throws. */
  takeUp(news: readonly GatewayEvent[]): void {
    this.#keep({ unanswered: [], news: [...this.#state.news, ...news] });
    this.#tidy();
  }

  get active(): number {
    return this.#state.active;
  }

  /** What ran before the active one. */
  get previous(): number | undefined {
    return this.#state.earlier.at(-1);
  }

  /** What must be told; it stays until `forget`. */
  get news(): readonly GatewayEvent[] {
    return this.#state.news;
  }

  /** False where this request was taken on already. Durable when it returns, so that it never acts twice. */
  takeOn({ id, action, issuer }: Asked): boolean {
    const { requests, unanswered } = this.#state;
    if (requests.includes(id)) return false;
    // It stays known to this run also where it cannot be written: it has been refused, and must not act when repeated.
    this.#state = { ...this.#state, requests: [...requests, id].slice(-KEPT_REQUESTS) };
    this.#write({ unanswered: [...unanswered, { id, action, issuer }].slice(-KEPT_REQUESTS) });
    return true;
  }

  /** The answer to a request; of several only the first counts. It is there to be told also where this throws. */
  finish(request: string, answer: GatewayEvent): void {
    if (this.#state.unanswered.some(({ id }) => id === request)) this.#keep(this.#answered(request, answer));
  }

  /** They have been told, and will not be again. */
  forget(events: readonly GatewayEvent[]): void {
    const ids = new Set(events.map(({ id }) => id));
    const news = this.#state.news.filter(({ id }) => !ids.has(id));
    if (news.length < this.#state.news.length) this.#keep({ news });
  }

  folderOf(version: number): string {
    return join(this.#folder, 'versions', String(version));
  }

  textOf(version: number): string {
    return readFileSync(join(this.folderOf(version), 'gateway.yaml'), 'utf8');
  }

  /** Writes a new version and returns its number. `kept` are profiles that stay as they are, by name and source. */
  stage(text: string, profiles: Readonly<Record<string, string>>, kept: ReadonlyMap<string, string>): number {
    const version = this.#state.newest + 1;
    this.#guarded(() => {
      const folder = this.folderOf(version);
      const place = (name: string) => {
        const file = join(folder, name);
        mkdirSync(dirname(file), { recursive: true });
        return file;
      };
      rmSync(folder, { recursive: true, force: true });
      for (const [name, source] of kept) if (existsSync(source)) copyFileSync(source, place(name));
      for (const [name, profile] of Object.entries(profiles))
        writeFileSync(place(name), profile, { flush: true });
      writeFileSync(place('gateway.yaml'), text, { flush: true });
    });
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
  accept(version: number, answer: GatewayEvent): void {
    const { active, earlier, trial } = this.#state;
    const isBack = version === earlier.at(-1);
    const next = isBack ? earlier.slice(0, -1) : [...earlier, active].slice(-KEPT_VERSIONS);
    const answered = this.#answered(trial?.request ?? '', answer);
    this.#write({ trial: null, active: version, earlier: next, ...answered });
    this.#tidy();
  }

  /** It did not come up, and what ran before is active still; for this run also where this throws. */
  reject(answer: GatewayEvent): void {
    this.#keep({ trial: null, ...this.#answered(this.#state.trial?.request ?? '', answer) });
    this.#tidy();
  }

  #answered(request: string, answer: GatewayEvent): Pick<State, 'unanswered' | 'news'> {
    const { unanswered, news } = this.#state;
    return { unanswered: unanswered.filter(({ id }) => id !== request), news: [...news, answer] };
  }

  /** Removes versions that nothing leads back to. */
  #tidy(): void {
    const used = new Set([this.#state.active, ...this.#state.earlier].map(String));
    const folder = join(this.#folder, 'versions');
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder)) if (!used.has(name)) this.#remove(Number(name));
  }

  #remove(version: number): void {
    if (version === BASE) return;
    this.#guarded(() => rmSync(this.folderOf(version), { recursive: true, force: true }));
  }

  /** False where something is there that is no state. */
  #read(): boolean {
    const file = join(this.#folder, 'state.json');
    if (!existsSync(file)) return true;
    try {
      const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
      if (!Value.Check(State, value)) return false;
      this.#state = value;
      return true;
    } catch {
      return false;
    }
  }

  /** For what has happened and holds, whether the disk takes it or not. */
  #keep(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    this.#write({});
  }

  /** The old state stays whole until the new one is on the disk. */
  #write(change: Partial<State>): void {
    const next = { ...this.#state, ...change };
    this.#guarded(() => {
      mkdirSync(this.#folder, { recursive: true });
      const file = join(this.#folder, 'state.json');
      writeFileSync(`${file}.new`, JSON.stringify(next), { flush: true });
      renameSync(`${file}.new`, file);
    });
    this.#state = next;
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw new SluiceError('DATA_FOLDER_UNUSABLE', { folder: this.#folder, reason: reasonOf(error) }, error);
    }
  }
}

/** As it comes back from the disk. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
