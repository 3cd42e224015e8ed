import type { Contact, ContactWay } from '../../core/alerts/contact.ts';
import { THRESHOLD_SEVERITIES } from '../../core/thresholds/threshold.ts';
import { type Delivery, type DeliveryItem, type Telling, tellingKey } from './delivery.ts';
import type { PlanChanges } from './notify-file.ts';
import {
  type BrokenLane,
  hasRoom,
  isHeld,
  isStateWay,
  laneOf,
  type PlanOptions,
  type PlanState,
  roomLeft,
} from './plan-state.ts';

/** A digest names so many; the rest is counted. */
const MOST_ITEMS = 50;
/** More messages at once are one: whoever gets twenty in a minute reads none. */
const MOST_APART = 3;

export interface PlanStep {
  readonly state: PlanState;
  /** What has to be on the disk before anything is done by it. */
  readonly changes: PlanChanges;
}

/** A plan while it is being changed; what it was made from stays as it was. */
export class PlanDraft {
  /** Copied once something of them changes: there may be a hundred thousand, and most steps change one lane. */
  #tellings: Map<string, Telling> | undefined;
  #lanes: Map<string, Delivery[]> | undefined;
  /** Lanes that are this draft's own, and may be added to. */
  readonly #own = new Set<string>();
  readonly broken: Map<string, BrokenLane>;
  readonly sentMs: Map<string, readonly number[]>;
  readonly #changed = new Map<string, Delivery>();
  readonly #removed = new Set<string>();
  readonly #told = new Map<string, Telling>();
  readonly #forgotten = new Set<string>();
  readonly #before: PlanState;

  constructor(state: PlanState) {
    this.#before = state;
    this.broken = new Map(state.broken);
    this.sentMs = new Map(state.sentMs);
  }

  get tellings(): ReadonlyMap<string, Telling> {
    return this.#tellings ?? this.#before.tellings;
  }

  get lanes(): ReadonlyMap<string, readonly Delivery[]> {
    return this.#lanes ?? this.#before.lanes;
  }

  /** What need not be on the disk: it is found again after a restart. */
  remember(telling: Telling): void {
    this.#tellings ??= new Map(this.#before.tellings);
    this.#tellings.set(tellingKey(telling.alert, telling.contact), telling);
  }

  put(telling: Telling): void {
    const key = tellingKey(telling.alert, telling.contact);
    this.remember(telling);
    this.#told.set(key, telling);
    this.#forgotten.delete(key);
  }

  forget({ alert, contact }: Telling): void {
    const key = tellingKey(alert, contact);
    this.#tellings ??= new Map(this.#before.tellings);
    this.#tellings.delete(key);
    this.#told.delete(key);
    this.#forgotten.add(key);
  }

  /** Puts one in the place of the one with its id, or takes that out of its lane where it is done. */
  replace(delivery: Delivery): void {
    const others = this.lanes.get(delivery.lane) ?? [];
    const rest =
      delivery.state === 'waiting'
        ? others.map((one) => (one.id === delivery.id ? delivery : one))
        : others.filter(({ id }) => id !== delivery.id);
    this.#setLane(delivery.lane, rest);
    this.#changed.set(delivery.id, delivery);
  }

  add(delivery: Delivery): void {
    const { lane } = delivery;
    if (!this.#own.has(lane)) this.#setLane(lane, [...(this.lanes.get(lane) ?? []), delivery]);
    else this.#lanes!.get(lane)!.push(delivery);
    this.#changed.set(delivery.id, delivery);
  }

  /** What a contact has not been sent yet by a way, nor tried to: it can still be changed. */
  unsent(contact: string, way: ContactWay, alert: string, underWay: ReadonlySet<string>): Delivery[] {
    return (this.lanes.get(laneOf(contact, way, alert)) ?? []).filter(
      (one) => one.tries === 0 && !underWay.has(one.id),
    );
  }

  /** Changes what is yet to be said of an alert, or takes it back (undefined). True where there was any. */
  rewrite(
    unsent: readonly Delivery[],
    alert: string,
    change: (item: DeliveryItem) => DeliveryItem | undefined,
    nowMs: number,
  ): boolean {
    let isFound = false;
    for (const one of unsent) {
      if (!one.items.some((item) => item.alert === alert)) continue;
      isFound = true;
      const items = one.items.flatMap((item) => (item.alert === alert ? (change(item) ?? []) : item));
      this.replace(items.length > 0 ? { ...one, items } : { ...one, state: 'dropped', doneMs: nowMs });
    }
    return isFound;
  }

  /**
   * Whatever waits together becomes one message: what somebody sleeps through, what comes faster than it may be sent, and an outage
   * of everything, which would use up all that may be sent with the first few of it.
   */
  sumUp(
    contacts: ReadonlyMap<string, Contact>,
    options: PlanOptions,
    nowMs: number,
    underWay: ReadonlySet<string>,
  ): void {
    for (const [lane, waiting] of this.lanes) {
      const first = waiting[0];
      const contact = first && contacts.get(first.contact);
      if (!contact || waiting.length < 2 || isStateWay(first.way)) continue;
      const open = waiting.filter((one) => one.tries === 0 && !underWay.has(one.id));
      const held = open.filter((one) => isHeld(one, contact, nowMs));
      const now = open.filter((one) => !held.includes(one));
      const room = Math.min(MOST_APART, roomLeft(this.sentMs.get(lane), options.perContact, nowMs));
      const isStuck =
        waiting.some(({ tries }) => tries > 0) ||
        now.length > room ||
        !hasRoom(this.sentMs.get(first.way.kind), options.perWay[first.way.kind], nowMs);
      this.#merge(held);
      if (isStuck) this.#merge(now);
    }
  }

  done(): PlanStep {
    const { tellings, lanes, broken, sentMs } = this;
    const removed = [...this.#removed].filter((id) => !this.#changed.has(id));
    this.#own.clear();
    return {
      state: { tellings, lanes, broken, sentMs },
      changes: {
        deliveries: [...this.#changed.values()],
        ...{ removed, tellings: [...this.#told.values()], forgotten: [...this.#forgotten] },
      },
    };
  }

  #merge([into, ...others]: readonly Delivery[]): void {
    if (!into || others.length === 0) return;
    const all = [into, ...others].flatMap(({ items }) => items);
    const more = [into, ...others].reduce((sum, one) => sum + one.more, 0);
    const named = [...all].sort((a, b) => nameRank(a) - nameRank(b));
    const items = named.slice(0, MOST_ITEMS);
    const gone = new Set(others.map(({ id }) => id));
    this.#setLane(
      into.lane,
      this.lanes.get(into.lane)!.filter(({ id }) => !gone.has(id)),
    );
    for (const id of gone) {
      this.#changed.delete(id);
      this.#removed.add(id);
    }
    this.replace({ ...into, items, more: more + all.length - items.length });
  }

  /** `waiting` is nobody else's. */
  #setLane(lane: string, waiting: Delivery[]): void {
    this.#lanes ??= new Map(this.#before.lanes) as Map<string, Delivery[]>;
    this.#own.add(lane);
    if (waiting.length > 0) this.#lanes.set(lane, waiting);
    else {
      this.#lanes.delete(lane);
      this.#own.delete(lane);
    }
  }
}

/** What is wrong now is named before what is over already, and what is worst first. */
function nameRank({ what, endedMs, severity }: DeliveryItem): number {
  const isOver = what === 'cleared' || endedMs !== undefined;
  return THRESHOLD_SEVERITIES.indexOf(severity) + (isOver ? THRESHOLD_SEVERITIES.length : 0);
}
