import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';

const MOST_LINES = 20;
const PERIOD_MS = 60_000;

/**
 * Warnings that strangers can cause at will: one line a minute for the same thing of the same peer, so many lines a
 * minute in all, then their number.
 */
export class Complaints {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #said = new Set<string>();
  #periodEndMs = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  add(details: Readonly<Record<string, string>>, sentence: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#periodEndMs) {
      const unsaid = this.#unsaid;
      if (unsaid > 0) this.#log.warn({ unsaid }, 'more MQTT clients were in error than have a line here');
      this.#periodEndMs = nowMs + PERIOD_MS;
      this.#said.clear();
      this.#unsaid = 0;
    }
    const key = `${sentence}\0${details.client ?? ''}\0${details.user ?? ''}\0${details.from ?? ''}`;
    if (this.#said.has(key) || this.#said.size >= MOST_LINES) {
      this.#unsaid++;
      return;
    }
    this.#said.add(key);
    this.#log.warn(details, sentence);
  }
}
