import type { Account, InvalidBy } from '../../../core/links/measures.ts';

export type StatedVerdict = 'pass' | 'breach' | 'insufficient';
export type Direction = 'round-trip' | 'forward' | 'back';

/** One objective in one direction. `value` and its interval are ms for latency, a share for loss; null where there is nothing to tell them from. */
export interface StatedJudgement {
  readonly objective: 'latency' | 'loss';
  readonly direction: Direction;
  readonly verdict: StatedVerdict;
  readonly limit: number;
  readonly value: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  /** Probes that it is judged by. */
  readonly samples: number;
  /** How the interval was made. */
  readonly method: string;
}

/** ms; null where there is none. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
}

export interface StatedDay {
  readonly fromMs: number;
  readonly toMs: number;
  /** Received, lost or late, and in no exclusion. */
  readonly probes: number;
  /** Lost or late. */
  readonly lost: number;
  readonly excluded: number;
  readonly p50: number | null;
  readonly p95: number | null;
}

export interface StatedOutage {
  readonly fromMs: number;
  readonly toMs: number;
  readonly probes: number;
  /** How its end is known, and whether its start is: see `findOutages`. */
  readonly end: string;
  readonly isStartKnown: boolean;
}

/** How much of the period there is evidence for, ms. `lastsMs` = `coveredMs` + `excludedMs` + the sum of `holes`. */
export interface StatedTime {
  readonly lastsMs: number;
  readonly coveredMs: number;
  readonly excludedMs: number;
  /** Times without a record. */
  readonly holes: readonly { readonly fromMs: number; readonly toMs: number }[];
}

export interface Judged {
  readonly verdict: StatedVerdict;
  readonly judgements: readonly StatedJudgement[];
}

/** Everything that a statement says of one kind of probe on one link, all of it made from the evidence beside it. */
export interface ProbeFigures extends Judged {
  /** What it would be had nobody excluded anything; only where somebody has. */
  readonly nothingExcluded?: Judged;
  readonly records: number;
  readonly account: Account;
  readonly invalidBy: InvalidBy;
  readonly time: StatedTime;
  readonly roundTrip: Percentiles;
  readonly forward: Percentiles;
  readonly back: Percentiles;
  readonly oneWayErrorMs: number;
  readonly variation: Percentiles;
  readonly jitterMs: number;
  readonly duplicates: number;
  readonly reordered: number;
  readonly lostForward: number;
  readonly lostReturn: number;
  readonly kernelStamped: number;
  readonly pathChanges: number;
  readonly days: readonly StatedDay[];
  readonly outages: readonly StatedOutage[];
  /** The share of the known time in which no outage was; null where nothing is known. */
  readonly availability: number | null;
  readonly downMs: number;
}
