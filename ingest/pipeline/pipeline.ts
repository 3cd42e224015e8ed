import { delay } from '../../core/clock.ts';
import type { SluiceError } from '../../core/errors.ts';
import { EVENT_METRIC, parseGatewayEvent } from '../../core/gateway-event.ts';
import type { LedgerMark } from '../../core/ledger.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Metric } from '../../core/sparkplug/payload.ts';
import { statusOf } from '../../core/sparkplug/status.ts';
import type { PipelineConfig } from '../config.ts';
import type { LedgerBook } from '../ledger/ledger-book.ts';
import { PendingMessage } from '../ledger/pending-message.ts';
import { PendingRanges } from '../ledger/pending-ranges.ts';
import { letterIdentity, refusedMetric } from '../letters/refused-reading.ts';
import type { IncomingReadings } from '../session/host-effect.ts';
import type { PlainData } from '../session/plain-data.ts';
import type { Store } from '../stores/store.ts';
import { type Accounting, countDropped, type GatewayAccount } from './accounting.ts';
import {
  checkNumber,
  checkTime,
  checkValue,
  isTimePossible,
  type Refusal,
  refusal,
} from './check-reading.ts';
import { Lane } from './lane.ts';
import { type OpenMetric, OpenMetrics, type Placements } from './open-metrics.ts';
import { GIVEN_UP } from './receipt.ts';
import { Settlement, type SettlementParts } from './settlement.ts';
import { Writer } from './writer.ts';

/** Characters of text held at most, as `maxPendingReadings` bounds only their number. */
const MOST_PENDING_TEXT = 16 * 1024 * 1024;
/** How long the store may take for its last answers, so that the whole stops within five seconds. */
const STOP_MS = 2_000;

interface PipelineParts extends SettlementParts {
  readonly store: Pick<Store, 'write'>;
  readonly ledger: SettlementParts['ledger'] & Pick<LedgerBook, 'find' | 'confirmAgain'>;
  readonly accounting: Accounting;
  readonly placements?: Placements | undefined;
}

/**
 * From what gateways send to what the store has. Readings are checked one by one and gathered in columns, what happens now
 * and history each in a lane of its own, so that a backlog does not keep live readings waiting; within a lane order is
 * kept. A store that is away is tried again with the same batch until it answers; meanwhile `isBraking` tells the subscriber
 * to pause. When that has lasted too long, reading goes on: what comes again by itself, because its gateway keeps a ledger,
 * is deferred when half of the room is taken if it is history, and when all of it is taken if not; what does not is dropped
 * past `maxPendingReadings`, and counted with the time it covers.
 *
 * A message that somebody asks after (a ledger, the holder of a receipt) lies within one batch. Once all of that is durable,
 * they are told which of its readings are stored and which were refused for good (`Settlement`).
 *
 * Past 400 lines because the two ways of taking, all at once and one by one, must judge room, repeats and lanes alike.
 */
export class Pipeline implements Service {
  readonly name = 'pipeline';
  readonly #config: PipelineConfig;
  readonly #parts: PipelineParts;
  readonly #metrics: OpenMetrics;
  readonly #settlement: Settlement;
  readonly #pending = new PendingRanges();
  readonly #live: Lane;
  readonly #history: Lane;
  readonly #writer: Writer;
  readonly #abort = new AbortController();
  #waiting: (() => void)[] = [];
  #storeError: SluiceError | undefined;

