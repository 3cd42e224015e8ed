import type { Clock } from '../../../core/clock.ts';
import { reasonOf, type SluiceError, type Words } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import type { ByteStream, OpenByteStream } from '../serial/byte-stream.ts';
import type { busErrors } from './bus-errors.ts';

export interface BusPortOptions {
  readonly bus: string;
  /** Name of the port, or address of the server, for messages. */
  readonly port: string;
  readonly errors: ReturnType<typeof busErrors>;
  /** Over a network only: 0 up to 1, for the back-off. */
  readonly random: (() => number) | undefined;
  readonly open: OpenByteStream;
  readonly clock: Clock;
  readonly log: Log;
}

export interface BusPortEvents {
  opened(): void;
  /** It cannot be opened, or not yet again. */
  failed(error: SluiceError): void;
  bytes(bytes: Uint8Array): void;
  /** It has gone by itself. Without an error where that was nobody's loss. */
  closed(error: SluiceError | undefined): void;
  /** Whether nothing is asked, so that its end would be nobody's loss. */
  isIdle(): boolean;
}

const FIRST_REOPEN_MS = 500;
const LONGEST_REOPEN_MS = 5_000;

/**
 * The way to a bus: opened when it is first needed and again when it has gone, at most as often as the back-off allows.
 * Each change is logged once.
 */
export class BusPort {
  readonly #options: BusPortOptions;
  readonly #events: BusPortEvents;
  readonly #stopping = new AbortController();
  #stream: ByteStream | undefined;
  #opening: Promise<void> | undefined;
  #trouble: SluiceError | undefined;
  #reopenAtMs = 0;
  #reopenMs = FIRST_REOPEN_MS;
  #isProven = false;

  constructor(options: BusPortOptions, events: BusPortEvents) {
    this.#options = options;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  /** Why it is not open, once that has been tried. */
  get trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  /** What comes of it is told as an event, at once where the last failure is too short a time ago. */
  open(): void {
    if (this.#stream || this.#opening) return;
    const { clock } = this.#options;
    if (this.#trouble && clock.monotonicMs() < this.#reopenAtMs) {
      this.#events.failed(this.#trouble);
      return;
    }
    this.#opening = this.#tryOpen().then((error) => {
      this.#opening = undefined;
      if (this.#stopping.signal.aborted) return;
      if (error) this.#events.failed(error);
      else if (this.#stream) this.#events.opened();
    });
  }

  write(frame: Uint8Array): void {
    this.#stream?.write(frame);
  }

  /** Something has been answered: only now has it shown that it stays. */
  noteAnswer(): void {
    this.#isProven = true;
    this.#reopenMs = FIRST_REOPEN_MS;
  }

  /** Gives up what is open now; what comes of it later is nobody's. It can be opened again at once. */
  drop(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    void stream?.close();
  }

  /** For good. */
  async close(): Promise<void> {
    // A host that does not answer is waited for longer than a stop may take.
    this.#stopping.abort();
    await this.#opening;
    const stream = this.#stream;
    this.#stream = undefined;
    await stream?.close();
  }

  async #tryOpen(): Promise<SluiceError | undefined> {
    const { bus, port, errors, log, open } = this.#options;
    const { signal } = this.#stopping;
    let opened: ByteStream | undefined;
    try {
      const isMine = () => opened === undefined || opened === this.#stream;
      const events = {
        bytes: (bytes: Uint8Array) => isMine() && this.#events.bytes(bytes),
        closed: (reason: string | Words) => isMine() && this.#closed(reason),
      };
      opened = await open(events, signal);
    } catch (thrown) {
      const error = errors.unavailable(reasonOf(thrown), thrown);
      if (signal.aborted) return error;
      if (!this.#trouble) log.error({ bus, code: error.code }, error.message);
      this.#away(error);
      return error;
    }
    this.#stream = opened;
    if (this.#trouble) log.info({ bus }, `${port} is open again`);
    this.#trouble = undefined;
    this.#isProven = false;
    return undefined;
  }

  #closed(reason: string | Words): void {
    this.#stream = undefined;
    const { bus, errors, random, log } = this.#options;
    // A server may end a connection on which nothing is asked; the next request makes another.
    if (random && this.#isProven && this.#events.isIdle()) {
      this.#events.closed(undefined);
      return;
    }
    const error = errors.lost(reason);
    log.error({ bus, code: error.code }, error.message);
    this.#away(error);
    this.#events.closed(error);
  }

  #away(error: SluiceError): void {
    this.#trouble = error;
    const { clock, random } = this.#options;
    const factor = random ? 0.5 + random() : 1;
    this.#reopenAtMs = clock.monotonicMs() + factor * this.#reopenMs;
    this.#reopenMs = Math.min(2 * this.#reopenMs, LONGEST_REOPEN_MS);
  }
}
