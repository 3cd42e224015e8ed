import { type Cancel, type Clock, delay } from '../core/clock.ts';
import { asSluiceError, type SluiceError } from '../core/errors.ts';
import type { Service } from '../core/lifecycle.ts';
import type { Log } from '../core/log.ts';
import { seriesIdentity } from '../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../core/reading-batch.ts';
import type { Metric } from '../core/sparkplug/payload.ts';
import { statusOf } from '../core/sparkplug/status.ts';
import { type Accounting, countDropped, countRejected, type GatewayAccount } from './accounting.ts';
import { checkTime, checkValue, type Refusal, refusal } from './check-reading.ts';
import type { PipelineConfig } from './config.ts';
import { gatewayName } from './gateway-name.ts';
import type { IncomingReadings } from './host-effect.ts';
import type { MetricDefinition } from './host-state.ts';
import { bindMetric, type MetricBinding } from './metric-binding.ts';
import type { RefusalLog } from './refusal-log.ts';
import type { Rejection, Store } from './stores/store.ts';

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
/** Characters of text held at most, as `maxPendingReadings` bounds only their number. */
const MOST_PENDING_TEXT = 16 * 1024 * 1024;
/** How long the store may take for its last answers, so that the whole stops within five seconds. */
const STOP_MS = 2_000;

interface PipelineParts {
  readonly store: Pick<Store, 'write'>;
  readonly accounting: Accounting;
  readonly refusals: RefusalLog;
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
 * answers, so order is kept; meanwhile `isCrowded` tells the subscriber to stop reading. What arrives even then, past
 * `maxPendingReadings`, is dropped and counted with the time it covers.
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
  #filling = new ReadingBatch(this.#table);
  #spare = new ReadingBatch(this.#table);
  #writing: { readonly rows: number; readonly done: Promise<void> } | undefined;
  /** Characters of text in both batches. */
  #pendingText = 0;
  #cancelFlush: Cancel | undefined;
  #isDue = false;
  #waiting: (() => void)[] = [];
  #storeError: SluiceError | undefined;

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
    while (this.pendingReadings > 0) {
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
    return this.#filling.length + (this.#writing?.rows ?? 0);
  }

  /** Half of the room is taken: the rest is for what is already on its way. */
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

  take({ site, gateway, metrics, definitions, defaultTimeMs }: IncomingReadings): void {
    const account = this.#parts.accounting.of(site, gateway);
    account.received += metrics.length;
    const nowMs = this.#parts.clock.nowMs();
    for (let index = 0; index < metrics.length; index++) {
      const metric = metrics[index]!;
      const open = this.#open(definitions[index]!, account);
      const timeMs = metric.timeMs ?? defaultTimeMs;
      const problem = this.#takeOne(open, metric, timeMs, nowMs, account);
      if (problem) this.#reject(account, problem, 1);
    }
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
  ): Refusal | undefined {
    if ('code' in open) return open;
    const badTime = checkTime(timeMs, nowMs, this.#config.maxAheadS, account.gateway);
    if (badTime) return badTime;
    const value = checkValue(open, metric);
    if (typeof value === 'object') return value;
    const textLength = typeof value === 'string' ? value.length : 0;
    if (!this.#hasRoom(textLength)) {
      countDropped(account, timeMs);
      return undefined;
    }
    this.#filling.push(open.seriesId, timeMs, value, statusOf(metric.properties));
    this.#pendingText += textLength;
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
    if (this.#writing || this.#filling.length === 0) return;
    if (this.#filling.length < this.#config.flushReadings && !this.#isDue) {
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
    this.#writing = { rows: batch.length, done: this.#write(batch) };
  }

  async #write(batch: ReadingBatch): Promise<void> {
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)) {
      try {
        const { rejected } = await this.#parts.store.write(batch);
        this.#storeAnswered();
        this.#settle(batch, rejected);
        break;
      } catch (thrown) {
        const error = asSluiceError(thrown);
        if (!error.retryable) {
          const everyRow = Array.from({ length: batch.length }, (_, row) => ({ row, error }));
          this.#settle(batch, everyRow);
          break;
        }
        this.#storeFailed(error);
        if (this.#abort.signal.aborted) {
          this.#drop(batch);
          break;
        }
        await delay(this.#parts.clock, retryMs, this.#abort.signal);
      }
    }
    for (const text of batch.texts.values()) this.#pendingText -= text.length;
    batch.clear();
    this.#spare = batch;
    this.#writing = undefined;
    this.#pump();
    this.#letIn();
  }

  #settle(batch: ReadingBatch, rejected: readonly Rejection[]): void {
    for (let row = 0; row < batch.length; row++) {
      const account = this.#accounts[batch.seriesId[row]!]!;
      account.inFlight--;
      account.stored++;
    }
    for (const { row, error } of rejected) {
      const account = this.#accounts[batch.seriesId[row]!]!;
      account.stored--;
      this.#reject(account, { code: error.code, describe: () => error }, 1);
    }
  }

  #drop(batch: ReadingBatch): void {
    for (let row = 0; row < batch.length; row++) {
      const account = this.#accounts[batch.seriesId[row]!]!;
      account.inFlight--;
      countDropped(account, batch.timeMs[row]!);
    }
    this.#parts.log.error({ readings: batch.length }, 'readings were lost: the store was away until the end');
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
