import type { Clock } from '../../core/clock.ts';
import type { ErrorCode, SluiceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';

const QUIET_MS = 60_000;

/** So that names made up by a stranger cannot fill the memory, later sources share one entry. */
const MOST_SOURCES = 1_000;
/** After a restart thousands of gateways may have to be born again at once: past so many in a minute they are told of as one. */
const MOST_NEW_SOURCES = 50;

/**
 * Says what was refused without a line per reading: the first refusal of a source and code at once, then at most one
 * line a minute with how many there were.
 */
export class RefusalLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #entries = new Map<string, { quietUntilMs: number; unsaid: number }>();

  #windowEndsMs = Number.NEGATIVE_INFINITY;
  #newSources = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** `describe` is only asked where a line is written. */
  note(source: string, code: ErrorCode, count: number, describe: () => SluiceError): void {
    const nowMs = this.#clock.monotonicMs();
    let key = `${source} ${code}`;
    let told = source;
    if (!this.#entries.has(key) && !this.#hasRoom(nowMs)) {
      told = 'others';
      key = `${told} ${code}`;
    }
    const entry = this.#entries.get(key) ?? { quietUntilMs: Number.NEGATIVE_INFINITY, unsaid: 0 };
    this.#entries.set(key, entry);
    entry.unsaid += count;
    if (nowMs < entry.quietUntilMs) return;
    this.#log.warn({ source: told, code, count: entry.unsaid }, describe().message);
    entry.unsaid = 0;
    entry.quietUntilMs = nowMs + QUIET_MS;
  }

  #hasRoom(nowMs: number): boolean {
    if (nowMs >= this.#windowEndsMs) {
      this.#windowEndsMs = nowMs + QUIET_MS;
      this.#newSources = 0;
    }
    this.#newSources++;
    return this.#entries.size < MOST_SOURCES && this.#newSources <= MOST_NEW_SOURCES;
  }
}
