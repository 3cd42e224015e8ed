import type { Clock } from '../../core/clock.ts';
import { placeLink, removeLink } from '../port-link.ts';
import { Pty } from '../pty.ts';
import { type DecodedSms, decodeSubmit } from './decode-submit.ts';

export interface ModemFaults {
  sim: 'ready' | 'pin' | 'missing';
  /** `<stat>` of +CREG: 1 at home, 2 searching, 3 denied. */
  registration: number;
  /** `<rssi>` of +CSQ, 0 to 31 or 99. */
  rssi: number;
  /** `+CMS ERROR` to as many messages. */
  errors: number[];
  /** Says nothing to whatever comes, until it is restarted. */
  isStuck: boolean;
  slowMs: number;
  /** Somebody calls, and noise is on the line, before each answer. */
  isNoisy: boolean;
}

/** Answers as many as a real one would while it starts again. */
const RESTART_MS = 100;
/** Messages and commands that are remembered. */
const MOST_KEPT = 1_000;

/** A GSM modem on a pseudo-terminal, reached under a name that stays when it is unplugged and comes back. */
export class SimulatedModem {
  readonly path: string;
  readonly faults: ModemFaults = {
    ...{ sim: 'ready', registration: 1, rssi: 20, errors: [], isStuck: false, slowMs: 0, isNoisy: false },
  };
  /** What the network has taken, each part by itself. */
  readonly sent: DecodedSms[] = [];
  readonly heard: string[] = [];
  pin = '1234';
  pinTries = 0;
  restarts = 0;
  readonly #clock: Clock;
  readonly #took: (sms: DecodedSms) => void;
  #pty: Pty | undefined;
  #text = '';
  #isEchoing = true;
  #hasPin = false;
  /** Octets that AT+CMGS has announced, while it waits for them. */
  #announced: number | undefined;

  /** `took` is told of each part that the network has taken. */
  constructor(path: string, clock: Clock, took: (sms: DecodedSms) => void = () => {}) {
    this.path = path;
    this.#clock = clock;
    this.#took = took;
  }

  /** Throws `PSEUDO_TERMINAL_UNAVAILABLE` or `DATA_FOLDER_UNUSABLE`. */
  async plug(): Promise<void> {
    const decoder = new TextDecoder('latin1');
    this.#pty = await Pty.open(this.#clock, {
      receive: (bytes) => this.#receive(decoder.decode(bytes)),
      lost: () => {},
    });
    placeLink(this.path, this.#pty.path);
  }

  async unplug(): Promise<void> {
    const pty = this.#pty;
    this.#pty = undefined;
    if (!pty) return;
    removeLink(this.path, pty.path);
    await pty.close();
    this.#reset();
  }

  #reset(): void {
    this.#text = '';
    this.#isEchoing = true;
    this.#announced = undefined;
    this.faults.isStuck = false;
    // A SIM forgets that it was given its PIN.
    if (this.#hasPin) this.faults.sim = 'pin';
  }

  #receive(text: string): void {
    for (const character of text) {
      if (character === '\x1b') {
        this.#announced = undefined;
        this.#text = '';
      } else if (this.#announced !== undefined && character === '\x1a') this.#message();
      else if (this.#announced === undefined && character === '\r') this.#command();
      else this.#text += character;
    }
  }

  #command(): void {
    const command = this.#text.trim();
    this.#text = '';
    if (command === '') return;
    this.heard.push(command);
    if (this.heard.length > MOST_KEPT) this.heard.shift();
    if (command === 'AT+CFUN=1,1') {
      this.restarts++;
      this.#clock.after(RESTART_MS, () => this.#reset());
      return;
    }
    if (this.faults.isStuck) return;
    const echo = this.#isEchoing ? `${command}\r` : '';
    this.#say(`${echo}${this.#answer(command)}`);
  }

  #answer(command: string): string {
    const { sim, registration, rssi } = this.faults;
    const ok = '\r\nOK\r\n';
    if (command === 'ATE0') {
      this.#isEchoing = false;
      return ok;
    }
    if (command === 'AT+CPIN?') {
      if (sim === 'missing') return '\r\n+CME ERROR: 10\r\n';
      return `\r\n+CPIN: ${sim === 'pin' ? 'SIM PIN' : 'READY'}\r\n${ok}`;
    }
    if (command.startsWith('AT+CPIN=')) {
      this.pinTries++;
      this.#hasPin = true;
      if (command !== `AT+CPIN="${this.pin}"`) return '\r\n+CME ERROR: 16\r\n';
      this.faults.sim = 'ready';
      return ok;
    }
    if (command === 'AT+CREG?') return `\r\n+CREG: 0,${registration}\r\n${ok}`;
    if (command === 'AT+CSQ') return `\r\n+CSQ: ${rssi},99\r\n${ok}`;
    if (command.startsWith('AT+CMGS=')) {
      this.#announced = Number(command.slice(8));
      return '\r\n> ';
    }
    return /^AT(\+CMEE=1|\+CMGF=0)?$/.test(command) ? ok : '\r\nERROR\r\n';
  }

  #message(): void {
    const announced = this.#announced;
    const hex = this.#text;
    this.#announced = undefined;
    this.#text = '';
    if (this.faults.isStuck) return;
    const error = this.faults.errors.shift();
    if (error !== undefined) {
      this.#say(`\r\n+CMS ERROR: ${error}\r\n`);
      return;
    }
    try {
      const { sms, length } = decodeSubmit(hex);
      if (length !== announced) throw new Error(`${length} octets, ${announced} announced`);
      this.sent.push(sms);
      if (this.sent.length > MOST_KEPT) this.sent.shift();
      this.#took(sms);
      this.#say(`\r\n+CMGS: ${this.sent.length % 256}\r\n\r\nOK\r\n`);
    } catch {
      // Invalid PDU mode parameter (27.005 section 3.2.5).
      this.#say('\r\n+CMS ERROR: 304\r\n');
    }
  }

  #say(text: string): void {
    const noise = this.faults.isNoisy ? '\r\nRING\r\n\r\n\x7f\x00~~x\r\n\r\n+CREG: 1\r\n' : '';
    const say = () => this.#pty?.write(Buffer.from(noise + text, 'latin1'));
    if (this.faults.slowMs > 0) this.#clock.after(this.faults.slowMs, say);
    else say();
  }
}
