/**
 * The timer behind an output, so that nothing stays on for ever when whoever switched it on is gone. A hold time
 * written before the output comes on decides how long it stays on, at most `maxRunS`; written while it is on, it runs
 * from then, and 0 ends it. It stays until another is written.
 */
export class HoldTimer {
  readonly #maxRunS: number;
  #holdS = 0;
  #remainingS = 0;

  /** Infinite: an output without a timer. */
  constructor(maxRunS: number) {
    this.#maxRunS = maxRunS;
  }

  get isOn(): boolean {
    return this.#remainingS > 0;
  }

  /** As its register reads: the seconds left while it is on, else what the next run will last (0: the longest). */
  get registerS(): number {
    return this.isOn ? Math.ceil(this.#remainingS) : this.#holdS;
  }

  write(holdS: number): void {
    this.#holdS = Math.min(holdS, this.#maxRunS);
    if (this.isOn) this.#remainingS = this.#holdS;
  }

  /** On starts the time anew. */
  switch(on: boolean): void {
    const wholeS = this.#holdS > 0 ? this.#holdS : this.#maxRunS;
    this.#remainingS = on ? wholeS : 0;
  }

  /** A programme’s own opening: it lengthens what runs, and never shortens it. */
  runAtLeast(durationS: number): void {
    this.#remainingS = Math.max(this.#remainingS, Math.min(durationS, this.#maxRunS));
  }

  step(durationS: number): void {
    this.#remainingS = Math.max(0, this.#remainingS - durationS);
  }
}
