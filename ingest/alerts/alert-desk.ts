import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import type { Cancel, Clock } from '../../core/clock.ts';
import { asSluiceError, SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Link, Mesh } from '../../core/links/mesh.ts';
import type { Log } from '../../core/log.ts';
import type { SeriesKey } from '../../core/reading.ts';
import type { ReadingBatch } from '../../core/reading-batch.ts';
import type { JudgedNow } from '../self/threshold-points.ts';
import type { LinkFigures } from '../sla/budget/link-counts.ts';
import type { MaintenanceBook } from '../sla/maintenance/maintenance-book.ts';
import type { MaintenanceWindow } from '../sla/maintenance/maintenance-window.ts';
import type { Seen } from '../sla/outages/attribute.ts';
import { opened } from '../state-database.ts';
import type { Store } from '../stores/store.ts';
import type { AlertEvent, TimelineEntry } from './alert-event.ts';
import { AlertFile, type AlertFilter, type FoundAlert } from './alert-file.ts';
import { type Condition, isOfReadings, isPending } from './condition.ts';
import type { AlertsConfig } from './config.ts';
import { findCauses } from './find-causes.ts';
import { LinkWatches, REMEMBERED_MS } from './link-watches.ts';
import { type OwnTrouble, ownConditions } from './own-trouble.ts';
import { type GatewayNow, withReadings } from './reading-causes.ts';
import { type GatewayPresence, silentGateways } from './silent-gateways.ts';
import { type BookState, EMPTY_BOOK, stepBook, withEntry } from './step-book.ts';
import { ThresholdWatch, type WatchParts } from './threshold-watch.ts';
import { type Topology, topologyOf } from './topology.ts';
import { type SuppressedCondition, withoutMaintenance } from './under-maintenance.ts';

const CLEAR_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** A look that is later than this was held up: whoever spoke meanwhile has not been heard. */
const ASLEEP_MS = 10_000;
/** Looks are no closer to each other, however much changes. */
const LEAST_BETWEEN_MS = 250;

export interface EventsNow {
  readonly open: readonly AlertEvent[];
  /** Those that are not yet on the disk like that; some of them have ended. */
  readonly changed: readonly AlertEvent[];
}

export interface PlannedTelling {
  /** Puts it into `alerts.db`, as part of a commit. */
  readonly write: (db: DatabaseSync) => void;
  /** It is on the disk. */
  readonly done: () => void;
}

interface AlertDeskParts {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Pick<Store, 'scan' | 'last' | 'query'>;
  readonly mesh: () => Mesh;
  readonly gateways: () => Iterable<GatewayPresence>;
  readonly maintenance: Pick<MaintenanceBook, 'find'>;
  /** By what readings are judged. */
  readonly judging: Omit<WatchParts, 'clock' | 'store' | 'due'>;
  /** What ails this program itself just now. */
  readonly own: () => readonly OwnTrouble[];
  /** Whom messages about alerts do not reach; undefined while that is not known: then what was so still is. */
  readonly undelivered?: () => readonly Condition[] | undefined;
  /** What is to be told of events as they are about to be kept: in one commit with them. Never throws. */
  readonly tell?: (events: EventsNow) => PlannedTelling | undefined;
  /** Events have changed, and are on the disk as they are now. */
  readonly changed?: () => void;
}

/**
 * Looks every few seconds at what is wrong, and keeps a book of events, one per cause. Evidence is judged once it is stored. What is
 * wrong and what was told of it are kept together, so that after `kill -9` nothing is forgotten and nothing told twice; the
 * counts that burn rates need are read again from the store.
 */
