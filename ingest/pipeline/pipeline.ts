import { type Cancel, type Clock, delay } from '../../core/clock.ts';
import { asSluiceError, type SluiceError } from '../../core/errors.ts';
import { EVENT_METRIC, parseGatewayEvent } from '../../core/gateway-event.ts';
import type { LedgerMark } from '../../core/ledger.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log.ts';
import { seriesIdentity } from '../../core/reading.ts';
import { SeriesTable } from '../../core/reading-batch.ts';
import type { Metric } from '../../core/sparkplug/payload.ts';
import { statusOf } from '../../core/sparkplug/status.ts';
import type { PipelineConfig } from '../config.ts';
import type { EventSink } from '../events/event-sink.ts';
import { gatewayName } from '../gateway-name.ts';
import type { LedgerBook } from '../ledger/ledger-book.ts';
import { PendingMessage } from '../ledger/pending-message.ts';
import type { LetterSink } from '../letters/letter.ts';
import { letterIdentity, refusedMetric, refusedRow } from '../letters/refused-reading.ts';
import type { IncomingReadings } from '../session/host-effect.ts';
import type { MetricDefinition } from '../session/host-state.ts';
import type { PlainData, PlainPlace } from '../session/plain-data.ts';
import type { Rejection, Store } from '../stores/store.ts';
import { type Accounting, countDropped, countRejected, type GatewayAccount } from './accounting.ts';
import {
  checkNumber,
  checkTime,
  checkValue,
  isTimePossible,
  type Refusal,
  refusal,
} from './check-reading.ts';
import type { LiveReading, LiveSink } from './live-sink.ts';
import { bindMetric, type MetricBinding } from './metric-binding.ts';
import { PendingBatch } from './pending-batch.ts';
import { GIVEN_UP } from './receipt.ts';
import type { RefusalLog } from './refusal-log.ts';

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
/** Characters of text held at most, as `maxPendingReadings` bounds only their number. */
const MOST_PENDING_TEXT = 16 * 1024 * 1024;
/** How long the store may take for its last answers, so that the whole stops within five seconds. */
const STOP_MS = 2_000;
/** A write that takes longer: the store is slow or away, and nothing is gained by not reading on. */
const STALLED_MS = 1_000;
const NOTHING_REJECTED: { readonly rejected: readonly Rejection[] } = { rejected: [] };

interface PipelineParts {
  readonly store: Pick<Store, 'write'>;
  readonly ledger: Pick<LedgerBook, 'find' | 'settle' | 'drop' | 'confirmAgain'>;
  readonly events: EventSink;
  readonly live?: LiveSink | undefined;
  readonly accounting: Accounting;
  readonly refusals: RefusalLog;
  readonly letters: LetterSink;
  readonly clock: Clock;
  readonly log: Log;
}

/** A metric that may be stored, with the series and the account that its readings go to. */
interface OpenMetric extends MetricBinding {
  readonly seriesId: number;
}

/**
 * From what gateways send to what the store has. Readings are checked one by one and gathered in columns; one batch
 * is being written while the next one fills. A store that is away is tried again with the same batch until it
 * answers, so order is kept; meanwhile `isBraking` tells the subscriber to pause. When that has lasted too long, reading
 * goes on: what comes again by itself, because its gateway keeps a ledger, is deferred when half of the room is taken if
 * it is history, and when all of it is taken if not; what does not is dropped past `maxPendingReadings`, and counted
 * with the time it covers.
 *
 * A message that somebody asks after (a ledger, the holder of a receipt) lies within one batch. Once all of that is durable,
 * they are told which of its readings are stored and which were refused for good. Of a message with something that was
 * dropped the ledger is told nothing, so it comes again.
 *
 * Past 400 lines because taking, writing and settling share the two batches: what may be confirmed, and when a batch is
 * free again, can only be seen together.
 */
