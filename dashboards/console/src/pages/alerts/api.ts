import type { Contact, WayKind } from '../../../../../core/alerts/contact.ts';
import type { Silence } from '../../../../../core/alerts/silence.ts';
import type { Words } from '../../../../../core/errors.ts';

/** Replies of the routes under /api/v1/alerts, /silences, /contacts and /deliveries. */
export type Severity = 'critical' | 'warning' | 'info';

export interface Place {
  readonly site?: string;
  readonly zone?: string;
  readonly gateway?: string;
  readonly device?: string;
  readonly link?: string;
}

export interface Member {
  readonly key: string;
  readonly kind: string;
  readonly subject: string;
  readonly severity: Severity;
  readonly sinceMs: number;
  readonly words: Words;
  readonly place?: Place;
  /** Id of the threshold that readings are wrong by. */
  readonly threshold?: string;
}

export const DELIVERY_STATES = ['waiting', 'sent', 'failed', 'dropped'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export interface TimelineEntry {
  readonly timeMs: number;
  readonly step: string;
  readonly what?: string;
  readonly words?: Words;
  readonly who?: string;
  readonly note?: string;
}

export interface Alert {
  readonly id: string;
  readonly key: string;
  readonly kind: string;
  readonly subject: string;
  readonly severity: Severity;
  readonly sinceMs: number;
  readonly raisedMs: number;
  readonly clearedMs?: number;
  readonly foldedInto?: string;
  readonly after?: string;
  readonly words: Words;
  readonly causing: readonly Member[];
  readonly silent: readonly Member[];
  readonly timeline: readonly TimelineEntry[];
  readonly timelineLeftOut: number;
  readonly acknowledged?: { readonly who: string; readonly timeMs: number; readonly note?: string };
  readonly silenced?: {
    readonly id: string;
    readonly who: string;
    readonly untilMs: number;
    readonly reason: string;
  };
  readonly deliveries: Readonly<Record<DeliveryState, number>>;
}

export interface AlertsReply {
  readonly alerts: readonly Alert[];
  readonly suppressed: readonly {
    readonly condition: Member;
    readonly maintenance: { readonly id: string; readonly untilMs: number; readonly reason: string };
  }[];
  readonly next?: string;
}

export interface SilencesReply {
  readonly silences: readonly Silence[];
}

export interface ContactsReply {
  readonly contacts: readonly Contact[];
}

export interface Delivery {
  readonly id: string;
  readonly alert: string;
  readonly alerts: readonly { readonly id: string; readonly what: string }[];
  readonly contact: string;
  readonly name: string;
  readonly way: WayKind;
  readonly state: DeliveryState;
  readonly tries: number;
  readonly timeMs: number;
  readonly doneMs?: number;
  readonly dueMs?: number;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface DeliveriesReply {
  readonly deliveries: readonly Delivery[];
}