export class AlertDesk implements Service {
  readonly name = 'alerts';
  readonly #config: AlertsConfig;
  readonly #parts: AlertDeskParts;
  #file: AlertFile | undefined;
  #book: BookState = EMPTY_BOOK;
  #conditions: ReadonlyMap<string, Condition> = new Map();
  #suppressed: readonly SuppressedCondition[] = [];
  #topology: { readonly version: string; readonly topology: Topology } | undefined;
  readonly #links: LinkWatches;
  readonly #watch: ThresholdWatch;
  readonly #troubledSince = new Map<string, number>();
  /** Since when this program has heard whoever spoke, without a break. */
  #listeningMs = 0;
  #isStopped = false;
  /** When the next look is due, and when the last was: by the clock that is never set. */
  #plannedMs = 0;
  #lookedMs = 0;
  #cancel: Cancel | undefined;
  #clearMs = 0;
  #trouble: SluiceError | undefined;
  #raised = 0;
  /** When it was last looked, by the clock of the day: a gap means that this program slept, or that the clock was set. */
  #seenMs = 0;
  /** When alerts were first judged here: gateways that had been gone for a day then are no news. */
  #begunMs = 0;

  constructor(config: AlertsConfig, parts: AlertDeskParts) {
    this.#config = config;
    this.#parts = parts;
    const { clock, store, judging } = parts;
    this.#links = new LinkWatches({ ...parts, outageAfterS: config.outageAfterS });
    this.#watch = new ThresholdWatch({
      ...{ ...judging, clock, store },
      due: (atMs) => this.hurry(atMs - clock.nowMs()),
    });
  }

  async start(): Promise<void> {
    this.#file = new AlertFile(this.#parts.folder);
    this.#begunMs = this.#file.begunMs(this.#parts.clock.nowMs());
    const { book, conditions } = this.#file.load();
    this.#book = book;
    this.#conditions = new Map(conditions.map((one) => [one.key, one]));
    this.#listeningMs = this.#parts.clock.nowMs();
    this.#seenMs = this.#listeningMs;
    this.#watch.restore(conditions);
    await this.#watch.build();
    this.#plan();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#links.stop();
    this.#file?.close();
    this.#file = undefined;
  }

  trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  /** Newest first. Throws `LEDGER_UNAVAILABLE`. */
  find(filter: AlertFilter): FoundAlert[] {
    return this.#opened().find(filter);
  }

  /** Throws `NOT_FOUND` or `LEDGER_UNAVAILABLE`. */
  get(id: string): AlertEvent {
    const event = this.peek(id);
    if (event) return event;
    throw new SluiceError('NOT_FOUND', { what: { en: `alert ${id}`, zh: `告警 ${id}` } });
  }

  /** Throws `LEDGER_UNAVAILABLE`. */
  peek(id: string): AlertEvent | undefined {
    return this.#opened().get(id);
  }

  /** Throws `NOT_FOUND`, `ALERT_ENDED` or `LEDGER_UNAVAILABLE`. */
  acknowledge(id: string, who: string, note?: string): AlertEvent {
    const before = this.get(id);
    if (before.clearedMs !== undefined) throw new SluiceError('ALERT_ENDED', { id });
    const by = { who, timeMs: this.#parts.clock.nowMs(), ...(note === undefined ? {} : { note }) };
    const event = withEntry({ ...before, acknowledged: by }, { step: 'acknowledged', ...by });
    this.#replace([event]);
    return event;
  }

  /** What somebody has said of events that are open. Throws `LEDGER_UNAVAILABLE`. */
  note(events: readonly AlertEvent[], entry: Omit<TimelineEntry, 'timeMs'>): void {
    const timeMs = this.#parts.clock.nowMs();
    const open = events.flatMap(({ key, id }) => {
      const now = this.#book.open.get(key);
      return now?.id === id ? now : [];
    });
    this.#replace(open.map((event) => withEntry(event, { timeMs, ...entry })));
  }

  #replace(events: readonly AlertEvent[]): void {
    if (events.length === 0) return;
    this.#opened().replace(events);
    const open = new Map(this.#book.open);
    for (const event of events) open.set(event.key, event);
    this.#book = { ...this.#book, open };
    this.#parts.changed?.();
  }

  /** What is wrong while somebody is at work on it, and is not told. */
  suppressed(): readonly SuppressedCondition[] {
    return this.#suppressed;
  }

  open(): readonly AlertEvent[] {
    return [...this.#book.open.values()];
  }

  /** What is known of links now, each asked for by itself: nothing before the evidence of the last hours has been read. Throws `LEDGER_UNAVAILABLE`. */
  figures(): (link: Link) => LinkFigures | undefined {
    const nowMs = this.#parts.clock.nowMs();
    const windows = this.#maintenance(nowMs);
    return (link) => this.#links.figures(link, nowMs, windows);
  }

  /** Since this process started. */
  get raised(): number {
    return this.#raised;
  }

  /** What is wrong by thresholds now, told or not. */
  wrongByThresholds(): readonly Condition[] {
    return [...this.#conditions.values()].filter((one) => isOfReadings(one) && !isPending(one));
  }

  /** The series that thresholds judge, and by which. */
  judged(): Iterable<JudgedNow> {
    return this.#watch.judged();
  }

  /** Thresholds, or what grows in a zone, have changed. */
  thresholdsChanged(): void {
    this.#watch.zonesChanged();
    this.hurry();
  }

  refused(key: SeriesKey, timeMs: number, value: number): void {
    this.#watch.refused(key, timeMs, value);
  }

  /** Looks again in `inMs`, or at once, and not only when the next look is due. */
  hurry(inMs = 0): void {
    if (!this.#cancel || this.#isStopped) return;
    const nowMs = this.#parts.clock.monotonicMs();
    const atMs = Math.max(nowMs, nowMs + inMs, this.#lookedMs + LEAST_BETWEEN_MS);
    if (atMs >= this.#plannedMs) return;
    this.#cancel();
    this.#plan(atMs - nowMs);
  }

  /** A batch is in the store. Never throws: what is wrong with one record is no matter of the others. */
  stored(batch: ReadingBatch, isHistory: boolean): void {
    this.#watch.stored(batch, isHistory);
    this.#links.stored(batch);
  }

  #plan(inMs = 1000 * this.#config.everyS): void {
    this.#plannedMs = this.#parts.clock.monotonicMs() + inMs;
    this.#cancel = this.#parts.clock.after(inMs, () => {
      this.#lookedMs = this.#parts.clock.monotonicMs();
      // What is due before the next look may say so while this one is at work.
      this.#plan();
      try {
        this.#look();
        if (this.#trouble) this.#parts.log.info('alerts are judged and kept again');
        this.#trouble = undefined;
      } catch (thrown) {
        const error = asSluiceError(thrown);
        if (!this.#trouble) this.#parts.log.error({ code: error.code, err: thrown }, error.message);
        this.#trouble = error;
      }
      void this.#watch.build().catch((thrown: unknown) => {
        const error = asSluiceError(thrown);
        this.#parts.log.error({ code: error.code, err: thrown }, error.message);
      });
    });
  }

  #look(): void {
    const { clock, mesh } = this.#parts;
    const nowMs = clock.nowMs();
    const topology = this.#topologyOf(mesh());
    this.#links.remember();
    const windows = this.#maintenance(nowMs);
    const found = new Map(this.#wrongNow(windows, nowMs).map((one) => [one.key, one]));
    const members = [...this.#book.open.values()].flatMap(({ causing, silent }) => [...causing, ...silent]);
    const toldBefore = new Set(members.map(({ key }) => key));
    const wrong = [...found.values()].filter((one) => !isPending(one));
    const { told, suppressed } = withoutMaintenance(wrong, mesh(), topology, {
      ...{ windows, nowMs, graceMs: 1000 * this.#config.joinS, toldBefore },
    });
    const seen = (link: string): Seen => this.#links.seen(link, nowMs);
    const isOther = (one: Condition) => isOfReadings(one) || one.kind === 'own' || one.kind === 'delivery';
    const causes = withReadings(
      findCauses(
        told.filter((one) => !isOther(one)),
        topology,
        seen,
      ),
      told.filter(isOther),
      { nowMs, toldBefore, gateway: this.#gatewayNow() },
    );
    const { settleS, joinS } = this.#config;
    const step = stepBook(this.#book, {
      ...{ nowMs, causes, topology, newId: randomUUID },
      options: { settleMs: 1000 * settleS, joinMs: 1000 * joinS },
    });
    const put = [...found.values()].filter((one) => this.#conditions.get(one.key) !== one);
    const removed = [...this.#conditions.keys()].filter((key) => !found.has(key));
    const isSame = step.effects.length + put.length + removed.length === 0;
    if (!isSame || !isDeepStrictEqual(step.state.excused, this.#book.excused)) {
      const events = step.effects.map(({ event }) => event);
      const told =
        events.length > 0
          ? this.#parts.tell?.({ open: [...step.state.open.values()], changed: events })
          : undefined;
      this.#opened().save({ events, put, removed, excused: step.state.excused }, told?.write);
      told?.done();
    }
    this.#book = step.state;
    this.#conditions = found;
    this.#suppressed = suppressed;
    for (const { kind, event } of step.effects) {
      if (kind === 'raised') this.#raised++;
      if (kind !== 'changed')
        this.#parts.log.info({ id: event.id, key: event.key, what: kind }, event.words.en);
    }
    this.#clear(nowMs);
    if (step.effects.length > 0) this.#parts.changed?.();
  }

  #wrongNow(windows: readonly MaintenanceWindow[], nowMs: number): Condition[] {
    const before = (key: string) => this.#conditions.get(key);
    const { gateways } = this.#parts;
    const silentMs = 1000 * this.#config.silentAfterS;
    const silent = silentGateways(gateways(), this.#conditions, nowMs, silentMs, this.#begunMs - DAY_MS);
    const ofLinks = this.#links.conditions(before, nowMs, windows);
    const undelivered =
      this.#parts.undelivered?.()?.map((one) => before(one.key) ?? one) ??
      [...this.#conditions.values()].filter(({ kind }) => kind === 'delivery');
    return [...silent, ...ofLinks, ...undelivered, ...this.#ofReadings(nowMs)];
  }

  /** And what ails this program, without which nothing could be said of readings. */
  #ofReadings(nowMs: number): Condition[] {
    const troubles = this.#parts.own();
    const names = new Set(troubles.map(({ name }) => name));
    for (const name of this.#troubledSince.keys()) if (!names.has(name)) this.#troubledSince.delete(name);
    for (const name of names) if (!this.#troubledSince.has(name)) this.#troubledSince.set(name, nowMs);
    const sinceSeenMs = nowMs - this.#seenMs;
    const hasSlept = sinceSeenMs < 0 || sinceSeenMs > 1000 * this.#config.everyS + ASLEEP_MS;
    this.#seenMs = nowMs;
    if (sinceSeenMs < 0) this.#watch.clockSetBack();
    if (troubles.length > 0 || hasSlept) this.#listeningMs = nowMs;
    const own = ownConditions(troubles, this.#troubledSince, (key) => this.#conditions.get(key), nowMs);
    const listening = { isAway: troubles.length > 0, sinceMs: this.#listeningMs };
    return [...own, ...this.#watch.conditions(nowMs, listening)];
  }

  #gatewayNow(): (site: string, gateway: string) => GatewayNow {
    let presences: Map<string, GatewayPresence> | undefined;
    return (site, gateway) => {
      presences ??= new Map(Array.from(this.#parts.gateways(), (one) => [one.name, one]));
      const presence = presences.get(`${site}/${gateway}`)?.presence;
      return { presence, ...this.#watch.gatewayHeard(site, gateway) };
    };
  }

  /** Throws `LEDGER_UNAVAILABLE`: rather nothing is told for a while than what somebody has said not to. */
  #maintenance(nowMs: number): MaintenanceWindow[] {
    return this.#parts.maintenance.find(nowMs - REMEMBERED_MS, nowMs + 1).filter((one) => !one.withdrawn);
  }

  #clear(nowMs: number): void {
    if (nowMs < this.#clearMs) return;
    this.#clearMs = nowMs + CLEAR_EVERY_MS;
    this.#opened().clear(nowMs - this.#config.keepDays * DAY_MS, this.#config.most);
    this.#links.forgetGone();
  }

  #topologyOf(mesh: Mesh): Topology {
    if (this.#topology?.version !== mesh.version)
      this.#topology = { version: mesh.version, topology: topologyOf(mesh) };
    return this.#topology!.topology;
  }

  #opened(): AlertFile {
    return opened(this.#file, 'alerts.db');
  }
}
