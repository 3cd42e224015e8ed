import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Contact, WayKind } from '../../core/alerts/contact.ts';
import type { Silence } from '../../core/alerts/silence.ts';
import type { Cancel, Clock } from '../../core/clock.ts';
import { asSluiceError, SluiceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { EventsNow, PlannedTelling } from '../alerts/alert-desk.ts';
import type { AlertEvent } from '../alerts/alert-event.ts';
import { type Delivery, tellingKey } from './delivery.ts';
import { type NotifyFile, writePlan } from './notify-file.ts';
import type { PlanStep } from './plan-draft.ts';
import { planMove } from './plan-move.ts';
import { type DeliveryResult, planResults } from './plan-result.ts';
import {
  type BrokenLane,
  EMPTY_PLAN,
  isStateWay,
  type PlanOptions,
  type PlanState,
  readyDeliveries,
  resumed,
} from './plan-state.ts';
import { planTellings } from './plan-tellings.ts';
import { silencedBy } from './silenced-by.ts';
import type { Outgoing, Way } from './ways/way.ts';

const LOOK_EVERY_MS = 5_000;
const SEND_EVERY_MS = 1_000;
/** What is being sent when this is to stop has so long to get there: cut short, it is sent a second time by the next start. */
const FAREWELL_MS = 1_000;

interface CourierParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly file: NotifyFile;
  readonly open: () => readonly AlertEvent[];
  readonly peek: (id: string) => AlertEvent | undefined;
  readonly ways: ReadonlyMap<WayKind, Way>;
  readonly options: PlanOptions;
  readonly consoleUrl: string | undefined;
  readonly zone: string;
}

/**
 * Carries out what is planned: keeps each step of the plan before it acts by it, and sends what is ready, one message of a lane at a
 * time. Killed between a send and the note of it, it sends that message again with the same id.
 */
export class Courier {
  readonly #parts: CourierParts;
  #state: PlanState;
  #contacts: readonly Contact[] = [];
  #silences: readonly Silence[] = [];
  readonly #underWay = new Map<string, Delivery>();
  /** Ways that could send when that was last looked at. */
  readonly #up = new Set<WayKind>();
  readonly #sending = new Set<Promise<void>>();
  /** Of messages that were tried, until they are noted: all at once, as each note is a commit. */
  #results: DeliveryResult[] = [];
  #noting: Promise<void> | undefined;
  readonly #abort = new AbortController();
  #isStopped = false;
  readonly #cancels = new Set<Cancel>();
  #trouble: SluiceError | undefined;
  #sent = 0;
  #failed = 0;

  /** Throws `LEDGER_UNAVAILABLE`. */
  constructor(parts: CourierParts) {
    this.#parts = parts;
    const lanes = new Map<string, Delivery[]>();
    for (const one of parts.file.waiting()) lanes.set(one.lane, [...(lanes.get(one.lane) ?? []), one]);
    const { perContact, perWay } = parts.options;
    const longestMs = Math.max(perContact.perMs, ...Object.values(perWay).map(({ perMs }) => perMs));
    const past = pastOf(parts.file.done(parts.clock.nowMs() - longestMs));
    this.#state = { ...EMPTY_PLAN, ...past, tellings: parts.file.tellings(), lanes };
    this.refresh();
  }

