import { LONGEST_FRAME, requestFrameLength, unwrapRtu } from '../core/modbus/rtu.ts';

export interface RequestFrame {
  readonly unit: number;
  readonly pdu: Uint8Array;
  readonly length: number;
}

/**
 * Finds the requests in what a master sends. A frame ends where its function says, or, where the function is not
 * known, at the silence after it. What makes no frame is thrown away at the next silence, as a slave does.
 */
export class RequestFramer {
  readonly #silenceMs: number;
  #bytes: Uint8Array = new Uint8Array();
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  /** Takes bytes that came at `nowMs` of a clock that never steps. */
  push(bytes: Uint8Array, nowMs: number): RequestFrame[] {
    const frames: RequestFrame[] = [];
    if (nowMs - this.#lastMs > this.#silenceMs) {
      const ended = this.endOfFrame();
      if (ended) frames.push(ended);
      this.#bytes = new Uint8Array();
    }
    this.#lastMs = nowMs;
    // One byte more than any frame has is enough to know that this is none.
    this.#bytes = Uint8Array.from([...this.#bytes, ...bytes].slice(0, LONGEST_FRAME + 1));
    for (;;) {
      const length = requestFrameLength(this.#bytes);
      if (length === undefined || length > this.#bytes.length) return frames;
      const frame = frameOf(this.#bytes.subarray(0, length));
      if (!frame) return frames;
      frames.push(frame);
      this.#bytes = this.#bytes.slice(length);
    }
  }

  /** The line has been silent: what is here is a frame if its checksum says so. */
  endOfFrame(): RequestFrame | undefined {
    const frame = frameOf(this.#bytes);
    if (frame) this.#bytes = new Uint8Array();
    return frame;
  }

  /** Whether bytes wait for their end. */
  get isWaiting(): boolean {
    return this.#bytes.length > 0;
  }
}

function frameOf(bytes: Uint8Array): RequestFrame | undefined {
  try {
    return { ...unwrapRtu(bytes), length: bytes.length };
  } catch {
    // A damaged frame is not answered (Modbus over serial line 1.02, clause 2.4.1): the master's timeout tells it.
    return undefined;
  }
}
