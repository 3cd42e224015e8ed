import type { Clock } from '../../core/clock.ts';
import type { ErrorCode, SluiceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';

const QUIET_MS = 60_000;

/** So that names made up by a stranger cannot fill the memory, later sources share one entry. */
const MOST_SOURCES = 1_000;

/**
 * Says what was refused without a line per reading: the first refusal of a source and code at once, then at most one
 * line a minute with how many there were.
 */
export class RefusalLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #entries = new Map<string, { quietUntilMs: number; unsaid: number }>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** `describe` is only asked where a line is written. */
  note(source: string, code: ErrorCode, count: number, describe: () => SluiceError): void {
    let key = `${source} ${code}`;
    if (!this.#entries.has(key) && this.#entries.size >= MOST_SOURCES) key = `others ${code}`;
    const entry = this.#entries.get(key) ?? { quietUntilMs: Number.NEGATIVE_INFINITY, unsaid: 0 };
    this.#entries.set(key, entry);
    entry.unsaid += count;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < entry.quietUntilMs) return;
    this.#log.warn({ source, code, count: entry.unsaid }, describe().message);
    entry.unsaid = 0;
    entry.quietUntilMs = nowMs + QUIET_MS;
  }
}
