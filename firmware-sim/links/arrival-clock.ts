import type { DatagramLoop } from '../../core/datagrams/datagram-loop.ts';

/** Two looks at the clock that are further apart than this had something else between them. */
const LOOK_MS = 0.005;
/** What a disciplined clock gains in a second is less. */
const DRIFT_MS = 0.01;
/** A stamp further off tells of a clock that was set, and not of a wait. */
const LONGEST_WAIT_MS = 1_000;
const TRIES = 10;

/**
 * The monotonic time of an arrival that was stamped in UTC. The distance between the two clocks is kept while it stands, for
 * with a fresh look at each datagram the noise of looking would put those that came close together out of order.
 */
export class ArrivalClock {
  readonly #loop: DatagramLoop;
  #utcAheadMs: number | undefined;

  constructor(loop: DatagramLoop) {
    this.#loop = loop;
  }

  monotonicOf(arrivedMs: number): number {
    const seen = this.#look();
    this.#utcAheadMs ??= this.#lookWell();
    if (seen !== undefined && Math.abs(seen - this.#utcAheadMs) > DRIFT_MS) this.#utcAheadMs = seen;
    const nowMs = this.#loop.monotonicMs();
    const waitedMs = nowMs - (arrivedMs - this.#utcAheadMs);
    // A stamp may be read a little before the clock was: nothing arrives later than now.
    return waitedMs > 0 && waitedMs < LONGEST_WAIT_MS ? nowMs - waitedMs : nowMs;
  }

  /** `undefined` where something came between. */
  #look(): number | undefined {
    const beforeMs = this.#loop.monotonicMs();
    const utcMs = this.#loop.utcMs();
    const afterMs = this.#loop.monotonicMs();
    return afterMs - beforeMs < LOOK_MS ? utcMs - (beforeMs + afterMs) / 2 : undefined;
  }

  #lookWell(): number {
    for (let left = TRIES; left > 0; left--) {
      const seen = this.#look();
      if (seen !== undefined) return seen;
    }
    return this.#loop.utcMs() - this.#loop.monotonicMs();
  }
}
