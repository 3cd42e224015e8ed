/**
 * Which deliveries of one channel may be acknowledged. They come with tags 1, 2, 3 … and are settled in any order; one
 * acknowledgement stands for all up to its tag, so it may go no further than the first that is not settled.
 */
export class Acknowledgements {
  readonly #settled = new Set<number>();
  #upTo = 0;
  #told = 0;

  settle(tag: number): void {
    this.#settled.add(tag);
    while (this.#settled.delete(this.#upTo + 1)) this.#upTo++;
  }

  /** The tag up to which to acknowledge now; `undefined` where there is nothing new. */
  take(): number | undefined {
    if (this.#upTo === this.#told) return undefined;
    this.#told = this.#upTo;
    return this.#told;
  }
}
