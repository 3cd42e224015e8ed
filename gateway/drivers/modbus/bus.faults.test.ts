import fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { SluiceError } from '../../../core/errors.ts';
import {
  encodeRequest,
  type ModbusAnswer,
  type ModbusRequest,
  type ReadFunction,
} from '../../../core/modbus/pdu.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { ModbusBus } from './bus.ts';
import { NETWORK_ERRORS } from './bus-errors.ts';
import {
  FarEnd,
  type Fault,
  HONEST,
  READ_BACK,
  REST_MS,
  SILENCE_MS,
  TRANSPORTS,
  type Transport,
  Units,
  WRITTEN,
} from './testing/far-end.ts';
import { ScriptedLine } from './testing/scripted-line.ts';

const TIMEOUT_MS = 100;

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
