import type { Cancel, Clock } from '../../core/clock.ts';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import type { LedgerConfirmation } from '../../core/ledger.ts';
import type { Log } from '../../core/log.ts';
import type { OutboxConfig } from './config.ts';
import { DiskLog, type Failure } from './disk-log.ts';
import { LedgerOutbox } from './ledger-outbox.ts';
import { MemoryLog } from './memory-log.ts';
import type { LedgerState, Outbox, OutboxEntry, OutboxMessage, OutboxStatus, Stamp } from './outbox.ts';
import { EARLIEST_PLAUSIBLE_MS, type StampClock } from './stamp-clock.ts';

export interface SafeOutboxOptions {
  readonly folder: string;
  readonly config: OutboxConfig;
  readonly clock: Clock;
  readonly stamps: StampClock;
  readonly log: Log;
}

const TRY_AGAIN_MS = 10_000;
const MOST_EARLY = 10_000;
/** Told as trouble after so long; the figure on the page is there sooner. */
const UNCONFIRMED_MS = 300_000;
const HOUR_MS = 3_600_000;

/**
 * An outbox on disk. While the disk takes nothing, new readings are kept in bounded memory, in another ledger, as
 * numbers that nobody can keep must not be used; when it takes them again, it gets the new ones, and those in memory
 * go out from there.
 */
export class SafeOutbox implements Outbox {
  onReady: () => void = () => {};
  /** Births no longer say the truth about the ledger. */
  onLedgerChanged: () => void = () => {};
  /** The disk takes nothing any more, or does again. */
  onTrouble: (error: SluiceError | undefined) => void = () => {};
  readonly #options: SafeOutboxOptions;
  #disk: { readonly log: DiskLog; readonly outbox: LedgerOutbox } | undefined;
  #memory: LedgerOutbox;
  #trouble: SluiceError | undefined;
  #isConnected = false;
  /** What came before it is known where the log on disk goes on. */
  #early: OutboxMessage[] | undefined = [];
  /** Dropped by memories that are gone. */
  #droppedBefore = 0;
  #cancelRetry: Cancel | undefined;
  #trying: Promise<void> | undefined;
  #isClosed = false;

  /** Until `open` has ended, what is added waits. */
  constructor(options: SafeOutboxOptions) {
    this.#options = options;
    this.#memory = this.#newMemory();
  }

