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

const FIRST_WAIT_MS = 10_000;
/** Longest time between two tries of a message, but for what keeps them apart from those of others. */
const LONGEST_WAIT_MS = 1_800_000;
/** What was tried so often holds up nobody behind it: it may be this message that the other end chokes on. */
const TRIES_IN_FRONT = 5;

export function laneOf(contact: string, way: ContactWay, alert: string): string {
  return isStateWay(way) ? `${contact}|${way.kind}|${alert}` : `${contact}|${wayKey(way)}`;
}

/** A way among those of a contact. */
export function wayKey(way: ContactWay): string {
  return `${way.kind}|${toOf(way)}`;
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
  return roomLeft(sentMs, { most, perMs }, nowMs) > underWay;
}

/** What was sent ahead of now was sent before the clock was set back: how long ago nobody knows. */
export function roomLeft(sentMs: readonly number[] = [], { most, perMs }: Rate, nowMs: number): number {
  return most - sentMs.filter((ms) => ms > nowMs - perMs && ms <= nowMs).length;
}

/** How long a message waits that was tried so often. */
export function waitMs(tries: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1));
}

/** Nothing is ever planned so far ahead but by a clock that was set back since. */
function isDue({ dueMs, tries }: Delivery, nowMs: number): boolean {
  return tries === 0 || dueMs <= nowMs || dueMs > nowMs + 1.25 * waitMs(tries);
}

/**
 * What may be sent now: of each lane that nothing is being sent in the first that is due. Where there is not room for all of it, what
 * is critical goes first, then what has not been tried yet.
 */
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
  const due: Delivery[] = [];
  for (const [lane, waiting] of lanes) {
    if (busy.has(lane)) continue;
    const first = waiting.find((one) => {
      const contact = contacts.get(one.contact);
      if (!contact || isHeld(one, contact, nowMs)) return false;
      return one.tries < TRIES_IN_FRONT || isDue(one, nowMs);
    });
    if (first && isDue(first, nowMs)) due.push(first);
  }
  const order = new Map(due.map((one) => [one, (isCritical(one) ? 0 : 1_000) + one.tries]));
  due.sort((a, b) => order.get(a)! - order.get(b)!);
  return due.filter((one) => {
    const { lane, way } = one;
    const count = counts.get(way.kind) ?? 0;
    if (!isStateWay(way)) {
      if (!hasRoom(sentMs.get(lane), options.perContact, nowMs)) return false;
      if (!hasRoom(sentMs.get(way.kind), options.perWay[way.kind], nowMs, count)) return false;
    }
    counts.set(way.kind, count + 1);
    return true;
  });
}

function isCritical({ items }: Delivery): boolean {
  return items.some(({ severity }) => severity === 'critical');
}

/** A way can send again: whatever was tried meanwhile need not wait for its next time. */
export function resumed(state: PlanState, kind: WayKind, nowMs: number): PlanState {
  const lanes = new Map(
    Array.from(state.lanes, ([lane, waiting]) => [
      lane,
      waiting.map((one) => (one.way.kind === kind && one.tries > 0 ? { ...one, dueMs: nowMs } : one)),
    ]),
  );
  return { ...state, lanes };
}
