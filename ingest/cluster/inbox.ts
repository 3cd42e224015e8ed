import type { Pipeline } from '../pipeline/pipeline.ts';

/**
 * What came and waits for room, in its order. What it holds is bounded by the prefetch of the queues: nothing here is
 * acknowledged yet.
 */
export class Inbox {
  readonly #pipeline: Pick<Pipeline, 'isCrowded' | 'whenRoom'>;
  #work: (() => void)[] = [];
  /** Waiting for room, or at work. */
  #isBusy = false;

  constructor(pipeline: Pick<Pipeline, 'isCrowded' | 'whenRoom'>) {
    this.#pipeline = pipeline;
  }

  add(work: () => void): void {
    this.#work.push(work);
    if (!this.#isBusy) this.#drain();
  }

  #drain(): void {
    this.#isBusy = true;
    let done = 0;
    while (done < this.#work.length && !this.#pipeline.isCrowded) this.#work[done++]!();
    this.#work.splice(0, done);
    if (this.#work.length > 0) this.#pipeline.whenRoom(() => this.#drain());
    else this.#isBusy = false;
  }
}
