import type { Duplex } from 'node:stream';

/**
 * How much waits for clients that are connected and do not read. A socket takes whatever it is given into memory: of a subscriber that
 * hangs, such as an ingest that was stopped, every message under way would stay, about 4 kB each beside its own bytes, until its
 * connection is ended. What is sent at QoS 0 may be lost, so past a bound it is; with more, the connection ends there and then.
 */
export class Unread {
  readonly #mostMessages: number;
  readonly #mostBytes: number;
  readonly #waiting = new WeakMap<Duplex, number>();

  constructor(mostMessages: number, mostBytes: number) {
    this.#mostMessages = mostMessages;
    this.#mostBytes = mostBytes;
  }

  /** Whether one more message may wait for whoever is at the other end. Costs nothing while it reads. */
  hasRoom(stream: Duplex): boolean {
    if (!stream.writableNeedDrain) {
      this.#waiting.delete(stream);
      return true;
    }
    const waiting = (this.#waiting.get(stream) ?? 0) + 1;
    this.#waiting.set(stream, waiting);
    return waiting <= this.#mostMessages && !this.isBeyond(stream);
  }

  /** Whether so many bytes wait that not even what must not be lost may be added. */
  isBeyond(stream: Duplex): boolean {
    return stream.writableLength > this.#mostBytes;
  }
}
