import { takeMbap, wrapMbap } from '../../../../core/modbus/mbap.ts';
import {
  decodeRequest,
  encodeResponse,
  type ModbusAnswer,
  type ModbusRequest,
} from '../../../../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../../../../core/modbus/rtu.ts';
import type { FakeClock } from '../../../../core/testing/fake-clock.ts';
import { type Framing, rtuFraming, tcpFraming } from '../framing.ts';
import type { Burst, ScriptedLine } from './scripted-line.ts';

/** A unit that was silent rests for at least this long; no answer may be later than that. */
export const REST_MS = 1_000;
/** What a unit takes for each of the answers that it owes after a stall. */
const ANSWER_MS = 60;
/** The silence that the bus keeps at 9600 baud. */
export const SILENCE_MS = 4;

export type Fault =
  | { readonly kind: 'none' | 'silent' }
  | { readonly kind: 'late'; readonly byMs: number }
  | { readonly kind: 'torn'; readonly kept: number }
  | { readonly kind: 'split'; readonly at: number; readonly gapMs: number }
  | { readonly kind: 'corrupted'; readonly bits: readonly number[] }
  | { readonly kind: 'duplicated'; readonly gapMs: number }
  /** Held back, and sent right behind the answer to the next request. */
  | { readonly kind: 'swapped'; readonly gapMs: number }
  /** The connection breaks, and what was to come on it comes on the next. */
  | { readonly kind: 'disconnected'; readonly afterMs: number }
  | { readonly kind: 'foreign'; readonly unit: number; readonly gapMs: number }
  /** From this request on the far end reads nothing for so long, and then answers all of it in order. */
  | { readonly kind: 'stalled'; readonly forMs: number }
  | { readonly kind: 'garbage'; readonly bytes: Uint8Array; readonly gapMs: number };

export interface Transport {
  readonly name: string;
  readonly framing: () => Framing;
  readonly isNetwork: boolean;
  readonly silenceMs: number;
  wrap(request: Uint8Array, pdu: Uint8Array, unit?: number): Uint8Array;
  unwrap(frame: Uint8Array): { readonly unit: number; readonly pdu: Uint8Array };
  /** Where bits may fall over: TCP itself keeps the data whole, but not a server its own headers. */
  readonly corruptible: (length: number) => number;
}

const RTU = {
  framing: rtuFraming,
  wrap: (request: Uint8Array, pdu: Uint8Array, unit = request[0]!) => wrapRtu(unit, pdu),
  unwrap: unwrapRtu,
  corruptible: (length: number) => length,
};

export const TRANSPORTS: readonly Transport[] = [
  { ...RTU, name: 'RTU', isNetwork: false, silenceMs: SILENCE_MS },
  { ...RTU, name: 'RTU over TCP', isNetwork: true, silenceMs: 1 },
  {
    name: 'Modbus TCP',
    framing: tcpFraming,
    isNetwork: true,
    silenceMs: 0,
    wrap: (request, pdu, unit = request[6]!) =>
      wrapMbap({ transaction: (request[0]! << 8) | request[1]!, unit, pdu }),
    unwrap: (frame) => takeMbap(frame)!.frame,
    corruptible: () => 7,
  },
];

/** A register that is written, and a coil, of each unit. */
export const WRITTEN = { holding: 10, coil: 0 } as const;
export const READ_BACK = { holding: 'readHoldingRegisters', coil: 'readCoils' } as const;

/** What the units hold, and what they held when. Every register of each holds another value, so that a mix-up shows. */
export class Units {
  readonly #clock: FakeClock;
  readonly #history = new Map<string, { atMs: number; value: number | boolean }[]>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  obey(unit: number, request: ModbusRequest): ModbusAnswer {
    const atMs = this.#clock.monotonicMs();
    if (request.function === 'writeSingleCoil') this.#of(unit, 'coil').push({ atMs, value: request.on });
    if (request.function === 'writeSingleRegister')
      this.#of(unit, 'holding').push({ atMs, value: request.value });
    if (!('count' in request)) return { written: true };
    if (request.function === 'readCoils') return { bits: [this.#now(unit, 'coil') === true] };
    return { registers: Array.from({ length: request.count }, (_, at) => this.#register(unit, request, at)) };
  }

  /** All that the written register or coil held at or after `sinceMs`. */
  heldSince(unit: number, table: 'coil' | 'holding', sinceMs: number): (number | boolean)[] {
    const history = this.#of(unit, table);
    const later = history.filter(({ atMs }) => atMs >= sinceMs);
    const before = history.findLast(({ atMs }) => atMs < sinceMs);
    return [before ?? FIRST[table](unit), ...later].map((one) => (typeof one === 'object' ? one.value : one));
  }

  #register(unit: number, { function: name, address }: ModbusRequest, at: number): number {
    const isWritten = name === 'readHoldingRegisters' && address + at === WRITTEN.holding;
    if (isWritten) return Number(this.#now(unit, 'holding'));
    return 10_000 * unit + (name === 'readHoldingRegisters' ? 0 : 1_000) + address + at;
  }

  #now(unit: number, table: 'coil' | 'holding'): number | boolean {
    return this.#of(unit, table).at(-1)?.value ?? FIRST[table](unit);
  }

  #of(unit: number, table: 'coil' | 'holding') {
    const key = `${unit} ${table}`;
    const known = this.#history.get(key) ?? [];
    this.#history.set(key, known);
    return known;
  }
}

const FIRST = { coil: () => false, holding: (unit: number) => 10_000 * unit + WRITTEN.holding } as const;

export const HONEST: readonly [Fault, number] = [{ kind: 'none' }, 5];

/** The far end: takes what has queued up during a stall in its order, and each answer its time. */
export class FarEnd {
  readonly #clock: FakeClock;
  readonly #line: ScriptedLine;
  readonly #transport: Transport;
  readonly #units: Units;
  #freeAtMs = 0;
  #held: { bytes: Uint8Array; untilMs: number; gapMs: number } | undefined;
  nextFault: () => readonly [fault: Fault, delayMs: number] = () => HONEST;