export class Pipeline implements Service {
  readonly name = 'pipeline';
  readonly #config: PipelineConfig;
  readonly #parts: PipelineParts;
  readonly #table = new SeriesTable();
  /** By series id. */
  readonly #accounts: GatewayAccount[] = [];
  readonly #identities = new Map<GatewayAccount, Set<string>>();
  readonly #metrics = new WeakMap<MetricDefinition, OpenMetric | Refusal>();
  readonly #abort = new AbortController();
  #filling = new PendingBatch(this.#table);
  #spare = new PendingBatch(this.#table);
  #writing: { readonly rows: number; readonly sinceMs: number; readonly done: Promise<void> } | undefined;
  /** Characters of text in both batches. */
  #pendingText = 0;
  /** Of the message at hand, where somebody wants to know. */
  #live: LiveReading[] | undefined;
  #cancelFlush: Cancel | undefined;
  #isDue = false;
  #waiting: (() => void)[] = [];
  #storeError: SluiceError | undefined;
  /** What the store wrote in a second lately, and `flushReadings` at least. */
  #rowsPerS = Number.POSITIVE_INFINITY;

  constructor(config: PipelineConfig, parts: PipelineParts) {
    this.#config = config;
    this.#parts = parts;
  }

  async start(): Promise<void> {}

  /** Writes what is there, with one more try for each batch, and counts as dropped what the store did not take. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#cancelFlush?.();
    const drained = new AbortController();
    const drain = this.#drain().finally(() => drained.abort());
    await Promise.race([drain, delay(this.#parts.clock, STOP_MS, drained.signal)]);
    this.#letIn();
    if (this.pendingReadings > 0) {
      const lost = { readings: this.pendingReadings };
      this.#parts.log.error(lost, 'stopping without an answer of the store: these readings may be lost');
    }
  }

  async #drain(): Promise<void> {
    while (this.#writing || !this.#filling.isEmpty) {
      this.#isDue = true;
      this.#pump();
      await this.#writing?.done;
    }
  }

  /** What the store last said, while it cannot be written to. */
  trouble(): SluiceError | undefined {
    return this.#storeError;
  }

  get pendingReadings(): number {
    return this.#filling.rows.length + (this.#writing?.rows ?? 0);
  }

  /**
   * Whoever reads from a broker should pause: the store is at work, and what comes now would only pile up. Not once the store has
   * stalled: a reader that pauses for long fills the memory of its broker, which ends the connection at last.
   */
  get isBraking(): boolean {
    return (this.isCrowded || this.#isFull) && !this.#isStalled;
  }

  /** As much is gathered as the store will take a second for: what comes after it would have to wait for all of that. */
  get #isFull(): boolean {
    return this.#filling.rows.length >= this.#rowsPerS;
  }

