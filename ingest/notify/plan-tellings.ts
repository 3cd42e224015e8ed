import { isDeepStrictEqual } from 'node:util';
import type { Contact, ContactWay, WayKind } from '../../core/alerts/contact.ts';
import { THRESHOLD_SEVERITIES } from '../../core/thresholds/threshold.ts';
import type { AlertEvent } from '../alerts/alert-event.ts';
import type { AlertSeverity, DeliveryItem, Telling } from './delivery.ts';
import { tellingKey } from './delivery.ts';
import { seesEvent } from './places-of.ts';
import { PlanDraft, type PlanStep } from './plan-draft.ts';
import { isHeldFor, isStateWay, laneOf, type PlanOptions, type PlanState, wayKey } from './plan-state.ts';

/** Ways by which somebody was told of one event, at most: addresses may change while it is open. */
const MOST_WAYS = 32;

export interface PlanInput {
  readonly nowMs: number;
  readonly open: readonly AlertEvent[];
  /** One that is open no more; undefined where it is kept no more. */
  readonly ended: (id: string) => AlertEvent | undefined;
  readonly contacts: readonly Contact[];
  readonly isSilenced: (event: AlertEvent) => boolean;
  /** Ids of what is being sent just now, and cannot be changed. */
  readonly underWay: ReadonlySet<string>;
  readonly newId: () => string;
  readonly options: PlanOptions;
}

/**
 * Compares what is with what everybody was told, and plans the difference. Because it goes by what is, and what was planned is kept
 * with the events, nothing is forgotten or planned twice however often it runs, or is killed.
 *
 * 1. Open, wanted and not silenced: told once by each way, also by one that its contact has since, and again when it is worse. Nobody is
 *    reminded.
 * 2. Over: told to those who were told that it began; where they have not yet been, one message says both.
 * 3. Silenced: taken back where not sent yet, and forgotten, so that it is told once the silence has ended.
 * 4. Not acknowledged for as long as its contact allows: told to the next. While somebody sleeps that time does not run.
 */
export function planTellings(state: PlanState, input: PlanInput): PlanStep {
  const draft = new PlanDraft(state);
  const contacts = new Map(input.contacts.map((one) => [one.id, one]));
  const planner = new Planner(draft, input, contacts);
  planner.dropGone();
  const open = new Map(input.open.map((event) => [event.id, event]));
  for (const event of open.values()) {
    const isSilenced = input.isSilenced(event);
    for (const contact of input.contacts) {
      if (isSilenced) planner.silence(event, contact);
      else planner.tell(event, contact);
    }
  }
  for (const telling of [...draft.tellings.values()]) {
    const contact = contacts.get(telling.contact);
    if (!contact) draft.forget(telling);
    else if (!open.has(telling.alert)) planner.end(telling, contact);
  }
  draft.sumUp(contacts, input.options, input.nowMs, input.underWay);
  return draft.done();
}

class Planner {
  readonly #draft: PlanDraft;
  readonly #input: PlanInput;
  readonly #contacts: ReadonlyMap<string, Contact>;

  constructor(draft: PlanDraft, input: PlanInput, contacts: ReadonlyMap<string, Contact>) {
    this.#draft = draft;
    this.#input = input;
    this.#contacts = contacts;
  }

