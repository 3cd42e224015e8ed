import type { Duplex } from 'node:stream';

/**
 * How much waits for clients that are connected and do not read. A socket takes whatever it is given into memory: of a subscriber that
 * hangs, such as an ingest that was stopped, every message under way would stay, about 4 kB each, until its connection
 * is ended after a minute. What is sent at QoS 0 may be lost, so past a bound it is.
 */
export class Unread {
  readonly #most: number;
  readonly #waiting = new WeakMap<Duplex, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether one more message may wait for whoever is at the other end. Costs nothing while it reads. */
  hasRoom(stream: Duplex): boolean {
    if (!stream.writableNeedDrain) {
      this.#waiting.delete(stream);
      return true;
    }
    const waiting = (this.#waiting.get(stream) ?? 0) + 1;
    this.#waiting.set(stream, waiting);
    return waiting <= this.#most;
  }
}