  get #isStalled(): boolean {
    return (
      this.#writing !== undefined && this.#parts.clock.monotonicMs() - this.#writing.sinceMs >= STALLED_MS
    );
  }

  /** Half of the room is taken: the rest is for what happens now. */
  get isCrowded(): boolean {
    return (
      this.pendingReadings * 2 >= this.#config.maxPendingReadings ||
      this.#pendingText * 2 >= MOST_PENDING_TEXT
    );
  }

  /** Calls `fn` once, when it is crowded no longer or everything stops. */
  whenRoom(fn: () => void): void {
    this.#waiting.push(fn);
  }

  /** Somebody waits for an answer: what is there is written now, or as soon as the write under way has ended. */
  hurry(): void {
    if (this.#filling.isEmpty) return;
    this.#isDue = true;
    this.#pump();
  }

  take(incoming: IncomingReadings): void {
    if (incoming.plain && this.#takePlain(incoming, incoming.plain)) return;
    const { site, gateway, metrics, definitions, defaultTimeMs, isBirth, numbered } = incoming;
    const account = this.#parts.accounting.of(site, gateway);
    const message = this.#begin(incoming);
    if (message === 'done' || message === 'deferred') {
      account[message === 'done' ? 'repeated' : 'deferred'] += metrics.length;
      return;
    }
    account.received += metrics.length;
    const nowMs = this.#parts.clock.nowMs();
    this.#live = this.#parts.live && !isBirth ? [] : undefined;
    for (const { position, code } of numbered?.leftOut ?? []) message?.leaveOut(position, code);
    for (let index = 0; index < metrics.length; index++) {
      const metric = metrics[index]!;
      const definition = definitions[index]!;
      const position = numbered?.positions?.[index] ?? index;
      const timeMs = metric.timeMs ?? defaultTimeMs;
      const isEvent = numbered !== undefined && definition.name === EVENT_METRIC && definition.device === '';
      const problem = isEvent
        ? this.#takeEvent(metric, timeMs, account, message)
        : this.#takeOne(this.#open(definition, account), metric, timeMs, nowMs, account, message, position);
      if (problem) {
        this.#reject(account, problem, 1);
        message?.reject(position, problem);
        this.#keepMetric(incoming, index, position, problem);
      }
    }
    if (message) this.#filling.messages.push(message);
    if (this.#live && this.#live.length > 0) this.#parts.live?.taken(this.#live);
    this.#pump();
  }

  /**
   * Takes all readings of plain data at once. False, with nothing done, where one of them would be refused or dropped, or
   * somebody wants them one by one.
   */
  #takePlain(incoming: IncomingReadings, { places, timesMs, values }: PlainData): boolean {
    const { length } = values;
    const { maxPendingReadings, maxAheadS } = this.#config;
    const { rows, messages } = this.#filling;
    const isFull =
      this.pendingReadings + length > maxPendingReadings || messages.length >= maxPendingReadings;
    if (this.#parts.live || isFull || !this.#hasRoom(0)) return false;
    const account = this.#parts.accounting.of(incoming.site, incoming.gateway);
    const message = this.#begin(incoming);
    if (message === 'done' || message === 'deferred') {
      account[message === 'done' ? 'repeated' : 'deferred'] += length;
      return true;
    }
    const latestMs = this.#parts.clock.nowMs() + maxAheadS * 1000;
    const start = rows.length;
    for (let index = 0; index < length; index++) {
      const open = this.#openPlace(places[index]!, account);
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
    if (message) {
      message.rows = length;
      messages.push(message);
    }
    this.#pump();
    return true;
  }

  #openPlace(place: PlainPlace, account: GatewayAccount): OpenMetric | Refusal {
    if (place.owner !== this) {
      place.opened = this.#open(place.definition, account);
      place.owner = this;
    }
    return place.opened as OpenMetric | Refusal;
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

  /** `undefined` where nobody asks, or no account can be kept of it just now; `'done'` where it was settled before. */
  #begin(incoming: IncomingReadings): PendingMessage | 'done' | 'deferred' | undefined {
    const { site, gateway, numbered, receipt, plain } = incoming;
    if (!numbered && !receipt) return undefined;
    // Messages without a row take room as well, so there are only so many of them.
    if (this.#filling.messages.length >= this.#config.maxPendingReadings) {
      receipt?.settled(GIVEN_UP);
      return numbered && 'deferred';
    }
    const handle = numbered && this.#parts.ledger.find(site, gateway, numbered.mark);
    if (!numbered || !handle) {
      return receipt && new PendingMessage(undefined, receipt, this.#filling.rows.length);
    }
    const { mark } = numbered;
    const range = { first: mark.first, last: mark.first + mark.count - 1 };
    if (!handle.ledger.isDone(range)) {
      if (!this.#isDeferred(incoming)) {
        return new PendingMessage({ handle, mark }, receipt, this.#filling.rows.length);
      }
      receipt?.settled(GIVEN_UP);
      return 'deferred';
    }
    this.#parts.ledger.confirmAgain(handle, range);
    const stored = plain ? plain.values.length : incoming.metrics.length;
    receipt?.settled({ stored, rejected: [], isWhole: true });
    return 'done';
  }

  /**
   * Whether a message that comes again by itself is left for later: while the store cannot keep up, half of the room is for
   * what happens now, and a backlog waits where it is safe, in its gateway.
   */
  #isDeferred(incoming: IncomingReadings): boolean {
    if (!this.isCrowded && !(this.#isFull && this.#isStalled)) return false;
    const { plain } = incoming;
    const isHistorical = plain ? plain.isHistorical : incoming.metrics[0]?.isHistorical;
    const readings = plain ? plain.values.length : incoming.metrics.length;
    return isHistorical || this.pendingReadings + readings > this.#config.maxPendingReadings;
  }

  /** Readings that a gateway had to give up. Noted in turn, after what came before it. */
  takeDropped(site: string, gateway: string, mark: LedgerMark): void {
    if (this.#filling.dropped.length >= this.#config.maxPendingReadings) return;
    const handle = this.#parts.ledger.find(site, gateway, mark);
    if (!handle) return;
    this.#filling.dropped.push({ handle, mark });
    this.#pump();
  }

  /** Counts and reports what never became a reading of a known metric. */
  refuse(site: string, gateway: string, error: SluiceError, readings: number): void {
    const account = this.#parts.accounting.of(site, gateway);
    account.received += readings;
    this.#reject(account, { code: error.code, describe: () => error }, readings);
  }

  /** A gateway of which nothing but refusals was counted; without this, made-up names would fill the memory. */
  forget(site: string, gateway: string): void {
    this.#parts.accounting.forget(site, gateway);
  }

  #takeOne(
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
    if (typeof value === 'object') return value;
    const textLength = typeof value === 'string' ? value.length : 0;
    if (!this.#hasRoom(textLength)) {
      countDropped(account, timeMs);
      if (message) message.isWhole = false;
      return undefined;
    }
    this.#filling.rows.push(open.seriesId, timeMs, value, statusOf(metric.properties));
    message?.addRow(position);
    if (this.#live && !metric.isHistorical) {
      this.#live.push({ key: open.key, value, timeMs, status: statusOf(metric.properties) });
    }
    this.#pendingText += textLength;
    account.inFlight++;
    return undefined;
  }

  /** An event is kept beside the readings, and must be as safe as they are before its message is settled. */
  #takeEvent(
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
    this.#filling.events.push({ kept: { site, gateway, event, text }, account, message });
    if (message) message.events++;
    this.#pendingText += text.length;
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

  /** The binding of a metric is worked out when its first reading comes, and kept until its next birth. */
  #open(definition: MetricDefinition, account: GatewayAccount): OpenMetric | Refusal {
    const known = this.#metrics.get(definition);
    if (known) return known;
    const opened = this.#bind(definition, account);
    this.#metrics.set(definition, opened);
    return opened;
  }

  #bind(definition: MetricDefinition, account: GatewayAccount): OpenMetric | Refusal {
    try {
      const binding = bindMetric(definition);
      for (const error of binding.ignored) {
        this.#parts.refusals.note(gatewayName(account), error.code, 1, () => error);
      }
      const identities = this.#identities.get(account) ?? new Set();
      this.#identities.set(account, identities);
      const identity = seriesIdentity(binding.key);
      const limit = this.#config.maxSeriesPerGateway;
      if (!identities.has(identity) && identities.size >= limit) {
        return refusal('SERIES_LIMIT', { gateway: account.gateway, limit });
      }
      identities.add(identity);
      const { id } = this.#table.intern(binding.key);
      this.#accounts[id] = account;
      return { ...binding, seriesId: id };
    } catch (thrown) {
      const error = asSluiceError(thrown);
      return { code: error.code, describe: () => error };
    }
  }

  /** Begins a write where none is under way and the batch is large or old enough. */
  #pump(): void {
    if (this.#writing || this.#filling.isEmpty) return;
    if (this.#filling.rows.length < this.#config.flushReadings && !this.#isDue) {
      this.#cancelFlush ??= this.#parts.clock.after(this.#config.flushMs, () => {
        this.#cancelFlush = undefined;
        this.#isDue = true;
        this.#pump();
      });
      return;
    }
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#isDue = false;
    const batch = this.#filling;
    this.#filling = this.#spare;
    const sinceMs = this.#parts.clock.monotonicMs();
    this.#writing = { rows: batch.rows.length, sinceMs, done: this.#write(batch) };
  }

  async #write(batch: PendingBatch): Promise<void> {
    const { rows } = batch;
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
      try {
        // Awaited even where there is nothing to write: `#writing` is set only once this has been called.
        const { rejected } = await (rows.length > 0 ? this.#parts.store.write(rows) : NOTHING_REJECTED);
        if (rows.length > 0) this.#storeAnswered();
        this.#settle(batch, rejected);
        this.#settleEvents(batch);
        this.#settleLetters(batch, rejected);
        this.#settleMessages(batch);
        this.#parts.live?.stored(rows);
        break;
      } catch (thrown) {
        const error = asSluiceError(thrown);
        if (!error.retryable) {
          // A defect, here or of the store: the messages are not settled, for it may be mended before they come again.
          const everyRow = Array.from({ length: rows.length }, (_, row) => ({ row, error }));
          this.#settle(batch, everyRow);
          this.#settleEvents(batch);
          this.#settleLetters(batch, everyRow);
          giveUp(batch);
          break;
        }
        this.#storeFailed(error);
        if (this.#abort.signal.aborted) {
          this.#drop(batch);
          giveUp(batch);
          break;
        }
        await delay(this.#parts.clock, retryMs, this.#abort.signal);
      }
    }
    const tookS = (this.#parts.clock.monotonicMs() - (this.#writing?.sinceMs ?? 0)) / 1000;
    if (rows.length > 0) this.#rowsPerS = Math.max(this.#config.flushReadings, rows.length / tookS);
    this.#pendingText -= batch.textLength;
    batch.clear();
    this.#spare = batch;
    this.#writing = undefined;
    this.#pump();
    this.#letIn();
  }

  #settle({ rows }: PendingBatch, rejected: readonly Rejection[]): void {
    for (let row = 0; row < rows.length; row++) {
      const account = this.#accounts[rows.seriesId[row]!]!;
      account.inFlight--;
      account.stored++;
    }
    for (const { row, error } of rejected) {
      const account = this.#accounts[rows.seriesId[row]!]!;
      account.stored--;
      this.#reject(account, { code: error.code, describe: () => error }, 1);
    }
  }

  #settleEvents({ events }: PendingBatch): void {
    if (events.length === 0) return;
    let isKept = true;
    try {
      this.#parts.events.keep(events.map(({ kept }) => kept));
    } catch (thrown) {
      isKept = false;
      const { code, message } = asSluiceError(thrown);
      this.#parts.log.error({ code, events: events.length }, message);
    }
    for (const { kept, account, message } of events) {
      account.inFlight--;
      if (isKept) {
        account.stored++;
        continue;
      }
      countDropped(account, kept.event.timeMs);
      if (message) message.isWhole = false;
    }
  }

  /** What was refused must be on the disk before its message is settled as that; where it cannot be, the message comes again. */
  #settleLetters(batch: PendingBatch, rejected: readonly Rejection[]): void {
    const { letters, clock } = this.#parts;
    for (const { row, error } of rejected) {
      const problem = { code: error.code, describe: () => error };
      const message = batch.messageOf(row);
      message?.rejectRow(row, problem);
      if (message?.receipt?.keepsRefused) continue;
      letters.keep(this.#accounts[batch.rows.seriesId[row]!]!, problem, () =>
        refusedRow(batch.rows, row, { receivedMs: clock.nowMs(), identity: message?.identityOf(row) }),
      );
    }
    try {
      letters.flush();
    } catch {
      // Said by the letters themselves.
      for (const message of batch.messages) if (message.hasRejected) message.isWhole = false;
    }
  }

  #settleMessages(batch: PendingBatch): void {
    const { ledger, clock } = this.#parts;
    for (const message of batch.messages) {
      const { numbered, receipt, isWhole } = message;
      if (numbered && isWhole) {
        const { handle, mark } = numbered;
        ledger.settle(handle, message.settled(mark, batch.rows, clock.nowMs()));
      }
      receipt?.settled(message.outcome());
    }
    for (const { handle, mark } of batch.dropped) ledger.drop(handle, mark);
  }

  #drop({ rows, events }: PendingBatch): void {
    for (let row = 0; row < rows.length; row++) {
      const account = this.#accounts[rows.seriesId[row]!]!;
      account.inFlight--;
      countDropped(account, rows.timeMs[row]!);
    }
    for (const { account, kept } of events) {
      account.inFlight--;
      countDropped(account, kept.event.timeMs);
    }
    this.#parts.log.error({ readings: rows.length }, 'readings were lost: the store was away until the end');
  }

  #reject(account: GatewayAccount, problem: Refusal, readings: number): void {
    countRejected(account, problem.code, readings);
    // A message that nobody can read counts as one refusal, though not as a reading.
    this.#parts.refusals.note(gatewayName(account), problem.code, Math.max(1, readings), problem.describe);
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

function giveUp({ messages }: PendingBatch): void {
  for (const { receipt } of messages) receipt?.settled(GIVEN_UP);
}