  /** What waits for a contact or a way that is there no more; a way may have another secret by now. */
  dropGone(): void {
    const { nowMs, underWay } = this.#input;
    for (const waiting of [...this.#draft.lanes.values()]) {
      for (const one of waiting) {
        if (underWay.has(one.id)) continue;
        const ways = this.#contacts.get(one.contact)?.ways ?? [];
        const way = ways.find((each) => laneOf(one.contact, each, one.items[0]?.alert ?? '') === one.lane);
        if (!way) this.#draft.replace({ ...one, state: 'dropped', doneMs: nowMs });
        else if (!isDeepStrictEqual(way, one.way)) this.#draft.replace({ ...one, way });
      }
    }
    for (const [lane, { contact }] of this.#draft.broken) {
      const ways = this.#contacts.get(contact)?.ways ?? [];
      if (!ways.some((way) => laneOf(contact, way, '') === lane)) this.#draft.broken.delete(lane);
    }
  }

  tell(event: AlertEvent, contact: Contact): void {
    const { nowMs } = this.#input;
    const telling = this.#draft.tellings.get(tellingKey(event.id, contact.id));
    if (!telling) {
      if (!contact.severities.includes(event.severity) || !seesEvent(contact, event)) return;
      this.#draft.put({
        ...{ alert: event.id, contact: contact.id, severity: event.severity },
        ...{ toldMs: nowMs, look: lookOf(event), ways: contact.ways.map(wayKey) },
      });
      this.#say(event, contact, contact.ways, 'raised');
      return;
    }
    const now = this.#followed(this.#reached(telling, event, contact), event, contact);
    this.#escalate(now, event, contact);
  }

  silence(event: AlertEvent, contact: Contact): void {
    const telling = this.#draft.tellings.get(tellingKey(event.id, contact.id));
    if (!telling) return;
    this.#takeBack(telling, contact);
    this.#draft.forget(telling);
  }

  end(telling: Telling, contact: Contact): void {
    const { nowMs, ended, underWay } = this.#input;
    const event = ended(telling.alert);
    this.#draft.forget(telling);
    // A part of another event now, which is told in its stead.
    if (!event || event.foldedInto !== undefined) {
      this.#takeBack(telling, contact);
      return;
    }
    const endedMs = event.clearedMs ?? nowMs;
    for (const way of contact.ways) {
      if (telling.ways && !telling.ways.includes(wayKey(way))) continue;
      const unsent = this.#draft.unsent(contact.id, way, telling.alert, underWay);
      const [first] = unsent;
      if (isStateWay(way) && first?.items[0]?.what === 'raised') {
        // Never shown: there is nothing to be taken away.
        this.#draft.replace({ ...first, state: 'dropped', doneMs: nowMs });
        continue;
      }
      const isFound =
        !isStateWay(way) &&
        this.#draft.rewrite(unsent, telling.alert, (item) => ({ ...item, endedMs }), nowMs);
      if (!isFound) this.#queue(contact, way, this.#item(event, 'cleared', telling.severity));
    }
  }

  /** By ways that the contact did not have when it was told. */
  #reached(telling: Telling, event: AlertEvent, contact: Contact): Telling {
    const { ways: told = contact.ways.map(wayKey), isByEscalation } = telling;
    const isWanted = isByEscalation || contact.severities.includes(event.severity);
    const fresh = contact.ways.filter((way) => !told.includes(wayKey(way)));
    const isSame = fresh.length === 0 || !isWanted || !seesEvent(contact, event);
    if (isSame && telling.ways) return telling;
    const ways = isSame ? told : [...told, ...fresh.map(wayKey)].slice(-MOST_WAYS);
    const now = { ...telling, ways };
    this.#draft.put(now);
    if (!isSame) this.#say(event, contact, fresh, 'raised');
    return now;
  }

  #followed(telling: Telling, event: AlertEvent, contact: Contact): Telling {
    const { nowMs, underWay } = this.#input;
    let now = telling;
    const look = lookOf(event);
    const isWorse = rank(event.severity) < rank(telling.severity);
    if (look !== telling.look || isWorse) {
      const severity = isWorse ? event.severity : telling.severity;
      now = { ...telling, look, severity };
      this.#draft.put(now);
    }
    for (const way of contact.ways) {
      const { severity } = event;
      if (isStateWay(way)) {
        if (now !== telling) this.#queue(contact, way, this.#item(event, 'changed', severity));
      } else if (isWorse) {
        const unsent = this.#draft.unsent(contact.id, way, event.id, underWay);
        const isFound = this.#draft.rewrite(unsent, event.id, (item) => ({ ...item, severity }), nowMs);
        if (!isFound) this.#queue(contact, way, this.#item(event, 'worsened', severity));
      }
    }
    return now;
  }

  #escalate(telling: Telling, event: AlertEvent, contact: Contact): void {
    const { nowMs } = this.#input;
    const { escalateTo, escalateAfterS } = contact;
    const next = escalateTo === undefined ? undefined : this.#contacts.get(escalateTo);
    if (!next || escalateAfterS === undefined || event.acknowledged) return;
    const isNextTold = this.#draft.tellings.has(tellingKey(event.id, next.id));
    // Whom it went to may have been taken away since: then it goes to whoever is there instead.
    if (telling.isEscalated && isNextTold) return;
    if (isHeldFor(contact, nowMs, (severity) => severity === telling.severity)) {
      // Not worth a write: after a restart the same is found again.
      this.#draft.remember({ ...telling, toldMs: nowMs });
      return;
    }
    // Told ahead of now: the clock was set back since.
    const toldMs = Math.min(telling.toldMs, nowMs);
    if (toldMs !== telling.toldMs) this.#draft.put({ ...telling, toldMs });
    if (nowMs - toldMs < 1000 * escalateAfterS) return;
    this.#draft.put({ ...telling, isEscalated: true });
    if (!isNextTold)
      this.#draft.put({
        ...{ alert: event.id, contact: next.id, severity: event.severity, toldMs: nowMs },
        ...{ look: lookOf(event), isByEscalation: true, ways: next.ways.map(wayKey) },
      });
    this.#say(event, next, next.ways, 'escalated', contact.name);
  }

  #takeBack(telling: Telling, contact: Contact): void {
    const { nowMs, underWay, ended } = this.#input;
    for (const way of contact.ways) {
      const unsent = this.#draft.unsent(contact.id, way, telling.alert, underWay);
      if (!isStateWay(way)) this.#draft.rewrite(unsent, telling.alert, () => undefined, nowMs);
      else {
        const event = ended(telling.alert);
        const item = { alert: telling.alert, what: 'cleared', severity: telling.severity, timeMs: nowMs };
        this.#queue(
          contact,
          way,
          event ? this.#item(event, 'cleared', telling.severity) : (item as DeliveryItem),
        );
      }
    }
  }

  #say(
    event: AlertEvent,
    contact: Contact,
    ways: readonly ContactWay[],
    what: 'raised' | 'escalated',
    from?: string,
  ): void {
    for (const way of ways) {
      // That something cannot be delivered is not told by the way that it cannot be delivered by.
      if (event.key === deliveryKey(contact.id, way.kind)) continue;
      this.#queue(contact, way, this.#item(event, what, event.severity, from));
    }
  }

  #item(event: AlertEvent, what: DeliveryItem['what'], severity: AlertSeverity, from?: string): DeliveryItem {
    const { nowMs } = this.#input;
    return { alert: event.id, what, severity, timeMs: nowMs, ...(from === undefined ? {} : { from }) };
  }

  #queue(contact: Contact, way: ContactWay, item: DeliveryItem): void {
    const { nowMs, newId, underWay } = this.#input;
    if (isStateWay(way)) {
      // What is sent is read when it is sent: one that waits will say this too.
      const all = this.#draft.lanes.get(laneOf(contact.id, way, item.alert)) ?? [];
      const waiting = all.find(({ id }) => !underWay.has(id));
      if (waiting) {
        this.#draft.replace({ ...waiting, items: [item], dueMs: nowMs });
        return;
      }
    }
    // What is critical does not wait for the next try of what failed before it: whatever failed may be well again.
    const waiting = this.#draft.lanes.get(laneOf(contact.id, way, item.alert)) ?? [];
    if (item.severity === 'critical')
      for (const one of waiting)
        if (one.tries > 0 && !underWay.has(one.id)) this.#draft.replace({ ...one, dueMs: nowMs });
    this.#draft.add({
      ...{ id: newId(), contact: contact.id, way, lane: laneOf(contact.id, way, item.alert) },
      ...{ items: [item], more: 0, state: 'waiting', createdMs: nowMs, dueMs: nowMs, tries: 0 },
    });
  }
}

/** Key of the event that says that messages to somebody by a kind of way are given up. It names no address. */
export function deliveryKey(contact: string, kind: WayKind): string {
  return `delivery:${contact}/${kind}`;
}

function lookOf({ words, timeline, timelineLeftOut, severity }: AlertEvent): string {
  return `${severity} ${timeline.length + timelineLeftOut} ${words.en}`;
}

function rank(severity: AlertSeverity): number {
  return THRESHOLD_SEVERITIES.indexOf(severity);
}
