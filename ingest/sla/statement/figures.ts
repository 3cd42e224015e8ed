import type { Account, InvalidBy } from '../../../core/links/measures.ts';
import type { Verdict } from '../../../core/links/statistics/judge-share.ts';

export interface StatedBounds {
  readonly lower: number;
  readonly upper: number;
}

/**
 * One objective: that the share of probes which are bad is below `limit`. For loss those that are lost or late; for latency those that
 * were not below the objective's ms, of which its quantile allows so many. Shares are from 0 to 1.
 */
export interface StatedJudgement {
  readonly objective: 'latency' | 'loss';
  readonly direction: 'round-trip';
  readonly verdict: Verdict;
  readonly limit: number;
  readonly probes: number;
  /** Surely bad, and bad at most: they differ by the bucket in which the objective's ms lies. */
  readonly bad: { readonly least: number; readonly most: number };
  /** `bad.least` of `probes`; null where there is none. */
  readonly share: number | null;
  /** By these goes the verdict: each holds with the objective's confidence by itself. They are the wider ones of the following two. */
  readonly lower: number;
  readonly upper: number;
  /** As if each probe had its own fate (Clopper and Pearson). */
  readonly independent: StatedBounds;
  /** As the bad ones come together, by the design effect of so many records (loss) or hours (latency) taken as one. */
  readonly bursts: StatedBounds;
  readonly designEffect: number;
  readonly recordsAsOne: number;
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
  readonly verdict: Verdict;
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
  /** The round trip at the quantile of the objective, ms. */
  readonly objectiveMs: number | null;
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