  constructor(config: PipelineConfig, parts: PipelineParts) {
    this.#config = config;
    this.#parts = parts;
    this.#metrics = new OpenMetrics(config.maxSeriesPerGateway, parts.refusals, parts.placements);
    this.#settlement = new Settlement(this.#metrics, this.#pending, parts);
    const laneParts = {
      ...{ store: parts.store, clock: parts.clock, settlement: this.#settlement, signal: this.#abort.signal },
      answered: () => this.#storeAnswered(),
      failed: (error: SluiceError) => this.#storeFailed(error),
    };
    this.#live = new Lane(this.#metrics.table, laneParts);
    this.#history = new Lane(this.#metrics.table, laneParts, true);
    const lanes = { live: this.#live, history: this.#history };
    this.#writer = new Writer(config, lanes, parts.clock, () => this.#letIn());
  }

  async start(): Promise<void> {}

  /** Devices stand in other zones: readings that come from now on belong there. */
  rebind(): void {
    this.#metrics.rebind();
  }

  /** Writes what is there, with one more try for each batch, and counts as dropped what the store did not take. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#writer.stop();
    const drained = new AbortController();
    const drain = this.#writer.drain().finally(() => drained.abort());
    await Promise.race([drain, delay(this.#parts.clock, STOP_MS, drained.signal)]);
    this.#letIn();
    if (this.pendingReadings > 0) {
      const lost = { readings: this.pendingReadings };
      this.#parts.log.error(lost, 'stopping without an answer of the store: these readings may be lost');
    }
  }

  /** What the store last said, while it cannot be written to. */
  trouble(): SluiceError | undefined {
    return this.#storeError;
  }

  get pendingReadings(): number {
    return this.#live.pendingReadings + this.#history.pendingReadings;
  }

  /**
   * Whoever reads from a broker should pause: the store is at work, and what comes now would only pile up. Not once the store has
   * stalled: a reader that pauses for long fills the memory of its broker, which ends the connection at last.
   */
  get isBraking(): boolean {
    if (this.#writer.isStalled) return false;
    return (
      this.isCrowded || this.#isFull(this.#live) || (this.#isFull(this.#history) && !this.#writer.isSlow)
    );
  }

  /** As much is gathered as the store will take a second for: what comes after it would have to wait for all of that. */
  #isFull(lane: Lane, andReadings = 1): boolean {
    return lane.filling.rows.length + andReadings > this.#writer.rowsPerS;
  }

  /** Half of the room is taken: the rest is for what happens now. */
  get isCrowded(): boolean {
    return (
      this.pendingReadings * 2 >= this.#config.maxPendingReadings ||
      this.#pendingText * 2 >= MOST_PENDING_TEXT
    );
  }

  get #pendingText(): number {
    return this.#live.pendingText + this.#history.pendingText;
  }

  /** Messages without a row take room as well, so there are only so many of them. */
  get #hasTooManyMessages(): boolean {
    const messages = this.#live.filling.messages.length + this.#history.filling.messages.length;
    return messages >= this.#config.maxPendingReadings;
  }

  /** Calls `fn` once, when it is crowded no longer or everything stops. */
  whenRoom(fn: () => void): void {
    this.#waiting.push(fn);
  }

  /** Somebody waits for an answer: what is there is written now, or as soon as the write under way has ended. */
  hurry(): void {
    this.#writer.hurry(this.#live);
    this.#writer.hurry(this.#history);
  }

