import type { Cancel, Clock } from '../clock.ts';

/** A clock that moves only when told to. */
export class FakeClock implements Clock {
  #wallMs: number;
  #elapsedMs = 0;
  #timers: { dueMs: number; fn: () => void }[] = [];

  constructor(startMs = Date.UTC(2026, 5, 1)) {
    this.#wallMs = startMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, fn: () => void): Cancel {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time on, running what falls due in order and letting promises settle after each. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    await settle();
    for (;;) {
      const next = this.#timers
        .filter((timer) => timer.dueMs <= endMs)
        .reduce<{ dueMs: number; fn: () => void } | undefined>(
          (first, timer) => (!first || timer.dueMs < first.dueMs ? timer : first),
          undefined,
        );
      if (!next) break;
      this.#moveTo(next.dueMs);
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.fn();
      await settle();
    }
    this.#moveTo(endMs);
  }

  /** Steps the wall clock without letting time pass, as NTP or a technician does. */
  stepWall(ms: number): void {
    this.#wallMs += ms;
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  #moveTo(elapsedMs: number): void {
    this.#wallMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }
}

/** Lets every promise that can settle do so, without real time passing. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
