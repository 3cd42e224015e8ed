import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Cancel, Clock } from '../../core/clock.ts';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Batch, JournalContent, JournalOp, Opened, Written } from './journal-op.ts';

const RETRY_MS = 5_000;

interface JournalParts {
  readonly file: string;
  readonly log: Log;
  readonly clock: Clock;
  /** All that is to be kept, as operations on empty tables. */
  readonly whole: () => readonly JournalOp[];
}

/**
 * The disk's copy of what the broker keeps in memory. Operations are written in the order in which they were added, all
 * that wait in one commit, while the next ones gather.
 *
 * Where the disk takes nothing, the broker goes on from memory: farms want their live values more than the promise about
 * sleeping clients. Then `committed` no longer waits, `trouble` says so, and once the disk is back everything is written anew.
 */
export class Journal {
  readonly #parts: JournalParts;
  #worker: Worker | undefined;
  #waiting: JournalOp[] = [];
  #isWriting = false;
  #isPlanned = false;
  #added = 0;
  #written = 0;
  #underWay = 0;
  #waiters: { upTo: number; resolve: () => void }[] = [];
  #trouble: SluiceError | undefined;
  #cancelRetry: Cancel | undefined;
  #isClosing = false;

  constructor(parts: JournalParts) {
    this.#parts = parts;
  }

  /** Throws `DATA_FOLDER_UNUSABLE` where the file cannot be opened; one that is torn is put aside, and said. */
  async open(): Promise<JournalContent> {
    this.#isClosing = false;
    const opened = await this.#startWorker();
    if ('failure' in opened) throw this.#unusable(opened.failure);
    if (opened.damage) {
      const details = { file: this.#parts.file, ...opened.damage };
      const error = new SluiceError('BROKER_SESSIONS_UNREADABLE', details);
      this.#parts.log.error({ code: error.code }, error.message);
    }
    return opened.content;
  }

  /** Why the broker keeps nothing on the disk at present. */
  get trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  add(...op: JournalOp): void {
    // What is in memory is written as a whole once the disk is back.
    if (!this.#worker || (this.#trouble && !this.#isWriting)) return;
    this.#waiting.push(op);
    this.#added++;
    this.#plan();
  }

  /** Resolves when everything added so far is on the disk, or can not get there. */
  committed(): Promise<void> {
    if (this.#written === this.#added || this.#trouble) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ upTo: this.#added, resolve }));
  }

  /** Right after `open`: what is on the disk gives way to all that is to be kept. */
  rewrite(): void {
    this.#write({ isWhole: true, ops: this.#parts.whole() });
  }

  async close(): Promise<void> {
    this.#cancelRetry?.();
    await this.committed();
    this.#isClosing = true;
    const worker = this.#worker;
    this.#worker = undefined;
    if (!worker) return;
    worker.postMessage('close');
    await once(worker, 'exit');
  }

  async #startWorker(): Promise<Opened> {
    const { file } = this.#parts;
    const worker = new Worker(new URL('./journal-worker.ts', import.meta.url), { workerData: { file } });
    try {
      const [opened] = (await once(worker, 'message')) as [Opened];
      if ('failure' in opened) {
        await worker.terminate();
        return opened;
      }
      worker.on('message', (written: Written) => this.#onWritten(written));
      worker.on('error', (error) => this.#onDeath(worker, reasonOf(error)));
      worker.on('exit', () => this.#onDeath(worker, 'its thread ended'));
      this.#worker = worker;
      return opened;
    } catch (error) {
      return { failure: reasonOf(error) };
    }
  }

  /** In the next turn of the event loop: what one packet of bytes brings goes together. */
  #plan(): void {
    if (this.#isPlanned || this.#isWriting) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      const ops = this.#waiting;
      if (this.#isWriting || ops.length === 0) return;
      this.#waiting = [];
      this.#write({ isWhole: false, ops });
    });
  }

  #write(batch: Batch): void {
    this.#isWriting = true;
    this.#underWay = this.#added - this.#waiting.length;
    this.#worker?.postMessage(batch);
  }

  #onWritten({ failure }: Written): void {
    this.#isWriting = false;
    if (failure !== undefined) {
      this.#fail(failure);
      return;
    }
    if (this.#trouble) {
      this.#trouble = undefined;
      this.#parts.log.info(
        { file: this.#parts.file },
        'sessions and retained messages are on the disk again',
      );
    }
    this.#written = this.#underWay;
    this.#settle();
    if (this.#waiting.length > 0) this.#plan();
  }

  #settle(): void {
    const due = this.#waiters.findIndex(({ upTo }) => upTo > this.#written);
    for (const { resolve } of this.#waiters.splice(0, due === -1 ? this.#waiters.length : due)) resolve();
  }

  #fail(reason: string): void {
    const { file, log, clock } = this.#parts;
    const isNew = !this.#trouble;
    this.#trouble = new SluiceError('BROKER_SESSIONS_UNWRITABLE', { file, reason });
    if (isNew) log.error({ code: this.#trouble.code }, this.#trouble.message);
    this.#waiting = [];
    this.#written = this.#added;
    this.#settle();
    this.#cancelRetry = clock.after(RETRY_MS, () => void this.#retry());
  }

  async #retry(): Promise<void> {
    if (this.#isClosing) return;
    if (!this.#worker) {
      const opened = await this.#startWorker();
      if ('failure' in opened) {
        this.#fail(opened.failure);
        return;
      }
    }
    this.rewrite();
  }

  #onDeath(worker: Worker, reason: string): void {
    if (this.#isClosing || worker !== this.#worker) return;
    this.#worker = undefined;
    this.#isWriting = false;
    this.#fail(reason);
  }

  #unusable(reason: string): SluiceError {
    return new SluiceError('DATA_FOLDER_UNUSABLE', { folder: this.#parts.file, reason });
  }
}
