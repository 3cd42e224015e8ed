import type { Clock } from '../../../../core/clock.ts';
import type { ByteStreamEvents, OpenByteStream } from '../../serial/byte-stream.ts';

/** Bytes that the far end sends so long after the request. */
export interface Burst {
  readonly afterMs: number;
  readonly bytes: Uint8Array;
  /** Goes with the connection that is open now, and not over the next. */
  readonly isOfConnection?: boolean;
}

/** For tests: a line in memory whose far end answers each frame as a script says. */
export class ScriptedLine {
  readonly sent: { readonly atMs: number; readonly frame: Uint8Array }[] = [];
  attempts = 0;
  openings = 0;
  /** While set, opening fails with it. */
  failure: string | undefined;
  answer: (frame: Uint8Array) => readonly Burst[] = () => [];
  readonly #clock: Clock;
  #events: ByteStreamEvents | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly open: OpenByteStream = async (events) => {
    this.attempts++;
    if (this.failure !== undefined) throw new Error(this.failure);
    this.openings++;
    this.#events = events;
    return {
      write: (frame) => {
        this.sent.push({ atMs: this.#clock.monotonicMs(), frame });
        for (const burst of this.answer(frame)) this.send(burst);
      },
      close: async () => {
        this.#events = undefined;
      },
    };
  };

  send({ afterMs, bytes, isOfConnection }: Burst): void {
    const { openings } = this;
    this.#clock.after(afterMs, () => {
      if (!isOfConnection || openings === this.openings) this.#events?.bytes(bytes);
    });
  }

  vanish(reason: string): void {
    this.#events?.closed(reason);
    this.#events = undefined;
  }
}
