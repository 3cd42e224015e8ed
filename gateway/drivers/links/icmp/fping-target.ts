import type { Answer, Probe } from '../probe.ts';
import { LATE_MS, type ProbeLedger } from '../probe-ledger.ts';
import type { Moment } from '../record-interval.ts';
import type { FpingResult } from './fping-line.ts';

/** fping tells the end of each request before the record of it can close. */
export function waitMsOf(timeoutMs: number): number {
  return timeoutMs + LATE_MS / 2;
}

/** Between the end of a wait and the line that tells it. */
const GRACE_MS = LATE_MS / 3;
/** The system clock was set where it went by so much otherwise than the monotonic one. */
const STEP_MS = 50;
/** A request that went out so much later than its turn shows that fping was held up. */
const STALL_MS = 250;
/** Requests go out one after the other: a number that is so far ahead of the last is none that fping gave. */
const MOST_AHEAD_MS = 3_600_000;
const LEAST_AHEAD = 2;

/**
 * Brings the lines of fping about one target into the ledger of one link. fping numbers its requests and tells of each once, in no
 * order; of those that it could not send it tells nothing at all (5.1, where there is no route), so what nobody tells
 * of was not sent.
 */
export class FpingTarget {
  readonly #ledger: ProbeLedger;
  readonly #everyMs: number;
  readonly #waitMs: number;
  /** By number; those that may still be told of, or come twice. */
  readonly #probes = new Map<number, Probe>();
  /** The number of the next request. */
  #next = 0;
  /** No request of this process is known yet: the first goes out when the other targets have had theirs. */
  #isFirst = true;
  /** When it is due, monotonic ms. */
  #nextDueMs: number;
  /** UTC less monotonic, when it was looked at last. */
  #offsetMs: number;
  /** The moment of the last step of the system clock, monotonic ms. */
  #steppedMs = Number.NEGATIVE_INFINITY;

  constructor(ledger: ProbeLedger, job: { readonly everyMs: number; readonly waitMs: number }, now: Moment) {
    this.#ledger = ledger;
    this.#everyMs = job.everyMs;
    this.#waitMs = job.waitMs;
    this.#nextDueMs = now.monotonicMs;
    this.#offsetMs = now.utcMs - now.monotonicMs;
  }

  take({ sequence, atMs, roundTripMs }: FpingResult, now: Moment): void {
    this.#watchClock(now);
    if (sequence - this.#next > Math.max(LEAST_AHEAD, MOST_AHEAD_MS / this.#everyMs)) return;
    // Stamped before the clock was set back it would be in the future.
    const toldMs = Math.min(atMs - this.#offsetMs, now.monotonicMs);
    const sentMs = toldMs - (roundTripMs ?? this.#waitMs);
    // Those before it that are not told of yet went out before it.
    for (; this.#next <= sequence; this.#next++)
      this.#send(sentMs - (sequence - this.#next) * this.#everyMs, now);
    const probe = this.#probes.get(sequence);
    if (!probe) return;
    if (roundTripMs === undefined) {
      // Told so much later than its time was over, its answer may have waited in the socket.
      if (sentMs - probe.sentMs > STALL_MS) this.#ledger.doubt(probe, 'stall');
      this.#ledger.lost(probe);
    } else {
      // The kernel stamps arrivals for fping (SO_TIMESTAMPNS); both times are of the system clock.
      const answer: Answer = { roundTripMs, stampedBy: 'kernel' };
      this.#ledger.answered(probe, answer, probe.sentMs <= this.#steppedMs ? 'clockStep' : undefined);
    }
  }

  /** The next request went out at about `sentMs`. Small differences move the schedule along; a stall does not. */
  #send(sentMs: number, now: Moment): void {
    const isInTime =
      Math.abs(sentMs - this.#nextDueMs) <= (this.#isFirst ? this.#everyMs + STALL_MS : STALL_MS);
    this.#isFirst = false;
    const dueMs = isInTime ? sentMs : this.#nextDueMs;
    const probe = this.#ledger.due(0, dueMs, now);
    this.#ledger.sent(probe, Math.max(dueMs, sentMs));
    if (!isInTime) this.#ledger.doubt(probe, 'stall');
    this.#probes.set(this.#next, probe);
    this.#nextDueMs = dueMs + this.#everyMs;
  }

  /** To be called about once a second. What is not told of by now was not sent. */
  look(now: Moment): void {
    this.#watchClock(now);
    const overMs = now.monotonicMs - this.#waitMs - GRACE_MS;
    for (const [sequence, probe] of this.#probes) {
      if (probe.sentMs >= overMs) break;
      if (!probe.end) this.#ledger.notSent(probe);
      this.#probes.delete(sequence);
    }
    for (; this.#nextDueMs < overMs; this.#nextDueMs += this.#everyMs) {
      this.#ledger.notSent(this.#ledger.due(0, this.#nextDueMs, now));
      this.#next++;
    }
  }

  /** A process begins, and counts from 0. */
  begin(now: Moment): void {
    for (; this.#nextDueMs + this.#everyMs <= now.monotonicMs; this.#nextDueMs += this.#everyMs)
      this.#ledger.notSent(this.#ledger.due(0, this.#nextDueMs, now));
    this.#next = 0;
    this.#isFirst = true;
  }

  /** The process is gone: what was under way says nothing. */
  end(): void {
    for (const probe of this.#probes.values()) if (!probe.end) this.#ledger.invalid(probe, 'socket');
    this.#probes.clear();
  }

  #watchClock({ utcMs, monotonicMs }: Moment): void {
    const offsetMs = utcMs - monotonicMs;
    if (Math.abs(offsetMs - this.#offsetMs) > STEP_MS) {
      this.#steppedMs = monotonicMs;
      for (const probe of this.#probes.values()) this.#ledger.doubt(probe, 'clockStep');
    }
    this.#offsetMs = offsetMs;
  }
}