  take(incoming: IncomingReadings): void {
    const { plain } = incoming;
    const isHistorical = plain ? plain.isHistorical : incoming.metrics[0]?.isHistorical;
    const lane = isHistorical ? this.#history : this.#live;
    if (plain && this.#takePlain(lane, incoming, plain)) return;
    const { site, gateway, metrics, isBirth } = incoming;
    const account = this.#parts.accounting.of(site, gateway);
    const message = this.#begin(lane, incoming);
    if (message === 'done' || message === 'deferred') {
      account[message === 'done' ? 'repeated' : 'deferred'] += metrics.length;
      return;
    }
    account.received += metrics.length;
    const live = this.#parts.live && !isBirth ? [] : undefined;
    this.#takeMetrics(lane, incoming, account, message, live);
    this.#taken(lane, message, live);
  }

  /** Puts into `live` the rows that are not history. */
  #takeMetrics(
    lane: Lane,
    incoming: IncomingReadings,
    account: GatewayAccount,
    message: PendingMessage | undefined,
    live: number[] | undefined,
  ): void {
    const { metrics, definitions, defaultTimeMs, numbered } = incoming;
    const { rows } = lane.filling;
    const nowMs = this.#parts.clock.nowMs();
    for (const { position, code } of numbered?.leftOut ?? []) message?.leaveOut(position, code);
    for (let index = 0; index < metrics.length; index++) {
      const metric = metrics[index]!;
      const definition = definitions[index]!;
      const position = numbered?.positions?.[index] ?? index;
      const timeMs = metric.timeMs ?? defaultTimeMs;
      const isEvent = numbered !== undefined && definition.name === EVENT_METRIC && definition.device === '';
      const row = rows.length;
      const problem = isEvent
        ? this.#takeEvent(lane, metric, timeMs, account, message)
        : this.#takeOne(
            lane,
            this.#metrics.open(definition, account),
            metric,
            timeMs,
            nowMs,
            account,
            message,
            position,
          );
      if (live && rows.length > row && !metric.isHistorical) live.push(row);
      if (problem) {
        this.#settlement.reject(account, problem, 1);
        message?.reject(position, problem);
        this.#keepMetric(incoming, index, position, problem);
      }
    }
  }

  /** Takes all readings of plain data at once. False, with nothing done, where one of them would be refused or dropped. */
  #takePlain(lane: Lane, incoming: IncomingReadings, plain: PlainData): boolean {
    const { places, timesMs, values, isHistorical } = plain;
    const { length } = values;
    const { maxPendingReadings, maxAheadS } = this.#config;
    const { rows } = lane.filling;
    if (this.pendingReadings + length > maxPendingReadings || this.#hasTooManyMessages || !this.#hasRoom(0))
      return false;
    const account = this.#parts.accounting.of(incoming.site, incoming.gateway);
    const message = this.#begin(lane, incoming);
    if (message === 'done' || message === 'deferred') {
      account[message === 'done' ? 'repeated' : 'deferred'] += length;
      return true;
    }
    const latestMs = this.#parts.clock.nowMs() + maxAheadS * 1000;
    const start = rows.length;
    for (let index = 0; index < length; index++) {
      const open = this.#metrics.openPlace(places[index]!, account);
      const timeMs = Number.isNaN(timesMs[index]!) ? incoming.defaultTimeMs : timesMs[index]!;
      const value = 'code' in open ? Number.NaN : checkNumber(open, values[index]!);
      if (Number.isNaN(value) || !isTimePossible(timeMs, latestMs)) {
        rows.length = start;
        return false;
      }
      rows.push((open as OpenMetric).seriesId, timeMs, value, 0);
    }
    account.received += length;
    account.inFlight += length;
    if (message) message.rows = length;
    const live = this.#parts.live && !isHistorical ? places.map((_, index) => start + index) : undefined;
    this.#taken(lane, message, live);
    return true;
  }

  /** A message is in its lane: `live` are its rows that say what is now. */
  #taken(lane: Lane, message: PendingMessage | undefined, live: readonly number[] | undefined): void {
    if (message) {
      lane.filling.messages.push(message);
      if (message.numbered) this.#pending.add(message.numbered.handle.ledger, message);
    }
    if (live && live.length > 0) this.#parts.live?.taken(lane.filling.rows, live);
    this.#writer.pump(lane);
  }

  #keepMetric(
    { metrics, definitions, defaultTimeMs: sentMs, numbered, receipt, ...sender }: IncomingReadings,
    index: number,
    position: number,
    problem: Refusal,
  ): void {
    if (receipt?.keepsRefused) return;
    const metric = metrics[index]!;
    this.#parts.letters.keep(sender, problem, () => {
      const identity = numbered && letterIdentity(numbered.mark, position);
      return refusedMetric(metric, definitions[index]!, {
        timeMs: metric.timeMs ?? sentMs,
        sentMs,
        identity,
      });
    });
  }

  /** `undefined` where nobody asks, or no account can be kept of it just now; `'done'` where a first copy is settled or waits. */
  #begin(lane: Lane, incoming: IncomingReadings): PendingMessage | 'done' | 'deferred' | undefined {
    const { site, gateway, numbered, receipt, plain } = incoming;
    if (!numbered && !receipt) return undefined;
    if (this.#hasTooManyMessages) {
      receipt?.settled(GIVEN_UP);
      return numbered && 'deferred';
    }
    const startRow = lane.filling.rows.length;
    const handle = numbered && this.#parts.ledger.find(site, gateway, numbered.mark);
    if (!numbered || !handle) return receipt && new PendingMessage(undefined, receipt, startRow);
    const { mark } = numbered;
    const range = { first: mark.first, last: mark.first + mark.count - 1 };
    if (handle.ledger.isDone(range)) {
      this.#parts.ledger.confirmAgain(handle, range);
      const stored = plain ? plain.values.length : incoming.metrics.length;
      receipt?.settled({ stored, rejected: [], isWhole: true });
      return 'done';
    }
    // The holder of a receipt is told of its own copy, so that one is taken.
    if (!receipt && this.#pending.has(handle.ledger, range)) return 'done';
    if (!this.#isDeferred(lane, incoming)) return new PendingMessage({ handle, mark }, receipt, startRow);
    receipt?.settled(GIVEN_UP);
    return 'deferred';
  }

  /**
   * Whether a message that comes again by itself is left for later: while the store cannot keep up, half of the room is for
   * what happens now, and a backlog waits where it is safe, in its gateway.
   */
  #isDeferred(lane: Lane, { plain, metrics }: IncomingReadings): boolean {
    const readings = plain ? plain.values.length : metrics.length;
    if (lane === this.#history)
      return this.isCrowded || (this.#isFull(lane, readings) && this.#writer.isSlow);
    return this.isCrowded && this.pendingReadings + readings > this.#config.maxPendingReadings;
  }

  /** Readings that a gateway had to give up: old ones, so noted in turn with history. */
  takeDropped(site: string, gateway: string, mark: LedgerMark): void {
    const { dropped } = this.#history.filling;
    if (dropped.length >= this.#config.maxPendingReadings) return;
    const handle = this.#parts.ledger.find(site, gateway, mark);
    if (!handle) return;
    dropped.push({ handle, mark });
    this.#writer.pump(this.#history);
  }

  /** Counts and reports what never became a reading of a known metric. */
  refuse(site: string, gateway: string, error: SluiceError, readings: number): void {
    const account = this.#parts.accounting.of(site, gateway);
    account.received += readings;
    this.#settlement.reject(account, { code: error.code, describe: () => error }, readings);
  }

  /** A gateway of which nothing but refusals was counted; without this, made-up names would fill the memory. */
  forget(site: string, gateway: string): void {
    this.#parts.accounting.forget(site, gateway);
  }

  #takeOne(
    lane: Lane,
    open: OpenMetric | Refusal,
    metric: Metric,
    timeMs: number,
    nowMs: number,
    account: GatewayAccount,
    message: PendingMessage | undefined,
    position: number,
  ): Refusal | undefined {
    if ('code' in open) return open;
    const badTime = checkTime(timeMs, nowMs, this.#config.maxAheadS, account.gateway);
    if (badTime) return badTime;
    const value = checkValue(open, metric);
    if (typeof value === 'object') {
      if (value.code === 'VALUE_OUT_OF_RANGE' && !metric.isHistorical) this.#tellRefused(open, timeMs, value);
      return value;
    }
    const textLength = typeof value === 'string' ? value.length : 0;
    if (!this.#hasRoom(textLength)) {
      countDropped(account, timeMs);
      if (message) message.isWhole = false;
      return undefined;
    }
    lane.filling.rows.push(open.seriesId, timeMs, value, statusOf(metric.properties));
    message?.addRow(position);
    lane.pendingText += textLength;
    account.inFlight++;
    return undefined;
  }

  #tellRefused({ key }: OpenMetric, timeMs: number, problem: Refusal): void {
    const { value } = problem.describe().details;
    for (const watcher of this.#parts.watchers ?? []) watcher.refused?.(key, timeMs, Number(value));
  }

  /** An event is kept beside the readings, and must be as safe as they are before its message is settled. */
  #takeEvent(
    lane: Lane,
    { value }: Metric,
    timeMs: number,
    account: GatewayAccount,
    message: PendingMessage | undefined,
  ): Refusal | undefined {
    const text = typeof value === 'string' ? value : '';
    const event = parseGatewayEvent(text);
    if (!event) {
      return refusal('EVENT_INVALID', { gateway: account.gateway, shown: JSON.stringify(text.slice(0, 80)) });
    }
    if (!this.#hasRoom(text.length)) {
      countDropped(account, timeMs);
      if (message) message.isWhole = false;
      return undefined;
    }
    const { site, gateway } = account;
    lane.filling.events.push({ kept: { site, gateway, event, text }, account, message });
    if (message) message.events++;
    lane.pendingText += text.length;
    account.inFlight++;
    return undefined;
  }

  #hasRoom(textLength: number): boolean {
    return (
      this.pendingReadings < this.#config.maxPendingReadings &&
      this.#pendingText + textLength <= MOST_PENDING_TEXT &&
      !this.#abort.signal.aborted
    );
  }

  #storeAnswered(): void {
    if (this.#storeError) this.#parts.log.info({ pending: this.pendingReadings }, 'the store answers again');
    this.#storeError = undefined;
  }

  #storeFailed(error: SluiceError): void {
    if (!this.#storeError)
      this.#parts.log.error({ code: error.code }, `${error.message} Readings wait for it.`);
    this.#storeError = error;
  }

  #letIn(): void {
    if (this.isCrowded && !this.#abort.signal.aborted) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const fn of waiting) fn();
  }
}