  constructor(clock: FakeClock, line: ScriptedLine, transport: Transport, units: Units) {
    this.#clock = clock;
    this.#line = line;
    this.#transport = transport;
    this.#units = units;
    line.answer = (frame) => this.#hear(frame);
  }

  #hear(frame: Uint8Array): Burst[] {
    const [fault, delayMs] = this.nextFault();
    const nowMs = this.#clock.monotonicMs();
    const isStalled = this.#freeAtMs > nowMs;
    if (fault.kind === 'stalled' && !isStalled) this.#freeAtMs = nowMs + fault.forMs;
    else if (!isStalled) return this.#withHeld(this.#answer(frame, fault, delayMs));
    const waitMs = this.#freeAtMs - nowMs;
    this.#freeAtMs += ANSWER_MS;
    this.#clock.after(waitMs, () => {
      for (const { bytes } of this.#answer(frame, ...HONEST)) this.#line.send({ afterMs: ANSWER_MS, bytes });
    });
    return [];
  }

  #withHeld(bursts: Burst[]): Burst[] {
    const held = this.#held;
    const last = bursts.at(-1);
    if (!held || !last) return bursts;
    this.#held = undefined;
    if (this.#clock.monotonicMs() > held.untilMs) return bursts;
    return [...bursts, { afterMs: last.afterMs + held.gapMs, bytes: held.bytes }];
  }

  #answer(frame: Uint8Array, fault: Fault, afterMs: number): Burst[] {
    const { unit, pdu } = this.#transport.unwrap(frame);
    const request = decodeRequest(pdu);
    const answer = this.#units.obey(unit, request);
    const bytes = this.#transport.wrap(frame, encodeResponse(request, answer));
    const copyGapMs = (gapMs: number) => (this.#transport.name === 'RTU' ? gapMs : Math.min(gapMs, 1));
    switch (fault.kind) {
      case 'none':
      case 'stalled':
        return [{ afterMs, bytes }];
      case 'silent':
        return [];
      case 'late':
        return [{ afterMs: fault.byMs, bytes }];
      case 'swapped': {
        const untilMs = this.#clock.monotonicMs() + REST_MS - 50;
        this.#held = { bytes, untilMs, gapMs: copyGapMs(fault.gapMs) };
        return [];
      }
      case 'disconnected':
        if (this.#transport.isNetwork) {
          this.#clock.after(fault.afterMs, () => this.#line.vanish('reset by peer'));
        }
        return [{ afterMs: afterMs + 200, bytes }];
      case 'torn':
        return [{ afterMs, bytes: bytes.slice(0, Math.min(fault.kept, bytes.length - 1)) }];
      case 'split': {
        const at = Math.min(fault.at, bytes.length - 1);
        return [
          { afterMs, bytes: bytes.slice(0, at) },
          // A converter hands on what it reads, to whoever is there; a server of Modbus TCP writes an answer to one socket.
          {
            afterMs: afterMs + fault.gapMs,
            bytes: bytes.slice(at),
            isOfConnection: this.#transport.name === 'Modbus TCP',
          },
        ];
      }
      case 'corrupted': {
        const length = this.#transport.corruptible(bytes.length);
        for (const bit of new Set(fault.bits.map((one) => one % (8 * length))))
          bytes[bit >> 3]! ^= 1 << (bit & 7);
        return [{ afterMs, bytes }];
      }
      case 'duplicated':
        return [
          { afterMs, bytes },
          { afterMs: afterMs + copyGapMs(fault.gapMs), bytes },
        ];
      case 'foreign': {
        if (fault.unit === unit) return [{ afterMs, bytes }];
        const foreign = new Units(this.#clock).obey(fault.unit, request);
        return [
          { afterMs, bytes: this.#transport.wrap(frame, encodeResponse(request, foreign), fault.unit) },
          { afterMs: afterMs + fault.gapMs, bytes },
        ];
      }
      case 'garbage':
        return [
          { afterMs, bytes: fault.bytes },
          { afterMs: afterMs + fault.gapMs, bytes },
        ];
    }
  }
}