  /** Takes in what earlier runs left. A disk that cannot be used is trouble, and no failure. */
  async open(): Promise<void> {
    try {
      await this.#openDisk();
    } catch (error) {
      this.#hasFailed(error);
    }
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const message of early) this.add(message);
    this.onReady();
  }

  /** What was added is on the disk when this resolves, if there is one. */
  async close(): Promise<void> {
    // A wait for confirmations that goes on would keep the process alive after its stop.
    this.release();
    this.#isClosed = true;
    // No timer of theirs may keep the process.
    for (const one of this.#all) one.release();
    this.#cancelRetry?.();
    await this.#trying;
    await this.#disk?.log.close();
  }

  trouble(): SluiceError | undefined {
    if (this.#trouble) return this.#trouble;
    const { unconfirmedForMs } = this.status();
    if (unconfirmedForMs < UNCONFIRMED_MS) return undefined;
    return new SluiceError('LEDGER_UNCONFIRMED', { minutes: Math.floor(unconfirmedForMs / 60_000) });
  }

  get ledger(): LedgerState {
    return this.#current.ledger;
  }

  /**
   * For what is added next, of a moment that the clock calls `timeMs`. What is told at once stands as it was told: no time
   * that is learned later may change it.
   */
  stamp(timeMs: number): Stamp {
    const stamp = this.#options.stamps.stamp(timeMs);
    const isTold = this.#isConnected && stamp.timeMs >= EARLIEST_PLAUSIBLE_MS;
    return isTold && stamp.moment ? { timeMs: stamp.timeMs, clock: stamp.clock } : stamp;
  }

  add(message: OutboxMessage): void {
    if (this.#early && this.#early.length < MOST_EARLY) {
      this.#early.push(message);
      return;
    }
    if (!this.#trouble && this.#disk) {
      try {
        this.#disk.outbox.add(message);
        return;
      } catch (error) {
        this.#hasFailed(error);
      }
    }
    this.#memory.add(message);
  }

  flush(): void {
    this.#disk?.outbox.flush();
  }

  /** Whether all that was added would outlive a `kill -9` by now; a power cut, a sync later. */
  get isAllKept(): boolean {
    if (this.#early || this.#trouble || !this.#disk) return false;
    const { sendable, next } = this.#disk.log;
    return sendable === next && this.#memory.status().waiting === 0;
  }

  next(): OutboxEntry | undefined {
    const [first, second] = this.#trouble
      ? [this.#memory, this.#disk?.outbox]
      : [this.#disk?.outbox, this.#memory];
    return first?.next() ?? second?.next();
  }

  written(entry: OutboxEntry): void {
    for (const one of this.#all) one.written(entry);
    this.#tidy(entry.ledger);
  }

  confirm(confirmation: LedgerConfirmation): void {
    for (const one of this.#all) one.confirm(confirmation);
    this.#tidy(confirmation.ledger);
  }

  connect(): void {
    this.#isConnected = true;
    for (const one of this.#all) one.connect();
  }

  release(): void {
    this.#isConnected = false;
    for (const one of this.#all) one.release();
  }

  holds(device: string, what?: 'unsent' | 'unconfirmed'): boolean {
    return this.#all.some((one) => one.holds(device, what));
  }

  status(): OutboxStatus {
    const all = this.#all.map((one) => one.status());
    return {
      waiting: all.reduce((sum, { waiting }) => sum + waiting, 0),
      dropped: all.reduce((sum, { dropped }) => sum + dropped, this.#droppedBefore),
      unconfirmedForMs: Math.max(...all.map(({ unconfirmedForMs }) => unconfirmedForMs)),
    };
  }

  get #current(): LedgerOutbox {
    return this.#trouble || !this.#disk ? this.#memory : this.#disk.outbox;
  }

  get #all(): LedgerOutbox[] {
    return this.#disk ? [this.#disk.outbox, this.#memory] : [this.#memory];
  }

  async #openDisk(): Promise<void> {
    const { folder, config, clock, stamps } = this.#options;
    const log = await DiskLog.open({
      folder,
      maxBytes: config.maxBytes,
      maxAgeMs: config.maxAgeH * HOUR_MS,
      syncEveryMs: 1_000 * config.syncEveryS,
      clock,
      trustedNowMs: () => {
        const { timeMs, clock: state } = stamps.stamp(clock.nowMs());
        return state === 'synced' ? timeMs : undefined;
      },
    });
    if (this.#isClosed) return log.close();
    const outbox = new LedgerOutbox(log, config, clock, stamps);
    outbox.onReady = () => this.onReady();
    log.onFailed = (failure) => this.#moveToMemory(failure);
    this.#disk = { log, outbox };
    if (this.#isConnected) outbox.connect();
    this.#ledgerHasChanged();
  }

  #moveToMemory({ error, messages }: Failure): void {
    this.#hasFailed(error);
    for (const message of messages) this.#memory.add(message);
    this.onReady();
  }

  #hasFailed(error: unknown): void {
    this.#planRetry();
    if (this.#trouble) return;
    const { folder, log } = this.#options;
    this.#trouble = new SluiceError('OUTBOX_UNWRITABLE', { folder, reason: reasonOf(error) }, error);
    log.error({ code: this.#trouble.code }, this.#trouble.message);
    if (this.#disk) this.#ledgerHasChanged();
    this.onTrouble(this.#trouble);
  }

  #planRetry(): void {
    if (this.#isClosed) return;
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.clock.after(TRY_AGAIN_MS, () => {
      this.#trying = this.#tryAgain();
    });
  }

  async #tryAgain(): Promise<void> {
    try {
      if (this.#disk) await this.#disk.log.tryAgain();
      else await this.#openDisk();
    } catch {
      this.#planRetry();
      return;
    }
    if (this.#isClosed) return;
    this.#trouble = undefined;
    this.#options.log.info({}, 'the outbox is on the disk again');
    this.#ledgerHasChanged();
    this.onTrouble(undefined);
  }

  /** Later than now: whoever notices may be in the middle of sending. */
  #ledgerHasChanged(): void {
    this.#options.clock.after(0, () => {
      if (!this.#isClosed) this.onLedgerChanged();
    });
  }

  /** The next time that the disk fails begins in a ledger of its own. */
  #tidy(ledger: string): void {
    if (this.#trouble || !this.#disk || ledger !== this.#memory.ledger.id) return;
    if (this.#memory.status().waiting > 0) return;
    this.#droppedBefore += this.#memory.status().dropped;
    this.#memory = this.#newMemory();
    if (this.#isConnected) this.#memory.connect();
  }

  #newMemory(): LedgerOutbox {
    const { config, clock, stamps } = this.#options;
    const memory = new LedgerOutbox(new MemoryLog(config.maxMemoryBytes), config, clock, stamps);
    memory.onReady = () => this.onReady();
    return memory;
  }
}
