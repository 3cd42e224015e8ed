import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';

const MOST_LINES = 20;
const PERIOD_MS = 60_000;

/** Warnings that strangers can cause at will: so many lines a minute, then their number. */
export class Complaints {
  readonly #log: Log;
  readonly #clock: Clock;
  #periodEndMs = Number.NEGATIVE_INFINITY;
  #lines = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  add(details: Readonly<Record<string, string>>, sentence: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#periodEndMs) {
      const unsaid = this.#lines - MOST_LINES;
      if (unsaid > 0) this.#log.warn({ unsaid }, 'more MQTT clients were in error than have a line here');
      this.#periodEndMs = nowMs + PERIOD_MS;
      this.#lines = 0;
    }
    if (this.#lines++ < MOST_LINES) this.#log.warn(details, sentence);
  }
}
