import type { DatagramLoop } from '../../../core/datagrams/datagram-loop.ts';
import type { Moment } from './record-interval.ts';

/** A program that stamps arrivals itself looks at the time this often, to see whether it was kept from it. */
const HEARTBEAT_MS = 5;
/** Later than this a turn is a stall where the program stamps arrivals: what it has stamped meanwhile is no time. */
const PROGRAM_STALL_MS = 5;
/** Later than this, answers may have been thrown away, for the kernel keeps some hundred of them. */
const KERNEL_STALL_MS = 200;
/** The clocks are read one after the other; between them a thread may be put aside. */
const PAIR_MS = 0.1;
const READS = 4;
/** More than this is no slewing (500 ppm) between a probe and its answer, nor what reading adds. */
const STEP_MS = { kernel: 1, dgram: 3 } as const;
const SLEW = 0.0005;
/** A clock that goes forward by so much may be a machine that slept. */
const SLEEP_MS = 1_000;

type WatchedLoop = Pick<DatagramLoop, 'kind' | 'utcMs' | 'monotonicMs'>;

/** What happened to the thread or its clocks since the last look. */
export type Disturbance =
  | { readonly kind: 'stall'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'sleep'; readonly sleptMs: number }
  | { readonly kind: 'clockStep'; readonly byMs: number };

/** Sees when the thread was kept from its work, when the machine slept, and when the system clock was set. */
export class StallWatch {
  readonly #loop: WatchedLoop;
  /** Time since the machine was started, asleep or not. */
  readonly #uptimeMs: () => number;
  #expectedMs = Number.POSITIVE_INFINITY;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #offsetMs: number;
  #asleepMs: number;
  #isStalled = false;

  constructor(loop: WatchedLoop, uptimeMs: () => number) {
    this.#loop = loop;
    this.#uptimeMs = uptimeMs;
    const now = this.now();
    this.#offsetMs = now.utcMs - now.monotonicMs;
    this.#asleepMs = uptimeMs() - now.monotonicMs;
  }

  /** Whether what the program stamps now may have lain about before. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** When the loop was last asked to be back. */
  expect(dueMs: number): number {
    const { kind } = this.#loop;
    const asked = kind === 'kernel' ? dueMs : Math.min(dueMs, this.#loop.monotonicMs() + HEARTBEAT_MS);
    this.#expectedMs = asked;
    return asked;
  }

  /** Both clocks at one moment. */
  now(): Moment {
    let monotonicMs = this.#loop.monotonicMs();
    for (let read = 1; ; read++) {
      const utcMs = this.#loop.utcMs();
      const afterMs = this.#loop.monotonicMs();
      if (afterMs - monotonicMs < PAIR_MS || read === READS) return { utcMs, monotonicMs };
      monotonicMs = afterMs;
    }
  }

  /** To be called first in each callback. */
  look(now: Moment, isTurn: boolean): Disturbance[] {
    const seen: Disturbance[] = [];
    const lateMs = now.monotonicMs - this.#expectedMs;
    if (this.#loop.kind === 'dgram') {
      if (lateMs > PROGRAM_STALL_MS) this.#isStalled = true;
      else if (isTurn) this.#isStalled = false;
    }
    // Who is called all the time is behind with its work, but not away: the kernel's buffer is being emptied.
    const awayMs = now.monotonicMs - Math.max(this.#expectedMs, this.#lookedMs);
    if (awayMs > KERNEL_STALL_MS)
      seen.push({ kind: 'stall', fromMs: now.monotonicMs - awayMs, toMs: now.monotonicMs });
    this.#lookedMs = now.monotonicMs;
    const offsetMs = now.utcMs - now.monotonicMs;
    const byMs = offsetMs - this.#offsetMs;
    this.#offsetMs = offsetMs;
    if (Math.abs(byMs) < SLEEP_MS) return seen;
    const asleepMs = this.#uptimeMs() - now.monotonicMs;
    const sleptMs = asleepMs - this.#asleepMs;
    this.#asleepMs = asleepMs;
    if (sleptMs >= SLEEP_MS / 2) seen.push({ kind: 'sleep', sleptMs });
    else seen.push({ kind: 'clockStep', byMs });
    return seen;
  }

  /** Whether the system clock was set between two moments. */
  wasSet(from: Moment, to: Moment): boolean {
    const elapsedMs = to.monotonicMs - from.monotonicMs;
    const byMs = to.utcMs - from.utcMs - elapsedMs;
    return Math.abs(byMs) > STEP_MS[this.#loop.kind] + SLEW * elapsedMs;
  }
}
