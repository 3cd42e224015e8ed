import { closeSync, readSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ReadStream } from 'node:tty';
import { SerialPort } from 'serialport';
import type { Cancel, Clock } from '../core/clock.ts';
import { reasonOf, SluiceError } from '../core/errors.ts';

/** The native part of `@lydell/node-pty`: openpty(3). */
interface NativePty {
  open(columns: number, rows: number): { master: number; slave: number; pty: string };
}

export interface PtyEvents {
  /** What the other end sends. */
  receive(bytes: Uint8Array): void;
  /** The system has taken the terminal away; nothing more will come. */
  lost(error: Error): void;
}

/** What nobody reads is kept up to this many bytes, and lost beyond it, as on a wire. */
const LONGEST_QUEUE_BYTES = 4096;
const WRITE_RETRY_MS = 5;

/**
 * A pseudo-terminal whose other end, at `path`, opens like a serial port. It passes every byte unchanged both ways,
 * whether or not the other program sets it up, and that program may close and open it as often as it likes.
 */
export class Pty {
  readonly path: string;
  readonly #master: ReadStream;
  readonly #masterFd: number;
  /** Kept open: with no slave open at all, reading from the master would fail. */
  readonly #slaveFd: number;
  readonly #clock: Clock;
  #queue: Uint8Array = new Uint8Array();
  #cancelRetry: Cancel | undefined;
  #closed: Promise<void> | undefined;

  /** Throws `PSEUDO_TERMINAL_UNAVAILABLE`. */
  static async open(clock: Clock, events: PtyEvents): Promise<Pty> {
    try {
      const pty = new Pty(clock, events);
      try {
        // The serial library sets raw mode, which then stays with the terminal; the lock is left to the other end.
        const setter = await SerialPort.binding.open({ path: pty.path, baudRate: 9600, lock: false });
        await setter.close();
      } catch (error) {
        await pty.close();
        throw error;
      }
      return pty;
    } catch (error) {
      throw new SluiceError('PSEUDO_TERMINAL_UNAVAILABLE', { reason: reasonOf(error) }, error);
    }
  }

  private constructor(clock: Clock, events: PtyEvents) {
    // The package's own `open` would read from the slave too, and its number for the slave is lost: it leaks.
    const { requireBinary } = createRequire(import.meta.url)('@lydell/node-pty/requireBinary.js') as {
      requireBinary(file: string): NativePty;
    };
    const { master, slave, pty } = requireBinary('pty.node').open(80, 24);
    this.path = pty;
    this.#clock = clock;
    this.#masterFd = master;
    this.#slaveFd = slave;
    this.#master = new ReadStream(master);
    this.#master.on('data', (bytes) => events.receive(bytes));
    this.#master.on('error', (error) => events.lost(error));
  }

  /** Puts bytes on the line, in order; never waits. */
  write(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#queue.length + bytes.length <= LONGEST_QUEUE_BYTES) {
      this.#queue = Uint8Array.from([...this.#queue, ...bytes]);
    }
    if (!this.#cancelRetry) this.#flush();
  }

  /** Throws away what was written and nobody has read: for a device that talks whether or not somebody listens. */
  discardUnread(): void {
    this.#queue = new Uint8Array();
    const bytes = new Uint8Array(LONGEST_QUEUE_BYTES);
    try {
      while (!this.#closed && readSync(this.#slaveFd, bytes) > 0);
    } catch (error) {
      // EAGAIN: nothing (more) is there. The native part opens both ends so that reading never waits.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }

  /** Resolves when both ends are closed; the other program sees its port vanish. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#cancelRetry?.();
      this.#master.once('close', () => {
        closeSync(this.#slaveFd);
        resolve();
      });
      this.#master.destroy();
    });
    return this.#closed;
  }

  #flush(): void {
    this.#cancelRetry = undefined;
    try {
      while (this.#queue.length > 0) {
        this.#queue = this.#queue.subarray(writeSync(this.#masterFd, this.#queue));
      }
    } catch (error) {
      // EAGAIN: the other end has not read what it has.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      this.#cancelRetry = this.#clock.after(WRITE_RETRY_MS, () => this.#flush());
    }
  }
}
