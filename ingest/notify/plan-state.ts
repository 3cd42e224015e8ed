import type { Contact, ContactWay, WayKind } from '../../core/alerts/contact.ts';
import type { Delivery, DeliveryItem, Telling } from './delivery.ts';
import { isQuiet } from './is-quiet.ts';

/** What the planner remembers: who was told of what, and what is still to be sent. */
export interface PlanState {
  /** By alert and contact, of alerts that are open. */
  readonly tellings: ReadonlyMap<string, Telling>;
  /** What waits, by lane, in order. */
  readonly lanes: ReadonlyMap<string, readonly Delivery[]>;
  /** When something was sent, by lane and by kind of way, as far back as rates look. */
  readonly sentMs: ReadonlyMap<string, readonly number[]>;
  /** Lanes whose last message was given up. */
  readonly broken: ReadonlyMap<string, BrokenLane>;
}

export interface BrokenLane {
  readonly contact: string;
  readonly kind: WayKind;
  readonly sinceMs: number;
  readonly reason: string;
}

export const EMPTY_PLAN: PlanState = {
  tellings: new Map(),
  lanes: new Map(),
  sentMs: new Map(),
  broken: new Map(),
};

export interface Rate {
  readonly most: number;
  readonly perMs: number;
}

export interface PlanOptions {
  /** To one contact by one way. */
  readonly perContact: Rate;
  /** To all contacts by one kind of way. */
  readonly perWay: Readonly<Record<WayKind, Rate>>;
  /** How long after its first try a message is tried again. */
  readonly giveUpMs: number;
}

/** A way that shows what is, rather than telling of what happens: never held back, and never summed up. */
export function isStateWay({ kind }: ContactWay): boolean {
  return kind === 'mqtt';
}

export function laneOf(contact: string, way: ContactWay, alert: string): string {
  return isStateWay(way) ? `${contact}|${way.kind}|${alert}` : `${contact}|${way.kind}|${toOf(way)}`;
}

export function toOf(way: ContactWay): string {
  return 'to' in way ? way.to : '';
}

/** Somebody sleeps, and none of it is what they want to be woken for. */
export function isHeld({ way, items }: Delivery, contact: Contact, nowMs: number): boolean {
  if (isStateWay(way) || items.some(({ what }) => what === 'test')) return false;
  return isHeldFor(contact, nowMs, (severity) => items.some((item) => item.severity === severity));
}

export function isHeldFor(
  { quiet }: Contact,
  nowMs: number,
  has: (severity: DeliveryItem['severity']) => boolean,
): boolean {
  return quiet !== undefined && isQuiet(quiet, nowMs) && !(quiet.exceptCritical && has('critical'));
}

/** Whether one more may be sent now, `underWay` being sent just then. */
export function hasRoom(
  sentMs: readonly number[] = [],
  { most, perMs }: Rate,
  nowMs: number,
  underWay = 0,
): boolean {
  return sentMs.filter((ms) => ms > nowMs - perMs).length + underWay < most;
}

/** What may be sent now: of each lane that nothing is being sent in the first that is due. */
export function readyDeliveries(
  { lanes, sentMs }: PlanState,
  options: PlanOptions,
  now: {
    readonly nowMs: number;
    readonly contacts: ReadonlyMap<string, Contact>;
    /** By id, what is being sent. */
    readonly underWay: ReadonlyMap<string, Delivery>;
  },
): Delivery[] {
  const { nowMs, contacts, underWay } = now;
  const busy = new Set(Array.from(underWay.values(), ({ lane }) => lane));
  const counts = new Map<WayKind, number>();
  for (const { way } of underWay.values()) counts.set(way.kind, (counts.get(way.kind) ?? 0) + 1);
  const ready: Delivery[] = [];
  for (const [lane, waiting] of lanes) {
    if (busy.has(lane)) continue;
    const first = waiting.find((one) => {
      const contact = contacts.get(one.contact);
      return contact && !isHeld(one, contact, nowMs);
    });
    if (!first || first.dueMs > nowMs) continue;
    const { kind } = first.way;
    const count = counts.get(kind) ?? 0;
    if (!isStateWay(first.way)) {
      if (!hasRoom(sentMs.get(lane), options.perContact, nowMs)) continue;
      if (!hasRoom(sentMs.get(kind), options.perWay[kind], nowMs, count)) continue;
    }
    counts.set(kind, count + 1);
    ready.push(first);
  }
  return ready;
}
