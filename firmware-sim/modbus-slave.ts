import type { Cancel, Clock } from '../core/clock.ts';
import { characterMs, silenceMs, wrapRtu } from '../core/modbus/rtu.ts';
import { answerRequest } from './answer-request.ts';
import type { SlaveDevice } from './devices/device.ts';
import type { Random } from './farm/random.ts';
import { type Fault, strike } from './faults.ts';
import { type RequestFrame, RequestFramer } from './request-framer.ts';

export interface Slave {
  readonly unit: number;
  readonly device: SlaveDevice;
  readonly answerDelayMs: number;
  /** May be replaced at any time. */
  faults: readonly Fault[];
}

export interface SlaveBusOptions {
  readonly slaves: readonly Slave[];
  readonly clock: Clock;
  readonly random: Random;
  /** With a baud rate each frame takes its time on the wire; without one the line takes none. */
  readonly baud: number | undefined;
  /** Puts bytes on the line. */
  send(bytes: Uint8Array): void;
}

/** A pseudo-terminal may hand over in two pieces what was written in one; a shorter pause ends no frame. */
const SHORTEST_SILENCE_MS = 4;

/** The slaves of one serial line: they hear everything, and the one that is asked answers. */
export class SlaveBus {
  readonly #options: SlaveBusOptions;
  readonly #byUnit: ReadonlyMap<number, Slave>;
  readonly #framer: RequestFramer;
  readonly #silenceMs: number;
  readonly #answers = new Set<Cancel>();
  #cancelSilence: Cancel = () => {};

  constructor(options: SlaveBusOptions) {
    this.#options = options;
    this.#byUnit = new Map(options.slaves.map((slave) => [slave.unit, slave]));
    this.#silenceMs = options.baud === undefined ? 0 : silenceMs(options.baud);
    this.#framer = new RequestFramer(Math.max(this.#silenceMs, SHORTEST_SILENCE_MS));
  }

  receive(bytes: Uint8Array): void {
    this.#cancelSilence();
    for (const frame of this.#framer.push(bytes, this.#options.clock.monotonicMs())) this.#hear(frame);
    if (!this.#framer.isWaiting) return;
    this.#cancelSilence = this.#options.clock.after(Math.max(this.#silenceMs, SHORTEST_SILENCE_MS), () => {
      const frame = this.#framer.endOfFrame();
      if (frame) this.#hear(frame);
    });
  }

  /** Answers that are still under way are lost. */
  stop(): void {
    this.#cancelSilence();
    for (const cancel of this.#answers) cancel();
    this.#answers.clear();
  }

  #hear({ unit, pdu, length }: RequestFrame): void {
    // A frame for another unit, and a broadcast (unit 0), is not answered; none of our devices acts on a broadcast.
    const slave = this.#byUnit.get(unit);
    if (!slave) return;
    const answer = wrapRtu(unit, answerRequest(slave.device, pdu));
    const { frame, delayMs } = strike(slave.faults, this.#options.random, answer);
    if (!frame) return;
    const onWireMs = this.#wireMs(length) + this.#silenceMs + this.#wireMs(frame.length);
    this.#sendAfter(onWireMs + slave.answerDelayMs + delayMs, frame);
  }

  #sendAfter(delayMs: number, frame: Uint8Array): void {
    if (delayMs === 0) {
      this.#options.send(frame);
      return;
    }
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#answers.delete(cancel);
      this.#options.send(frame);
    });
    this.#answers.add(cancel);
  }

  #wireMs(bytes: number): number {
    const { baud } = this.#options;
    return baud === undefined ? 0 : bytes * characterMs(baud);
  }
}
