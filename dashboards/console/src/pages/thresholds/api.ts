import type { Threshold } from '../../../../../core/thresholds/threshold.ts';
import type { SetTags } from '../../api.ts';

/** Replies of the routes under /api/v1/thresholds, and what of others this page wants. */
export interface ThresholdsReply {
  readonly thresholds: readonly Threshold[];
}

export interface TrialSeries {
  readonly tags: SetTags;
  readonly raised: readonly { readonly fromMs: number; readonly toMs?: number; readonly worst?: number }[];
  readonly points: { readonly timeMs: readonly number[]; readonly value: readonly number[] };
}

/** What a threshold would have done. */
export interface Trial {
  readonly fromMs: number;
  readonly toMs: number;
  readonly events: number;
  readonly wrongMs: number;
  readonly series: readonly TrialSeries[];
  /** Counted, and not among `series`. */
  readonly leftOut: number;
  /** More than are tried at once. */
  readonly untried: number;
}

/** What is wrong by a threshold just now. */
export interface Judged {
  readonly tags: SetTags;
  readonly measurement: string;
  readonly field: string;
  readonly threshold: string;
  readonly sinceMs: number;
  readonly value?: number;
}

export interface SeriesName {
  readonly measurement: string;
  readonly field: string;
  readonly tags: SetTags;
}

export interface KnownZone {
  readonly site: string;
  readonly id: string;
  readonly name: string;
  readonly crop?: string;
  readonly stage?: string;
  readonly soil?: string;
}
