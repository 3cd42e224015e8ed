/**
 * Costly work, so much at a time, in turns between those who asked: somebody who sends a thousand wrong passwords waits
 * for himself, not his neighbours.
 */
export class DerivationQueue {
  readonly #concurrency: number;
  readonly #mostWaiting: number;
  readonly #waiting = new Map<string, (() => Promise<void>)[]>();
  #count = 0;
  #running = 0;

  constructor(concurrency: number, mostWaiting: number) {
    this.#concurrency = concurrency;
    this.#mostWaiting = mostWaiting;
  }

  /** Undefined where too many wait already. */
  run<T>(asker: string, work: () => Promise<T>): Promise<T> | undefined {
    if (this.#count >= this.#mostWaiting) return undefined;
    this.#count++;
    return new Promise<T>((resolve, reject) => {
      const queue = this.#waiting.get(asker) ?? [];
      queue.push(() => work().then(resolve, reject));
      this.#waiting.set(asker, queue);
      this.#next();
    });
  }

  #next(): void {
    while (this.#running < this.#concurrency) {
      const first = this.#waiting.entries().next().value;
      if (!first) return;
      const [asker, queue] = first;
      const run = queue.shift()!;
      // Its next one comes after those of everybody else.
      this.#waiting.delete(asker);
      if (queue.length > 0) this.#waiting.set(asker, queue);
      this.#running++;
      void run().finally(() => {
        this.#running--;
        this.#count--;
        this.#next();
      });
    }
  }
}
