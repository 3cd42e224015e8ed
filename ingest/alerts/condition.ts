import type { Words } from '../../core/errors.ts';
import type { Severity } from '../sla/budget/burn-rules.ts';
import type { EventPlace } from './alert-event.ts';

/**
 * What is found wrong just now, before it is asked why. Issue by issue there may be more kinds of them: whatever has a key, a
 * beginning and words can be raised, grouped and kept.
 */
export const CONDITION_KINDS = ['outage', 'loss', 'latency', 'silent'] as const;
export type ConditionKind = (typeof CONDITION_KINDS)[number];

export interface Condition {
  /** Unique among what is wrong now, and the same for as long as it is: `outage:` with the id of the link. */
  readonly key: string;
  readonly kind: ConditionKind;
  /** Id of the link, or `site/gateway` where the kind is `silent`. */
  readonly subject: string;
  readonly severity: Severity;
  /** When it began, UTC, as far as known. */
  readonly sinceMs: number;
  /** When it was found, by this host's clock. */
  readonly noticedMs: number;
  /** Whether it is a reason for others to be silent just now; a budget that is used up slowly is none. */
  readonly explains: boolean;
  /** Of a budget: for so long after the end of its cause it speaks of nothing else. */
  readonly lingersMs?: number;
  /** Of a budget: the rules that burn. */
  readonly rules?: readonly string[];
  readonly words: Words;
  /** Where it is, of what is about neither a link nor a whole gateway: contacts and silences go by it. */
  readonly place?: EventPlace;
}

export function conditionKey(kind: ConditionKind, subject: string): string {
  return `${kind}:${subject}`;
}
