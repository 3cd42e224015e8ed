import { SerialPort } from 'serialport';
import type { Cancel, Clock } from '../../../core/clock.ts';
import { SluiceError } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import type { SmsPart } from './encode-submit.ts';
import {
  CLOSED_MODEM,
  MODEM_TROUBLES,
  type ModemInput,
  type ModemState,
  stepModem,
} from './modem-session.ts';

const REOPEN_MS = 5_000;
/** What a device that is none may send without an end of line. */
const LONGEST_LINE = 2_000;
const HANG_UP_MS = 500;

interface GsmModemParts {
  readonly path: string;
  readonly baudRate: number;
  readonly pin: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

interface Waiting {
  resolve(): void;
  reject(error: SluiceError): void;
}

/** A modem on a serial port, which may be unplugged and come back; decides nothing. */
export class GsmModem {
  readonly #parts: GsmModemParts;
  #port: SerialPort | undefined;
  #state: ModemState = CLOSED_MODEM;
  #text = '';
  #cancelTimer: Cancel | undefined;
  #cancelReopen: Cancel | undefined;
  #isStopped = false;
  readonly #waiting = new Map<string, Waiting>();

  constructor(parts: GsmModemParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#open();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelReopen?.();
    this.#cancelTimer?.();
    const port = this.#port;
    this.#port = undefined;
    if (port?.isOpen) await new Promise<void>((done) => port.close(() => done()));
    this.#step({ kind: 'closed' });
  }

  trouble(): SluiceError | undefined {
    const { trouble } = this.#state;
    return (
      trouble &&
      new SluiceError('MODEM_UNUSABLE', { path: this.#parts.path, reason: MODEM_TROUBLES[trouble] })
    );
  }

  get signalDbm(): number | undefined {
    return this.#state.signalDbm;
  }

  /** One message at a time. Resolves when the network has all of its parts. Throws `MODEM_UNUSABLE` or `DELIVERY_REFUSED`. */
  send(id: string, parts: readonly SmsPart[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#step({ kind: 'send', id, parts });
    });
  }

  #open(): void {
    const { path, baudRate } = this.#parts;
    const port = new SerialPort({ path, baudRate, autoOpen: false });
    port.on('data', (bytes: Buffer) => this.#receive(port, bytes.toString('latin1')));
    port.on('close', () => this.#lost(port));
    port.on('error', () => this.#lost(port));
    port.open((error) => {
      if (this.#isStopped) {
        if (!error) port.close(() => {});
      } else if (error) {
        this.#cancelTimer?.();
        this.#step({ kind: 'closed' });
        this.#reopenLater();
      } else {
        this.#port = port;
        this.#text = '';
        this.#step({ kind: 'opened' });
      }
    });
  }

  #lost(port: SerialPort): void {
    if (port !== this.#port) return;
    this.#port = undefined;
    if (port.isOpen) port.close(() => {});
    this.#cancelTimer?.();
    this.#step({ kind: 'closed' });
    this.#reopenLater();
  }

  #reopenLater(): void {
    if (this.#isStopped) return;
    this.#cancelReopen?.();
    this.#cancelReopen = this.#parts.clock.after(REOPEN_MS, () => this.#open());
  }

  #receive(port: SerialPort, text: string): void {
    if (port !== this.#port) return;
    this.#text = (this.#text + text).slice(-LONGEST_LINE);
    for (let end = this.#text.search(/[\r\n]/); end >= 0; end = this.#text.search(/[\r\n]/)) {
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      this.#step({ kind: 'line', text: line });
    }
    if (this.#text.startsWith('>')) {
      this.#text = '';
      this.#step({ kind: 'prompt' });
    }
  }

  #step(input: ModemInput): void {
    const before = this.#state.trouble;
    const { state, effects } = stepModem(this.#state, input, this.#parts.pin);
    this.#state = state;
    if (state.trouble !== before) this.#tell();
    for (const effect of effects) {
      switch (effect.kind) {
        case 'write':
          this.#port?.write(Buffer.from(effect.text, 'latin1'));
          break;
        case 'wait':
          this.#cancelTimer?.();
          this.#cancelTimer = this.#parts.clock.after(effect.ms, () => this.#step({ kind: 'timeout' }));
          break;
        case 'hang-up':
          this.#hangUp();
          break;
        case 'sent':
          this.#waiting.get(effect.id)?.resolve();
          this.#waiting.delete(effect.id);
          break;
        case 'failed': {
          const { path } = this.#parts;
          const { id, reason, isForEver } = effect;
          const error = isForEver
            ? new SluiceError('DELIVERY_REFUSED', { way: 'sms', to: path, reason })
            : new SluiceError('MODEM_UNUSABLE', { path, reason });
          this.#waiting.get(id)?.reject(error);
          this.#waiting.delete(id);
        }
      }
    }
  }

  /**
   * A modem that listens to DTR restarts by it; one that has no such line says so, which does no harm. The port is opened anew: not
   * every driver tells that what it leads to is gone, or has come back as another device of the same name.
   */
  #hangUp(): void {
    const port = this.#port;
    port?.set({ dtr: false }, () => {
      this.#parts.clock.after(HANG_UP_MS, () => {
        if (port !== this.#port) return;
        this.#port = undefined;
        port.close(() => {
          if (!this.#isStopped) this.#open();
        });
      });
    });
  }

  #tell(): void {
    const { path, log } = this.#parts;
    const error = this.trouble();
    if (error) log.warn({ path, code: error.code }, error.message);
    else log.info({ path, signalDbm: this.signalDbm }, 'the GSM modem can send');
  }
}
