import type { Words } from '../../core/errors.ts';
import type { AlertSeverity, ConditionKind } from './condition.ts';
import type { CauseKind } from './find-causes.ts';

/** One thing that was wrong for one cause, with all that it was seen by. */
export interface AlertMember {
  /** Key of the condition. */
  readonly key: string;
  readonly kind: ConditionKind;
  readonly subject: string;
  readonly severity: AlertSeverity;
  readonly sinceMs: number;
  readonly words: Words;
  /** Where it is, of what is about neither a link nor a whole gateway. */
  readonly place?: EventPlace;
  /** Of readings: id of the threshold that they are wrong by. */
  readonly threshold?: string;
}

/** Where something is wrong, as far as that is known; of a link its id only. */
export interface EventPlace {
  readonly site?: string;
  readonly zone?: string;
  readonly gateway?: string;
  readonly device?: string;
  readonly link?: string;
}

export interface Acknowledgement {
  readonly who: string;
  readonly timeMs: number;
  readonly note?: string;
}

export const TIMELINE_STEPS = [
  'raised',
  'joined',
  'left',
  'severity',
  'acknowledged',
  'silenced',
  'unsilenced',
  'folded',
  'cleared',
] as const;

export interface TimelineEntry {
  readonly timeMs: number;
  readonly step: (typeof TIMELINE_STEPS)[number];
  /** The condition that joined or left, or the id of the event that was folded. */
  readonly what?: string;
  readonly words?: Words;
  /** Who acknowledged or silenced it, and what they said. */
  readonly who?: string;
  readonly note?: string;
}

export interface AlertEvent {
  readonly id: string;
  /** Of the cause; at most one event with it is open. */
  readonly key: string;
  readonly kind: CauseKind;
  readonly subject: string;
  readonly severity: AlertSeverity;
  /** When the first of it began, when it was raised, and when it ended: UTC. */
  readonly sinceMs: number;
  readonly raisedMs: number;
  readonly clearedMs?: number;
  /** Somebody is at it: nobody else is called. The newest, where there are several. */
  readonly acknowledged?: Acknowledgement;
  /** The event that it turned out to be a part of. */
  readonly foldedInto?: string;
  /** The event of the cause that this outlived. */
  readonly after?: string;
  readonly words: Words;
  /** What shows the cause, and the gateways and series that are silent because of it; as they last were where it has ended. */
  readonly causing: readonly AlertMember[];
  readonly silent: readonly AlertMember[];
  /** Keys of conditions that were told before its cause was: they are no trace of it, and are told again when it ends. */
  readonly toldBefore?: readonly string[];
  readonly timeline: readonly TimelineEntry[];
  /** Entries of the timeline past those that are kept: the oldest after the first go. */
  readonly timelineLeftOut: number;
}

export const MOST_TIMELINE = 200;
