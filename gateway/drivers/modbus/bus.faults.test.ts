import fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { SluiceError } from '../../../core/errors.ts';
import { takeMbap, wrapMbap } from '../../../core/modbus/mbap.ts';
import {
  decodeRequest,
  encodeRequest,
  encodeResponse,
  type ModbusAnswer,
  type ModbusRequest,
  type ReadFunction,
} from '../../../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../../../core/modbus/rtu.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { ModbusBus } from './bus.ts';
import { NETWORK_ERRORS } from './bus-errors.ts';
import { type Framing, rtuFraming, tcpFraming } from './framing.ts';
import { type Burst, ScriptedLine } from './scripted-line.ts';

const TIMEOUT_MS = 100;
/** A unit that was silent rests for at least this long; no answer may be later than that. */
const REST_MS = 1_000;
/** What a unit takes for each of the answers that it owes after a stall. */
const ANSWER_MS = 60;
/** The silence that the bus keeps at 9600 baud. */
const SILENCE_MS = 4;

type Ask = { readonly unit: number; readonly pauseMs: number } & (
  | {
      readonly kind: 'read';
      readonly function: ReadFunction;
      readonly address: number;
      readonly count: number;
    }
  /** Written and read back, as the driver does it. */
  | { readonly kind: 'write'; readonly table: 'coil' | 'holding'; readonly withinMs: number }
);

type Fault =
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

const anyUnit = fc.constantFrom(1, 1, 1, 1, 2);
/** What an honest answer takes: the longer, the more room for one that is late. */
const anyDelayMs = fc.constantFrom(5, 5, 40, 90);
const anyPause = fc.constantFrom(0, 0, 0, 5, 50, 150, 300, 1_200);

// Few units, addresses and counts, so that an answer often fits another request by its form. A read-back of a register
// has the form of a read of one, and a read-back of a coil that of every other.
const anyAsk: fc.Arbitrary<Ask> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      unit: anyUnit,
      function: fc.constantFrom('readHoldingRegisters', 'readHoldingRegisters', 'readInputRegisters'),
      address: fc.constantFrom(0, 10, 20),
      count: fc.constantFrom(2, 1, 1, 1),
      pauseMs: anyPause,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      unit: anyUnit,
      table: fc.constantFrom('coil', 'holding'),
      withinMs: fc.constantFrom(0, 100, 500, 5_000),
      pauseMs: anyPause,
    }),
  },
);