  start(): void {
    this.#every(LOOK_EVERY_MS, () => this.look());
    this.#every(SEND_EVERY_MS, () => {
      this.#tidy();
      this.#send();
    });
    this.look();
  }

  /** Resolves when nothing is being sent any more; what the other end does not answer is not waited for. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const cancel of this.#cancels) cancel();
    const cancel = this.#parts.clock.after(FAREWELL_MS, () => this.#abort.abort());
    await Promise.all(this.#sending);
    cancel();
  }

  trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  /** Since this process started, and what waits now. */
  counts(): { readonly sent: number; readonly failed: number; readonly waiting: number } {
    const waiting = [...this.#state.lanes.values()].reduce((sum, lane) => sum + lane.length, 0);
    return { sent: this.#sent, failed: this.#failed, waiting };
  }

  broken(): ReadonlyMap<string, BrokenLane> {
    return this.#state.broken;
  }

  /** Contacts and silences are read again. Throws `LEDGER_UNAVAILABLE`. */
  refresh(): void {
    this.#contacts = this.#parts.file.contacts();
    this.#silences = this.#parts.file.silences();
  }

  /** Plans what there is to be told now, and sends what may be sent. Never throws. */
  look(): void {
    if (this.#isStopped) return;
    const { open, peek } = this.#parts;
    this.#tried(() => this.#take(this.#planned(open(), peek)));
    this.#send();
  }

  /** What is to be told of events that are about to be kept: whoever keeps them keeps it with them. Never throws. */
  along({ open, changed }: EventsNow): PlannedTelling | undefined {
    if (this.#isStopped) return undefined;
    const { peek } = this.#parts;
    const byId = new Map(changed.map((event) => [event.id, event]));
    let planned: PlannedTelling | undefined;
    this.#tried(() => {
      const { state, changes } = this.#planned(open, (id) => byId.get(id) ?? peek(id));
      const done = () => {
        this.#state = state;
      };
      planned = { write: (db) => writePlan(db, changes), done };
    });
    return planned;
  }

  /** What waits for a way that a contact has no longer goes by the one that it has instead. */
  moving(before: Contact, after: Contact): PlannedTelling {
    const underWay = new Set(this.#underWay.keys());
    const step = planMove(this.#state, before, after, {
      ...{ nowMs: this.#parts.clock.nowMs(), underWay, newId: randomUUID },
    });
    const done = () => {
      this.#state = step.state;
    };
    return { write: (db) => writePlan(db, step.changes), done };
  }

  #planned(open: readonly AlertEvent[], ended: (id: string) => AlertEvent | undefined): PlanStep {
    const { clock, options } = this.#parts;
    const nowMs = clock.nowMs();
    return planTellings(this.#state, {
      ...{ nowMs, options, open, ended, contacts: this.#contacts, newId: randomUUID },
      isSilenced: (event) => silencedBy(event, this.#silences, nowMs) !== undefined,
      underWay: new Set(this.#underWay.keys()),
    });
  }

  /** One message by each way of a contact, whatever the hour. Throws `LEDGER_UNAVAILABLE`. */
  test(contact: Contact, deliveries: readonly Delivery[]): void {
    const lanes = new Map(this.#state.lanes);
    for (const one of deliveries) lanes.set(one.lane, [...(lanes.get(one.lane) ?? []), one]);
    this.#parts.file.save({ deliveries, removed: [], tellings: [], forgotten: [] });
    this.#state = { ...this.#state, lanes };
    this.#parts.log.info({ contact: contact.id }, 'a test message is sent by each way of a contact');
    this.#send();
  }

  #take({ state, changes }: PlanStep): void {
    const { deliveries, removed, tellings, forgotten } = changes;
    if (deliveries.length + removed.length + tellings.length + forgotten.length > 0)
      this.#parts.file.save(changes);
    this.#state = state;
  }

  #send(): void {
    if (this.#isStopped) return;
    const { clock, options, ways } = this.#parts;
    for (const [kind, way] of ways) {
      const isUp = way.trouble?.() === undefined && way.isConnected?.() !== false;
      if (isUp && !this.#up.has(kind)) this.#state = resumed(this.#state, kind, clock.nowMs());
      if (isUp) this.#up.add(kind);
      else this.#up.delete(kind);
    }
    const contacts = new Map(this.#contacts.map((one) => [one.id, one]));
    const now = { nowMs: clock.nowMs(), contacts, underWay: this.#underWay };
    for (const delivery of readyDeliveries(this.#state, options, now)) {
      const way = ways.get(delivery.way.kind);
      const busy = [...this.#underWay.values()].filter((one) => one.way.kind === delivery.way.kind).length;
      if (way && (busy >= way.atOnce || way.isConnected?.() === false)) continue;
      const sending = this.#sendOne(delivery, contacts.get(delivery.contact)!, way).finally(() =>
        this.#sending.delete(sending),
      );
      this.#sending.add(sending);
    }
  }

  /** A contact may have gone, or taken a way from itself, while it showed an alert there. */
  #tidy(): void {
    const contacts = new Map(this.#contacts.map((one) => [one.id, one]));
    for (const [kind, way] of this.#parts.ways) {
      if (!way.tidy || !this.#up.has(kind)) continue;
      // What has ended is told so by a message of its own, as long as there is whoever it goes to.
      const waiting = new Set(
        [...this.#state.lanes.values()]
          .flat()
          .filter((one) => one.way.kind === kind && contacts.has(one.contact))
          .map(({ items }) => items[0]?.alert),
      );
      const isTold = (alert: string) =>
        waiting.has(alert) ||
        [...contacts.values()].some(
          ({ id, ways }) =>
            ways.some((one) => one.kind === kind) && this.#state.tellings.has(tellingKey(alert, id)),
        );
      const tidying = this.#unlessStopped(way.tidy(isTold)).then((error) => {
        if (error) this.#parts.log.debug({ way: kind, code: error.code }, `tidied later: ${error.message}`);
        this.#sending.delete(tidying);
      });
      this.#sending.add(tidying);
    }
  }

  async #sendOne(delivery: Delivery, contact: Contact, way: Way | undefined): Promise<void> {
    this.#underWay.set(delivery.id, delivery);
    let error: SluiceError | undefined;
    try {
      if (!way) throw new SluiceError('WAY_NOT_SET_UP', { way: delivery.way.kind });
      await this.#unlessStopped(way.send(this.#outgoing(delivery, contact), this.#abort.signal));
    } catch (thrown) {
      error = asSluiceError(thrown);
    }
    // What was cut short by the end of this process is tried again by the next, and is no failure.
    if (this.#abort.signal.aborted) return;
    const nowMs = this.#parts.clock.nowMs();
    this.#results.push({ delivery, nowMs, jitter: Math.random(), ...(error ? { error } : {}) });
    this.#noting ??= nextTurn().then(() => this.#note());
    await this.#noting;
  }

  #note(): void {
    const results = this.#results;
    this.#results = [];
    this.#noting = undefined;
    for (const { delivery } of results) this.#underWay.delete(delivery.id);
    this.#tried(() => this.#take(planResults(this.#state, results, this.#parts.options)));
    for (const { delivery, error } of results) {
      const { id, contact, way, lane, tries } = delivery;
      if (!error) {
        this.#sent++;
        continue;
      }
      const isGivenUp = !this.#state.lanes.get(lane)?.some((one) => one.id === id);
      if (isGivenUp) this.#failed++;
      if (!isGivenUp && tries > 0) continue;
      const what = isGivenUp ? 'a message is given up' : 'a message is tried again later';
      this.#parts.log.warn({ id, contact, way: way.kind, code: error.code }, `${what}: ${error.message}`);
    }
    this.#send();
  }

  /** Undefined once the farewell is over, whatever the work still waits for. */
  async #unlessStopped<T>(work: Promise<T>): Promise<T | undefined> {
    const { signal } = this.#abort;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const end = () => resolve(undefined);
    signal.addEventListener('abort', end, { once: true });
    try {
      return await Promise.race([work, promise]);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  #outgoing(delivery: Delivery, contact: Contact): Outgoing {
    const { consoleUrl, peek, zone, clock } = this.#parts;
    const entries = delivery.items.map((item) => ({
      item,
      event: item.alert === '' ? undefined : peek(item.alert),
    }));
    const [first] = entries;
    const isSilenced =
      first?.event !== undefined && silencedBy(first.event, this.#silences, clock.nowMs()) !== undefined;
    const shortLink = consoleUrl === undefined ? undefined : `${consoleUrl.replace(/\/+$/, '')}/#/alerts`;
    const only = entries.length === 1 && first?.event ? `/${first.event.id}` : '';
    return {
      ...{ delivery, contact, entries, isSilenced, more: delivery.more, language: contact.language },
      zone: contact.quiet?.zone ?? zone,
      link: shortLink === undefined ? undefined : `${shortLink}${only}`,
      shortLink,
    };
  }

  /** The disk may refuse for a while: what is planned then is planned again by the next look. */
  #tried(work: () => void): void {
    const { log } = this.#parts;
    try {
      work();
      if (this.#trouble) log.info('alerts are told and noted again');
      this.#trouble = undefined;
    } catch (thrown) {
      const error = asSluiceError(thrown);
      if (!this.#trouble) log.error({ code: error.code, err: thrown }, error.message);
      this.#trouble = error;
    }
  }

  #every(ms: number, work: () => void): void {
    const cancel = this.#parts.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      if (this.#isStopped) return;
      work();
      this.#every(ms, work);
    });
    this.#cancels.add(cancel);
  }
}

/** What a plan remembers of messages that are done, given in their order: how much was sent lately, and by which lanes nothing gets out. */
function pastOf(done: readonly Delivery[]): Pick<PlanState, 'sentMs' | 'broken'> {
  const sentMs = new Map<string, number[]>();
  const broken = new Map<string, BrokenLane>();
  for (const { lane, way, contact, state, doneMs = 0, error } of done) {
    if (isStateWay(way)) continue;
    if (state === 'failed')
      broken.set(lane, {
        ...{ contact, kind: way.kind, reason: error?.message ?? '' },
        sinceMs: broken.get(lane)?.sinceMs ?? doneMs,
      });
    if (state !== 'sent') continue;
    broken.delete(lane);
    for (const key of [lane, way.kind]) sentMs.set(key, [...(sentMs.get(key) ?? []), doneMs]);
  }
  return { sentMs, broken };
}
