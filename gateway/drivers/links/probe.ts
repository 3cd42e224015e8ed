import type { Account, InvalidBy } from '../../../core/links/measures.ts';

export type ProbeEnd = Exclude<keyof Account, 'scheduled' | 'excluded'>;
export type InvalidReason = keyof InvalidBy;

/** One probe from when it was due until its record is closed. Only the ledger writes to it. */
export interface Probe {
  /** Its flow, by its place in the source ports of the ledger. */
  readonly flow: number;
  /** Monotonic, ms. */
  readonly dueMs: number;
  /** Monotonic, ms; NaN until it was sent. */
  readonly sentMs: number;
  /** `undefined` while it waits. */
  readonly end: ProbeEnd | undefined;
  /** NaN until it was answered. */
  readonly roundTripMs: number;
  /** The reflector's own count in the answer; `undefined` without an answer, or without such a count. */
  readonly counter: number | undefined;
  /** Whether the reflector is seen to have counted it more than once. */
  readonly isCountedTwice: boolean;
  /** Should it never be answered, it is invalid for this reason and not lost. */
  readonly doubt: InvalidReason | undefined;
  /** The probes that were sent before and after it on its flow. */
  readonly previous: Probe | undefined;
  readonly next: Probe | undefined;
}

/** What came back for a probe. Times in ms. */
export interface Answer {
  readonly roundTripMs: number;
  /** Who took the time of its arrival. */
  readonly stampedBy: 'kernel' | 'program';
  /** TTL or hop limit on arrival at the reflector and here; 0 or left out where it was not seen. */
  readonly ttlForward?: number;
  readonly ttlReturn?: number;
  /** Only where both clocks are synchronised. */
  readonly oneWay?: { readonly forwardMs: number; readonly backMs: number; readonly errorMs: number };
  /** A stateful reflector's own sequence number. */
  readonly counter?: number;
}
