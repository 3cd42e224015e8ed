import type { Words } from '../../../../../core/errors.ts';
import type { Threshold } from '../../../../../core/thresholds/threshold.ts';
import type { Zone } from '../../../../../core/zones/zone.ts';
import type { SetTags } from '../../api.ts';

/** Replies of the API that only this page asks for. */
export interface ZonesReply {
  readonly zones: readonly Zone[];
}

export interface Placement {
  readonly site: string;
  readonly gateway: string;
  readonly device: string;
  readonly zone: string;
  readonly by: 'hand' | 'position' | 'gateway';
  readonly tagged?: readonly string[];
}

export interface WaterReply {
  readonly sites: readonly SiteWater[];
}

export interface SiteWater {
  readonly site: string;
  readonly m3: number;
  readonly unassignedM3: number;
  readonly rainMm?: number;
  readonly zones: readonly {
    readonly zone: string;
    readonly m3: number;
    readonly how: 'metered' | 'estimated' | 'both';
  }[];
}

export interface ThresholdsReply {
  readonly thresholds: readonly Threshold[];
}

/** What is wrong by a threshold now. */
export interface JudgedReply {
  readonly series: readonly Judged[];
}

export interface Judged {
  readonly tags: SetTags;
  readonly measurement: string;
  readonly field: string;
  /** Id of the threshold. */
  readonly threshold: string;
  readonly kind: string;
  readonly value: number;
}

export interface AlertsReply {
  readonly alerts: readonly Alert[];
}

export interface Alert {
  readonly id: string;
  readonly kind: string;
  readonly severity: string;
  readonly sinceMs: number;
  readonly words: Words;
  readonly acknowledged?: { readonly who: string; readonly timeMs: number };
}

export interface Command {
  readonly id: string;
  readonly site: string;
  readonly gateway: string;
  readonly device: string;
  readonly metric: string;
  readonly value: number | boolean;
  readonly leaseS: number;
  readonly issuer: string;
  readonly state: 'pending' | 'applied' | 'refused' | 'failed' | 'expired' | 'unanswered';
  readonly submittedMs: number;
  readonly answeredMs?: number;
  readonly leaseEndsMs?: number;
  readonly reason?: Words;
}

export interface ImportReply {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
  readonly mended: readonly {
    readonly index: number;
    readonly zone: string;
    readonly messages: readonly string[];
  }[];
  readonly refused: readonly { readonly index: number; readonly message: string }[];
}