const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  // Mostly none: a wrong value needs honest answers around the late one.
  { weight: 16, arbitrary: fc.constant({ kind: 'none' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'silent' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('late' as const),
      byMs: fc.oneof(fc.integer({ min: 90, max: 300 }), fc.integer({ min: 50, max: REST_MS })),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('stalled' as const),
      forMs: fc.integer({ min: 50, max: 8_000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('torn' as const), kept: fc.integer({ min: 1, max: 8 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('split' as const),
      at: fc.integer({ min: 1, max: 8 }),
      gapMs: fc.integer({ min: 1, max: 400 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('corrupted' as const),
      // CRC-16 finds every error of up to three bits in a frame this short.
      bits: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('duplicated' as const),
      gapMs: fc.integer({ min: 0, max: SILENCE_MS }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('swapped' as const), gapMs: fc.nat(SILENCE_MS) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('disconnected' as const), afterMs: fc.nat(150) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('foreign' as const),
      unit: fc.integer({ min: 1, max: 4 }),
      gapMs: fc.nat(60),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('garbage' as const),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
      gapMs: fc.nat(60),
    }),
  },
);

interface Transport {
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

const TRANSPORTS: readonly Transport[] = [
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
const WRITTEN = { holding: 10, coil: 0 } as const;
const READ_BACK = { holding: 'readHoldingRegisters', coil: 'readCoils' } as const;

/** What the units hold, and what they held when. Every register of each holds another value, so that a mix-up shows. */
class Units {
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

const HONEST: readonly [Fault, number] = [{ kind: 'none' }, 5];

/** The far end: takes what has queued up during a stall in its order, and each answer its time. */
class FarEnd {
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
          { afterMs: afterMs + fault.gapMs, bytes: bytes.slice(at) },
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

function setUp(transport: Transport) {
  const clock = new FakeClock();
  const line = new ScriptedLine(clock);
  const units = new Units(clock);
  const far = new FarEnd(clock, line, transport, units);
  const bus = new ModbusBus({
    id: 'field',
    port: 'test',
    baud: 9600,
    timeoutMs: TIMEOUT_MS,
    silenceMs: transport.silenceMs,
    framing: transport.framing(),
    ...(transport.isNetwork ? { network: { errors: NETWORK_ERRORS, random: () => 0.5 } } : {}),
    open: line.open,
    clock,
    log: pino({ level: 'silent' }),
  });
  let nextValue = 40_000;

  /** When `request` was last sent; its answer is of then or later. */
  const sentAtMs = (unit: number, request: ModbusRequest) => {
    const pdu = encodeRequest(request).toString();
    const isIt = (frame: Uint8Array) => {
      const sent = transport.unwrap(frame);
      return sent.unit === unit && sent.pdu.toString() === pdu;
    };
    return line.sent.findLast(({ frame }) => isIt(frame))?.atMs ?? Number.NaN;
  };

  const check = (unit: number, request: ModbusRequest, answer: ModbusAnswer) => {
    if (!('count' in request)) return;
    const values = 'bits' in answer ? answer.bits : 'registers' in answer ? answer.registers : [];
    expect(values).toHaveLength(request.count);
    values.forEach((value, at) => {
      const table = request.function === 'readCoils' ? 'coil' : 'holding';
      const isWritten = request.function !== 'readInputRegisters' && request.address + at === WRITTEN[table];
      const fresh = new Units(clock).obey(unit, request);
      const right = isWritten
        ? units.heldSince(unit, table, sentAtMs(unit, request))
        : 'registers' in fresh
          ? [fresh.registers[at]]
          : [];
      expect(right).toContain(value);
    });
  };

  const transact = async (unit: number, request: ModbusRequest, isCommand: boolean, mustAnswer: boolean) => {
    const withinMs = Number.POSITIVE_INFINITY;
    try {
      check(unit, request, await bus.transact(unit, request, isCommand ? 'command' : 'poll', withinMs));
    } catch (error) {
      if (mustAnswer || !(error instanceof SluiceError)) throw error;
    }
  };

  const write = async (unit: number, table: 'coil' | 'holding', withinMs: number, mustAnswer: boolean) => {
    const value = nextValue++;
    const address = WRITTEN[table];
    const request: ModbusRequest =
      table === 'coil'
        ? { function: 'writeSingleCoil', address, on: value % 2 === 0 }
        : { function: 'writeSingleRegister', address, value };
    const notAfterMs = clock.monotonicMs() + withinMs;
    await bus.transact(unit, request, 'command', notAfterMs).catch((error) => {
      if (mustAnswer || !(error instanceof SluiceError)) throw error;
    });
    // The value is its own, so that this is about this very write.
    if (table === 'holding') expect(sentAtMs(unit, request)).not.toBeGreaterThan(notAfterMs);
    await transact(unit, { function: READ_BACK[table], address, count: 1 }, true, mustAnswer);
  };

  const ask = (one: Ask, mustAnswer: boolean): Promise<void> => {
    const { unit } = one;
    if (one.kind === 'write') return write(unit, one.table, mustAnswer ? 60_000 : one.withinMs, mustAnswer);
    const { function: name, address, count } = one;
    return transact(unit, { function: name, address, count }, false, mustAnswer);
  };
  return { clock, far, ask };
}

test.each(TRANSPORTS)(
  '$name: whatever happens, a value is right or missing, and afterwards all is well',
  async (transport) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(anyAsk, anyFault, anyDelayMs), { minLength: 1, maxLength: 25 }),
        async (script) => {
          const { clock, far, ask } = setUp(transport);
          const faults = script.map(([, fault, delayMs]) => [fault, delayMs] as const);
          far.nextFault = () => faults.shift() ?? HONEST;
          const pending: Promise<void>[] = [];
          for (const [one] of script) {
            pending.push(ask(one, false));
            if (one.pauseMs > 0) await clock.advance(one.pauseMs);
          }
          await clock.advance(60_000);
          await Promise.all(pending);
          far.nextFault = () => HONEST;
          const healed = Promise.all(script.map(([one]) => ask(one, true)));
          await clock.advance(10_000);
          await healed;
        },
      ),
      { numRuns: Number(process.env.FAULT_RUNS ?? 1_000) },
    );
  },
  600_000,
);
