import type { ContactWay } from '../../core/alerts/contact.ts';
import type { THRESHOLD_SEVERITIES } from '../../core/thresholds/threshold.ts';

export type AlertSeverity = (typeof THRESHOLD_SEVERITIES)[number];

export const DELIVERY_STATES = ['waiting', 'sent', 'failed', 'dropped'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export const TELL_KINDS = ['raised', 'worsened', 'changed', 'cleared', 'escalated', 'test'] as const;

/** One thing to be said of one alert. */
export interface DeliveryItem {
  /** Id of the alert; empty of a test. */
  readonly alert: string;
  readonly what: (typeof TELL_KINDS)[number];
  readonly severity: AlertSeverity;
  readonly timeMs: number;
  /** It was over before it could be told. */
  readonly endedMs?: number;
  /** Who did not acknowledge it, where it is escalated: name of a contact. */
  readonly from?: string;
}

/** One message to one contact by one way; of several items it is a digest. */
export interface Delivery {
  /** The same at each try: receivers know by it what they have had already. */
  readonly id: string;
  readonly contact: string;
  readonly way: ContactWay;
  /** Deliveries of one lane go one after the other. */
  readonly lane: string;
  readonly items: readonly DeliveryItem[];
  /** Items past those that are kept. */
  readonly more: number;
  readonly state: DeliveryState;
  readonly createdMs: number;
  /** Not before. */
  readonly dueMs: number;
  readonly tries: number;
  readonly firstTryMs?: number;
  /** When it was sent, given up or dropped. */
  readonly doneMs?: number;
  readonly error?: { readonly code: string; readonly message: string };
}

/** What a contact has been told of an event, or is about to be. */
export interface Telling {
  readonly alert: string;
  readonly contact: string;
  /** The gravest that was told. */
  readonly severity: AlertSeverity;
  readonly toldMs: number;
  /** What the alert looked like: ways that show a state are told of every change. */
  readonly look: string;
  /** By which of its ways, as `wayKey` has them; not kept by programs of before. */
  readonly ways?: readonly string[];
  /** Whoever comes after this contact has been told. */
  readonly isEscalated?: boolean;
  /** Told because another did not acknowledge it. */
  readonly isByEscalation?: boolean;
}

export function tellingKey(alert: string, contact: string): string {
  return `${alert} ${contact}`;
}
