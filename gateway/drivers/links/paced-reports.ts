import { type Cancel, type Clock, delay } from '../../../core/clock.ts';

/** 2 500 in a second; where more are waiting, a hundredth of them, so that no rate of records makes them pile up. */
const AT_ONCE = 50;
const SHARE_AT_ONCE = 0.01;
const PAUSE_MS = 20;

/**
 * The records of all links end with the same minute. The outbox has to write them, and takes no more at a time than it may lose: so they are
 * handed on a few at a time, in their order, and between two handfuls the disk has its turn.
 */
export class PacedReports<T> {
  readonly #clock: Clock;
  readonly #hand: (report: T) => void;
  readonly #waiting: T[] = [];
  #room = AT_ONCE;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, hand: (report: T) => void) {
    this.#clock = clock;
    this.#hand = hand;
  }

  add(report: T): void {
    this.#waiting.push(report);
    this.#handOn();
  }

  /** Resolves when all are handed on. */
  async drain(): Promise<void> {
    while (this.#waiting.length > 0) await delay(this.#clock, PAUSE_MS);
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #handOn(): void {
    const now = this.#waiting.splice(0, this.#room);
    this.#room -= now.length;
    for (const one of now) this.#hand(one);
    this.#cancel ??= this.#clock.after(PAUSE_MS, () => {
      this.#cancel = undefined;
      this.#room = Math.max(AT_ONCE, Math.ceil(SHARE_AT_ONCE * this.#waiting.length));
      if (this.#waiting.length > 0) this.#handOn();
    });
  }
}
