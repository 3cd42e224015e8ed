import type { Words } from '../../core/errors.ts';
import type { SeriesKey } from '../../core/reading.ts';
import { RULE_KINDS, type THRESHOLD_SEVERITIES } from '../../core/thresholds/threshold.ts';
import type { JudgeState } from '../thresholds/judge-state.ts';
import type { EventPlace } from './alert-event.ts';

/** Of links, of gateways that are silent, of readings by thresholds, and of this program itself. */
export const LINK_CONDITIONS = ['outage', 'loss', 'latency'] as const;
export const CONDITION_KINDS = [...LINK_CONDITIONS, 'silent', ...RULE_KINDS, 'own', 'delivery'] as const;
export type ConditionKind = (typeof CONDITION_KINDS)[number];

export type AlertSeverity = (typeof THRESHOLD_SEVERITIES)[number];

/** What is found wrong just now, before it is asked why. Whatever has a key, a beginning and words can be raised, grouped and kept. */
export interface Condition {
  /** Unique among what is wrong now, and the same for as long as it is: `outage:` with the id of the link. */
  readonly key: string;
  readonly kind: ConditionKind;
  /** Id of the link; `site/gateway` where the kind is `silent`; `site/gateway/device` of readings; name of a service of ours. */
  readonly subject: string;
  readonly severity: AlertSeverity;
  /** When it began, UTC, as far as known. */
  readonly sinceMs: number;
  /** When it was found, by this host's clock. */
  readonly noticedMs: number;
  /** Whether it is a reason for others to be silent just now; a budget that is used up slowly is none. */
  readonly explains: boolean;
  /** Where it is, of what is about neither a link nor a whole gateway. */
  readonly place?: EventPlace;
  /** Of a budget: for so long after the end of its cause it speaks of nothing else. */
  readonly lingersMs?: number;
  /** Of a budget: the rules that burn. */
  readonly rules?: readonly string[];
  /** Of readings: which series, by what, and how far that has come. */
  readonly judged?: JudgedBy;
  /** Of readings: when the words were made, by this host's clock; their figures are told anew now and then. */
  readonly saidMs?: number;
  readonly words: Words;
}

/** Kept with the condition, so that a restart forgets no time that has passed. */
export interface JudgedBy {
  readonly series: SeriesKey;
  readonly threshold: string;
  readonly version: number;
  readonly state: JudgeState;
  /** Its value when the words were made. */
  readonly latest?: number;
}

export function conditionKey(kind: ConditionKind, subject: string): string {
  return `${kind}:${subject}`;
}

/** It is not told: what is wrong has not been so for long enough, or is over and may flap. */
export function isPending({ judged }: Condition): boolean {
  return judged !== undefined && judged.state.phase !== 'raised';
}

export function isOfLink({ kind }: Pick<Condition, 'kind'>): boolean {
  return (LINK_CONDITIONS as readonly string[]).includes(kind);
}

export function isOfReadings({ kind }: Pick<Condition, 'kind'>): boolean {
  return (RULE_KINDS as readonly string[]).includes(kind);
}
