import type { Duplex } from 'node:stream';

/** Below what a socket takes before it asks its writer to wait (64 kB), so that holding back never looks like a reader that is slow. */
const MOST_BYTES = 32_768;

/** What is on its way to one stream since it was last written out. */
interface Held {
  bytes: number;
  isIdle: boolean;
}

/**
 * Lets what is forwarded to one subscriber in one turn of the event loop leave in one system call. aedes writes each
 * message in an immediate of its own, and a call for each took two fifths of the broker's time.
 *
 * Immediates run in the order in which they were asked for, those asked for meanwhile in the next turn: what `hold` is told of is
 * written between its call and the `#beat` that follows, and leaves one turn later.
 */
export class WriteTogether {
  readonly #held = new Map<Duplex, Held>();

  /** `bytes`, about so many, are about to be written to `stream` by an immediate that is asked for right after this. */
  hold(stream: Duplex, bytes: number): void {
    const held = this.#held.get(stream) ?? this.#begin(stream);
    held.isIdle = false;
    held.bytes += bytes;
    if (held.bytes < MOST_BYTES) return;
    held.bytes = 0;
    setImmediate(writeOut, stream);
  }

  #begin(stream: Duplex): Held {
    const held = { bytes: 0, isIdle: false };
    this.#held.set(stream, held);
    stream.cork();
    setImmediate(() => this.#beat(stream, held));
    return held;
  }

  #beat(stream: Duplex, held: Held): void {
    stream.uncork();
    if (held.isIdle || stream.writableEnded || stream.destroyed) {
      this.#held.delete(stream);
      return;
    }
    held.isIdle = true;
    stream.cork();
    setImmediate(() => this.#beat(stream, held));
  }
}

function writeOut(stream: Duplex): void {
  if (stream.writableCorked === 0) return;
  stream.uncork();
  stream.cork();
}
