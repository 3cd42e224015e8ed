import type { DatagramSocket } from '../../../core/datagrams/datagram-loop.ts';
import type { StampProbe } from '../../../core/links/link-plan.ts';
import type { Due } from './due-queue.ts';
import type { Probe } from './probe.ts';
import { LATE_MS, ProbeLedger } from './probe-ledger.ts';
import { ProbeSchedule } from './probe-schedule.ts';
import type { ProbedLink } from './prober.ts';
import type { Moment } from './record-interval.ts';

/** A probe that may still be answered. */
export interface SentProbe {
  readonly probe: Probe;
  /** T1 as the packet has it, UTC ms. */
  readonly writtenMs: number;
  /** When it really went, by the system clock and otherwise. */
  readonly sent: Moment;
  /** Between the time taken and the system call the thread was put aside: what it measured would be itself. */
  readonly isUnsure: boolean;
}

/** One source port to one peer: what RFC 8762 calls a session, and a stateful reflector counts by itself. */
export class StampFlow {
  readonly session: StampSession;
  /** Its place in the source ports of the link. */
  readonly index: number;
  readonly socket: DatagramSocket;
  readonly address: string;
  /** By sequence number, in order of sending. */
  readonly pending = new Map<number, SentProbe>();
  #sequence: number;

  constructor(session: StampSession, index: number, socket: DatagramSocket, address: string, first: number) {
    this.session = session;
    this.index = index;
    this.socket = socket;
    this.address = address;
    this.#sequence = first;
  }

  nextSequence(): number {
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) >>> 0;
    return sequence;
  }

  /** Forgets what cannot be answered any more. */
  expire(nowMs: number): void {
    const keptMs = this.session.spec.timeoutMs + LATE_MS;
    for (const [sequence, { sent }] of this.pending) {
      if (nowMs - sent.monotonicMs <= keptMs) return;
      this.pending.delete(sequence);
    }
  }
}

export const CARE_EVERY_MS = 1_000;

/** When the next probe of a session is due, or it is looked after: its records, its troubles. */
export interface Task extends Due {
  readonly session: StampSession;
  readonly kind: 'probe' | 'care';
}

/** One link. */
export class StampSession {
  readonly link: string;
  readonly spec: StampProbe;
  readonly ledger: ProbeLedger;
  readonly schedule: ProbeSchedule;
  /** By place of the source port; `undefined` while it has no socket. */
  readonly flows: (StampFlow | undefined)[];
  /** Those to an address that it had before. */
  readonly retired: StampFlow[] = [];
  address: string | undefined;
  /** Why its last probe was not sent. */
  trouble: string | undefined;
  toldTrouble: string | undefined;
  isOver = false;
  #turn = 0;

  constructor(
    { link, spec }: ProbedLink<StampProbe>,
    recordMs: number,
    now: Moment,
    random: () => number,
    startAfterMs: number,
  ) {
    this.link = link;
    this.spec = spec;
    const { timeoutMs, sourcePorts, spacing, ratePerS } = spec;
    this.ledger = new ProbeLedger({ recordMs, timeoutMs, sourcePorts }, now);
    const everyMs = 1_000 / ratePerS;
    this.schedule = new ProbeSchedule({ everyMs, spacing, startMs: now.monotonicMs + startAfterMs, random });
    this.flows = sourcePorts.map(() => undefined);
  }

  /** The source ports take turns. */
  nextFlow(): number {
    const flow = this.#turn;
    this.#turn = (flow + 1) % this.flows.length;
    return flow;
  }

  *allFlows(): Iterable<StampFlow> {
    for (const flow of this.flows) if (flow) yield flow;
    yield* this.retired;
  }
}
