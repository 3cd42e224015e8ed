import fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import {
  decodeRequest,
  encodeResponse,
  type ModbusAnswer,
  type ReadFunction,
} from '../../../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../../../core/modbus/rtu.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { ModbusBus } from './bus.ts';
import { type Burst, ScriptedLine } from './scripted-line.ts';

const TIMEOUT_MS = 100;
/** A unit that was silent rests for at least this long; no answer may be later than that. */
const REST_MS = 1_000;
/** What a unit takes for each of the answers that it owes after a stall. */
const ANSWER_MS = 60;
/** The silence that the bus keeps at 9600 baud. */
const SILENCE_MS = 4;

interface Ask {
  readonly unit: number;
  readonly function: ReadFunction;
  readonly address: number;
  readonly count: number;
  readonly pauseMs: number;
}

type Fault =
  | { readonly kind: 'none' | 'silent' }
  | { readonly kind: 'late'; readonly byMs: number }
  | { readonly kind: 'torn'; readonly kept: number }
  | { readonly kind: 'split'; readonly at: number; readonly gapMs: number }
  | { readonly kind: 'corrupted'; readonly bits: readonly number[] }
  | { readonly kind: 'duplicated'; readonly gapMs: number }
  | { readonly kind: 'foreign'; readonly unit: number; readonly gapMs: number }
  /** From this request on the far end reads nothing for so long, and then answers all of it in order. */
  | { readonly kind: 'stalled'; readonly forMs: number }
  | { readonly kind: 'garbage'; readonly bytes: Uint8Array; readonly gapMs: number };

// Few units, addresses and counts, so that an answer often fits another request by its form.
const anyAsk: fc.Arbitrary<Ask> = fc.record({
  unit: fc.constantFrom(1, 1, 1, 2, 3),
  function: fc.constantFrom('readHoldingRegisters', 'readHoldingRegisters', 'readInputRegisters'),
  address: fc.constantFrom(0, 10, 20, 30),
  count: fc.constantFrom(2, 2, 2, 1),
  pauseMs: fc.constantFrom(0, 0, 0, 5, 50, 150, 300, 1_200),
});

const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'none' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'silent' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('late' as const),
      byMs: fc.oneof(fc.integer({ min: 90, max: 300 }), fc.integer({ min: 50, max: REST_MS })),
    }),
  },
  {
    weight: 1,
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

/** Every register of every unit and table holds another value, so that a mixed-up answer shows. */
function truth(unit: number, name: string, address: number, count: number): ModbusAnswer {
  const table = name === 'readHoldingRegisters' ? 0 : 1;
  return {
    registers: Array.from({ length: count }, (_, at) => 10_000 * unit + 1_000 * table + address + at),
  };
}

function answerWith(frame: Uint8Array, fault: Fault): Burst[] {
  const { unit, pdu } = unwrapRtu(frame);
  const request = decodeRequest(pdu);
  if (!('count' in request)) return [];
  const { function: name, address, count } = request;
  const bytes = wrapRtu(unit, encodeResponse(request, truth(unit, name, address, count)));
  const afterMs = 5;
  switch (fault.kind) {
    case 'none':
    case 'stalled':
      return [{ afterMs, bytes }];
    case 'silent':
      return [];
    case 'late':
      return [{ afterMs: fault.byMs, bytes }];
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
      for (const bit of new Set(fault.bits.map((one) => one % (8 * bytes.length)))) {
        bytes[bit >> 3]! ^= 1 << (bit & 7);
      }
      return [{ afterMs, bytes }];
    }
    case 'duplicated':
      return [
        { afterMs, bytes },
        { afterMs: afterMs + fault.gapMs, bytes },
      ];
    case 'foreign': {
      if (fault.unit === unit) return [{ afterMs, bytes }];
      const foreign = wrapRtu(fault.unit, encodeResponse(request, truth(fault.unit, name, address, count)));
      return [
        { afterMs, bytes: foreign },
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

/** A far end that takes what has queued up during a stall in its order, and each answer its time. */
function queueing(clock: FakeClock, nextFault: () => Fault): (frame: Uint8Array) => Burst[] {
  let freeAtMs = 0;
  return (frame) => {
    const fault = nextFault();
    const nowMs = clock.monotonicMs();
    const isStalled = freeAtMs > nowMs;
    if (fault.kind === 'stalled' && !isStalled) freeAtMs = nowMs + fault.forMs;
    else if (!isStalled) return answerWith(frame, fault);
    const waitMs = freeAtMs - nowMs;
    freeAtMs += ANSWER_MS;
    return answerWith(frame, { kind: 'none' }).map(({ bytes }) => ({ afterMs: waitMs + ANSWER_MS, bytes }));
  };
}

function setUp() {
  const clock = new FakeClock();
  const line = new ScriptedLine(clock);
  const log = pino({ level: 'silent' });
  const options = {
    id: 'field',
    port: 'test',
    baud: 9600,
    timeoutMs: TIMEOUT_MS,
    open: line.open,
    clock,
    log,
  };
  return { clock, line, bus: new ModbusBus(options) };
}

test('whatever happens on the line, a value is right or missing, and afterwards all is well again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(anyAsk, anyFault), { minLength: 1, maxLength: 25 }),
      async (script) => {
        const { clock, line, bus } = setUp();
        const faults = script.map(([, fault]) => fault);
        line.answer = queueing(clock, () => faults.shift() ?? { kind: 'none' });
        const pending: Promise<void>[] = [];
        const check = ({ unit, function: name, address, count }: Ask, mustAnswer: boolean) =>
          bus.transact(unit, { function: name, address, count }).then(
            (answer) => expect(answer).toEqual(truth(unit, name, address, count)),
            (error) => {
              if (mustAnswer) throw error;
            },
          );
        for (const [ask] of script) {
          pending.push(check(ask, false));
          if (ask.pauseMs > 0) await clock.advance(ask.pauseMs);
        }
        await clock.advance(60_000);
        await Promise.all(pending);
        line.answer = (frame) => answerWith(frame, { kind: 'none' });
        const healed = Promise.all(script.map(([ask]) => check(ask, true)));
        await clock.advance(10_000);
        await healed;
      },
    ),
    { numRuns: 500 },
  );
}, 120_000);
