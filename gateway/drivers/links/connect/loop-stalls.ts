const LOOK_EVERY_MS = 10;
/** An event loop that was held up for longer than this has taken times that are not the network's. */
const STALL_MS = 10;
const KEPT_MS = 60_000;

/** Remembers when this thread's event loop did not come round, by a timer that should fire every 10 ms. */
export class LoopStalls {
  readonly #now: () => number;
  readonly #stalls: { readonly fromMs: number; readonly toMs: number }[] = [];
  #lookedMs: number;
  #timer: NodeJS.Timeout | undefined;

  /** `now`: a clock that is never set, ms. */
  constructor(now: () => number) {
    this.#now = now;
    this.#lookedMs = now();
  }

  start(): void {
    this.#lookedMs = this.#now();
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    const nowMs = this.#now();
    if (nowMs - this.#lookedMs > LOOK_EVERY_MS + STALL_MS)
      this.#stalls.push({ fromMs: this.#lookedMs, toMs: nowMs });
    while (this.#stalls[0] && this.#stalls[0].toMs < nowMs - KEPT_MS) this.#stalls.shift();
    this.#lookedMs = nowMs;
  }

  /** How long the loop was held up at most at a time from `fromMs` until now, 0 for not at all; the stall that ends just now counts. */
  longestSince(fromMs: number): number {
    this.look();
    return this.#stalls.reduce(
      (longest, stall) => (stall.toMs >= fromMs ? Math.max(longest, stall.toMs - stall.fromMs) : longest),
      0,
    );
  }
}
