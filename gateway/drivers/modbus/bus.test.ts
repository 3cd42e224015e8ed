import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { SluiceError } from '../../../core/errors.ts';
import {
  decodeRequest,
  encodeException,
  encodeResponse,
  type ModbusRequest,
} from '../../../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../../../core/modbus/rtu.ts';
import { FakeClock, settle } from '../../../core/testing/fake-clock.ts';
import { type BusOptions, ModbusBus } from './bus.ts';
import { NETWORK_ERRORS } from './bus-errors.ts';
import { ScriptedLine } from './testing/scripted-line.ts';

const READ: ModbusRequest = { function: 'readHoldingRegisters', address: 0, count: 2 };

/** A slave for every unit: register a of unit u holds 1000 u + a. */
function honest(frame: Uint8Array): Uint8Array {
  const { unit, pdu } = unwrapRtu(frame);
  const request = decodeRequest(pdu);
  if (!('count' in request)) return wrapRtu(unit, encodeResponse(request, { written: true }));
  if (request.function === 'readCoils') return wrapRtu(unit, encodeResponse(request, { bits: [false] }));
  const registers = Array.from({ length: request.count }, (_, at) => 1000 * unit + request.address + at);
  return wrapRtu(unit, encodeResponse(request, { registers }));
}

function setUp(more: Partial<BusOptions> = {}) {
  const clock = new FakeClock();
  const line = new ScriptedLine(clock);
  line.answer = (frame) => [{ afterMs: 10, bytes: honest(frame) }];
  const bus = new ModbusBus({
    id: 'field',
    port: '/dev/ttyTEST',
    baud: 9600,
    timeoutMs: 100,
    open: line.open,
    clock,
    log: pino({ level: 'silent' }),
    ...more,
  });
  /** Settles to the answer, or to the code of the error. */
  const ask = (unit: number, request: ModbusRequest = READ, priority?: 'command' | 'poll') =>
    bus.transact(unit, request, priority).catch((error: SluiceError) => error.code);
  return { clock, line, bus, ask };
}

test('answers come to those who asked, one request at a time', async () => {
  const { clock, line, ask } = setUp();
  const answers = Promise.all([ask(1), ask(2), ask(1, { ...READ, address: 7 })]);
  await clock.advance(30);
  expect(line.sent).toHaveLength(1);
  await clock.advance(500);
  expect(await answers).toEqual([
    { registers: [1000, 1001] },
    { registers: [2000, 2001] },
    { registers: [1007, 1008] },
  ]);
});

test('3.5 characters of silence lie between an answer and the next request', async () => {
  const { clock, line, ask } = setUp();
  const answers = Promise.all([ask(1), ask(2)]);
  await clock.advance(500);
  await answers;
  const [first, second] = line.sent;
  expect(second!.atMs - (first!.atMs + 10)).toBeGreaterThanOrEqual(4.01);
  expect(second!.atMs - (first!.atMs + 10)).toBeLessThan(7);
});

test('a command goes before the polls that wait', async () => {
  const { clock, line, ask } = setUp();
  void ask(1);
  void ask(2);
  await clock.advance(21);
  void ask(3, { function: 'writeSingleCoil', address: 0, on: false }, 'command');
  await clock.advance(500);
  expect(line.sent.map(({ frame }) => frame[0])).toEqual([1, 3, 2]);
});

const CLOSE: ModbusRequest = { function: 'writeSingleCoil', address: 0, on: false };
const READ_COIL: ModbusRequest = { function: 'readCoils', address: 0, count: 1 };

test('a write goes at once to a unit that rests, and what it holds is read when no answer can be owed', async () => {
  const { clock, line, bus, ask } = setUp();
  let isMute = true;
  line.answer = (frame) => (isMute ? [] : [{ afterMs: 10, bytes: honest(frame) }]);
  for (let turn = 0; turn < 3; turn++) {
    void ask(1);
    await clock.advance(10_000);
  }
  void ask(1);
  await clock.advance(300);
  isMute = false;
  // It rests for 8 s now, and owes an answer for 1 s after it was asked last.
  const lastAskedMs = line.sent.at(-1)!.atMs;
  expect(bus.isResting(1)).toBe(true);
  const sentBefore = line.sent.length;
  const written = ask(1, CLOSE, 'command');
  await settle();
  expect(line.sent.slice(sentBefore).map(({ frame }) => frame[1])).toEqual([5]);
  await clock.advance(300);
  expect(await written).toEqual({ written: true });
  const readBack = ask(1, READ_COIL, 'command');
  const neighbour = ask(2);
  await clock.advance(100);
  expect(await neighbour).toEqual({ registers: [2000, 2001] });
  await clock.advance(2_000);
  expect(await readBack).toMatchObject({ bits: [expect.any(Boolean)] });
  const readAtMs = line.sent.findLast(({ frame }) => frame[1] === 1)!.atMs;
  expect(readAtMs - lastAskedMs).toBeGreaterThanOrEqual(1_000);
  expect(readAtMs - lastAskedMs).toBeLessThan(1_300);
});

test('an earlier answer that comes after a write is not what the coil holds', async () => {
  const { clock, line, ask } = setUp();
  line.answer = () => [];
  void ask(1, READ_COIL);
  await clock.advance(200);
  // What it owes comes 600 ms later and says open; asked after the closing it says closed.
  line.send({ afterMs: 600, bytes: wrapRtu(1, encodeResponse(READ_COIL, { bits: [true] })) });
  line.answer = (frame) => [
    {
      afterMs: 10,
      bytes: wrapRtu(1, encodeResponse(decodeRequest(frame.subarray(1, -2)), { bits: [false] })),
    },
  ];
  const closed = ask(1, CLOSE, 'command').then(() => ask(1, READ_COIL, 'command'));
  await clock.advance(3_000);
  expect(await closed).toEqual({ bits: [false] });
});

test('over a network a unit owes its answer also on the next connection', async () => {
  const { clock, line, ask } = setUp({ network: { errors: NETWORK_ERRORS, random: () => 0 } });
  line.answer = () => [];
  const silent = ask(1);
  const cut = ask(2);
  await clock.advance(200);
  line.vanish('reset by peer');
  expect(await Promise.all([silent, cut])).toEqual(['MODBUS_TIMEOUT', 'MODBUS_DISCONNECTED']);
  line.answer = (frame) => [{ afterMs: 10, bytes: honest(frame) }];
  await clock.advance(300);
  const sentBefore = line.sent.length;
  const answers = Promise.all([1, 2, 3].map((unit) => ask(unit, { ...READ, address: 7 }, 'command')));
  await clock.advance(500);
  expect(line.sent.slice(sentBefore).map(({ frame }) => frame[0])).toEqual([3]);
  await clock.advance(1_000);
  expect(await answers).toEqual([1, 2, 3].map((unit) => ({ registers: [1000 * unit + 7, 1000 * unit + 8] })));
});

test('a write answered by what an earlier write was owed does not show that the line moves', async () => {
  const { clock, line, ask } = setUp();
  const after = async (ms: number, afterMs: number | undefined, ...what: Parameters<typeof ask>) => {
    line.answer = (frame) => (afterMs === undefined ? [] : [{ afterMs, bytes: honest(frame) }]);
    const answer = ask(...what);
    await clock.advance(ms);
    return answer;
  };
  expect(await after(200, undefined, 1, CLOSE, 'command')).toBe('MODBUS_TIMEOUT');
  expect(await after(100, 10, 2)).toEqual({ registers: [2000, 2001] });
  // From here on the line stands still: unit 3 owes, and what answers the second closing is owed to the first.
  expect(await after(200, undefined, 3)).toBe('MODBUS_TIMEOUT');
  expect(await after(100, 10, 1, CLOSE, 'command')).toEqual({ written: true });
  await clock.advance(1_500);
  const asked = { ...READ, address: 7 };
  line.answer = (frame) => {
    line.answer = (next) => [{ afterMs: 10, bytes: honest(next) }];
    const owed = wrapRtu(3, encodeResponse(READ, { registers: [3000, 3001] }));
    return [
      { afterMs: 10, bytes: owed },
      { afterMs: 60, bytes: honest(frame) },
    ];
  };
  const answer = ask(3, asked);
  await clock.advance(1_000);
  expect(await answer).toEqual({ registers: [3007, 3008] });
});

test('commands go in the order in which they came, also of one unit', async () => {
  const { clock, line, ask } = setUp();
  void ask(1);
  await clock.advance(22);
  for (const on of [true, false]) void ask(1, { function: 'writeSingleCoil', address: 0, on }, 'command');
  void ask(1, READ_COIL, 'command');
  await clock.advance(500);
  expect(line.sent.map(({ frame }) => [...frame.subarray(1, 6)]).slice(1)).toEqual([
    [5, 0, 0, 0xff, 0],
    [5, 0, 0, 0, 0],
    [1, 0, 0, 0, 1],
  ]);
});

test('an opening that is asked again never comes after the closing behind it', async () => {
  const { clock, line, ask } = setUp();
  line.answer = (frame) => {
    const bytes = honest(frame);
    if (line.sent.length === 1) bytes[4]! ^= 0x10;
    return [{ afterMs: 10, bytes }];
  };
  for (const on of [true, false]) void ask(1, { function: 'writeSingleCoil', address: 0, on }, 'command');
  await clock.advance(500);
  expect(line.sent.map(({ frame }) => frame[4])).toEqual([0xff, 0xff, 0]);
});

test('an opening whose answer is thrown away, as that of an earlier one, goes out again before the closing', async () => {
  const { clock, line, ask } = setUp();
  line.answer = () => [];
  void ask(1, CLOSE, 'command');
  await clock.advance(200);
  line.answer = (frame) => [{ afterMs: 10, bytes: honest(frame) }];
  for (const on of [true, false]) void ask(1, { function: 'writeSingleCoil', address: 0, on }, 'command');
  await clock.advance(1_000);
  expect(line.sent.slice(1).map(({ frame }) => frame[4])).toEqual([0xff, 0xff, 0]);
});

test('load is the time in which nothing else could be sent', async () => {
  const { clock, bus, ask } = setUp();
  await clock.advance(1_000);
  void ask(1);
  await clock.advance(10_000);
  // 20 ms of quiet after opening are no request; 10 ms to the answer, and the silence of 3.5 characters.
  expect(bus.counts.busyMs).toBe(15);
});

test('what was asked again, and what had a wrong checksum, is counted', async () => {
  const { clock, line, bus, ask } = setUp();
  line.answer = (frame) => {
    const bytes = honest(frame);
    if (line.sent.length === 1) bytes[3]! ^= 1;
    return [{ afterMs: 10, bytes }];
  };
  void ask(1);
  await clock.advance(500);
  expect(bus.counts).toMatchObject({ transactions: 2, retries: 1, errors: 1, checksumErrors: 1, answers: 1 });
});

test('a refused register is an error with the meaning of the exception, and costs no rest', async () => {
  const { clock, line, bus } = setUp();
  line.answer = (frame) => [{ afterMs: 5, bytes: wrapRtu(frame[0]!, encodeException(3, 2)) }];
  const refused = bus.transact(1, READ).catch((error: SluiceError) => error);
  await clock.advance(100);
  expect(await refused).toMatchObject({
    code: 'MODBUS_EXCEPTION',
    details: { unit: 1, bus: 'field', meaning: 'illegal data address' },
  });
  expect(bus.isResting(1)).toBe(false);
});

test('a corrupted answer is asked for once more', async () => {
  const { clock, line, ask } = setUp();
  line.answer = (frame) => {
    const bytes = honest(frame);
    if (line.sent.length === 1) bytes[4]! ^= 0x10;
    return [{ afterMs: 10, bytes }];
  };
  const answer = ask(1);
  await clock.advance(500);
  expect(await answer).toEqual({ registers: [1000, 1001] });
  expect(line.sent).toHaveLength(2);
});

test('an answer that comes after its time is nobody’s', async () => {
  const { clock, line, ask } = setUp();
  line.answer = (frame) => [{ afterMs: line.sent.length === 1 ? 400 : 10, bytes: honest(frame) }];
  const late = ask(1);
  const neighbour = ask(2);
  await clock.advance(300);
  expect(await late).toBe('MODBUS_TIMEOUT');
  expect(await neighbour).toEqual({ registers: [2000, 2001] });
  const next = ask(1, { ...READ, address: 50 });
  expect(await next).toBe('MODBUS_TIMEOUT');
  await clock.advance(1_000);
  const afterRest = ask(1, { ...READ, address: 50 });
  await clock.advance(200);
  expect(await afterRest).toEqual({ registers: [1050, 1051] });
});

test('a dead unit is asked less and less often, and its neighbours at full speed', async () => {
  const { clock, line, ask } = setUp();
  line.answer = (frame) => (frame[0] === 9 ? [] : [{ afterMs: 10, bytes: honest(frame) }]);
  let served = 0;
  for (let second = 0; second < 60; second++) {
    void ask(9);
    void ask(1).then((answer) => {
      if (typeof answer === 'object') served++;
    });
    await clock.advance(1_000);
  }
  const asked = line.sent.filter(({ frame }) => frame[0] === 9).length;
  expect(served).toBe(60);
  expect(asked).toBeGreaterThanOrEqual(5);
  expect(asked).toBeLessThanOrEqual(8);
});

test('a unit that answers again is asked at full speed again', async () => {
  const { clock, line, bus, ask } = setUp();
  line.answer = (frame) => (frame[0] === 1 ? [] : [{ afterMs: 10, bytes: honest(frame) }]);
  void ask(1);
  await clock.advance(200);
  expect(bus.isResting(1)).toBe(true);
  line.answer = (frame) => [{ afterMs: 10, bytes: honest(frame) }];
  void ask(2);
  await clock.advance(1_000);
  const back = ask(1);
  await clock.advance(50);
  expect(await back).toEqual({ registers: [1000, 1001] });
  expect(bus.isResting(1)).toBe(false);
});

test('a line that stood still hands over old answers first, and none of them is taken for a new one', async () => {
  const { clock, line, ask } = setUp();
  line.answer = () => [];
  void ask(1);
  await clock.advance(1_300);
  // The line moves again: it answers what was asked before, and then what is asked now.
  line.answer = (frame) => [
    ...(line.sent.length === 2 ? [{ afterMs: 10, bytes: honest(line.sent[0]!.frame) }] : []),
    { afterMs: 80, bytes: honest(frame) },
  ];
  const answer = ask(1, { ...READ, address: 50 });
  await clock.advance(500);
  expect(await answer).toEqual({ registers: [1050, 1051] });
  expect(line.sent).toHaveLength(3);
});

test('nothing is sent while the line is not quiet, and waiting requests are told so in the end', async () => {
  const { clock, line, ask } = setUp();
  const first = ask(1);
  await clock.advance(100);
  await first;
  for (let ms = 0; ms < 3_000; ms += 10) line.send({ afterMs: ms, bytes: Uint8Array.of(0x55) });
  const asked = ask(1);
  const before = line.sent.length;
  await clock.advance(50);
  const during = ask(2);
  await clock.advance(2_500);
  expect(line.sent.length - before).toBeLessThanOrEqual(1);
  expect(await during).toBe('MODBUS_BAD_FRAME');
  expect(await asked).toBe('MODBUS_BAD_FRAME');
  await clock.advance(2_000);
  const after = ask(2);
  await clock.advance(100);
  expect(await after).toEqual({ registers: [2000, 2001] });
});

test('a port that does not exist is tried again by itself, and not at every request', async () => {
  const { clock, line, ask } = setUp();
  line.failure = 'No such file or directory';
  expect(await ask(1)).toBe('SERIAL_UNAVAILABLE');
  line.failure = undefined;
  expect(await ask(1)).toBe('SERIAL_UNAVAILABLE');
  expect(line.openings).toBe(0);
  await clock.advance(600);
  const answer = ask(1);
  await clock.advance(200);
  expect(await answer).toEqual({ registers: [1000, 1001] });
});

test('a port that goes away fails what is under way, and is opened again when it is back', async () => {
  const { clock, line, ask } = setUp();
  const first = ask(1);
  await clock.advance(100);
  await first;
  const underWay = ask(1);
  const waiting = ask(2);
  line.vanish('it was unplugged');
  expect(await underWay).toBe('SERIAL_LOST');
  expect(await waiting).toBe('SERIAL_LOST');
  await clock.advance(600);
  const back = ask(1);
  await clock.advance(200);
  expect(await back).toEqual({ registers: [1000, 1001] });
});

test('tries to open a port are further and further apart, and never more than 5 s', async () => {
  const { clock, line, ask } = setUp();
  line.failure = 'No such file or directory';
  for (let turn = 0; turn < 600; turn++) {
    void ask(1);
    await clock.advance(100);
  }
  // After 0.5, 1, 2 and 4 s, and then each 5 s of the minute.
  expect(line.attempts).toBeGreaterThanOrEqual(14);
  expect(line.attempts).toBeLessThanOrEqual(16);
  line.failure = undefined;
  await clock.advance(5_000);
  const back = ask(1);
  await clock.advance(200);
  expect(await back).toEqual({ registers: [1000, 1001] });
  line.vanish('it was unplugged');
  await clock.advance(600);
  const again = ask(1);
  await clock.advance(200);
  expect(await again).toEqual({ registers: [1000, 1001] });
});

test('a port that opens and goes away again and again is opened less and less often', async () => {
  const { clock, line, ask } = setUp();
  for (let turn = 0; turn < 600; turn++) {
    void ask(1);
    await settle();
    line.vanish('it was unplugged');
    await clock.advance(100);
  }
  expect(line.attempts).toBeLessThanOrEqual(16);
  await clock.advance(5_000);
  const back = ask(1);
  await clock.advance(200);
  expect(await back).toEqual({ registers: [1000, 1001] });
  line.vanish('it was unplugged');
  await clock.advance(600);
  const again = ask(1);
  await clock.advance(200);
  expect(await again).toEqual({ registers: [1000, 1001] });
});

test('units that fell silent with the port are asked at once when it is back', async () => {
  const { clock, line, bus, ask } = setUp();
  line.answer = () => [];
  void ask(1);
  await clock.advance(200);
  expect(bus.isResting(1)).toBe(true);
  line.vanish('it was unplugged');
  expect(bus.isResting(1)).toBe(false);
});

test('what the port had kept from before it was opened is thrown away', async () => {
  const { clock, line, ask } = setUp();
  const answer = ask(1);
  await settle();
  line.send({ afterMs: 0, bytes: wrapRtu(1, encodeResponse(READ, { registers: [66, 66] })) });
  await clock.advance(300);
  expect(await answer).toEqual({ registers: [1000, 1001] });
});

test('errors, timeouts and turnaround are counted', async () => {
  const { clock, line, bus, ask } = setUp();
  line.answer = (frame) => (frame[0] === 9 ? [] : [{ afterMs: 60, bytes: honest(frame) }]);
  void ask(9);
  void ask(1);
  await clock.advance(500);
  expect(bus.counts).toMatchObject({ transactions: 2, timeouts: 1, errors: 0 });
  // 60 ms less the 8 + 9 characters that request and answer take at 9600 baud.
  expect(bus.counts.turnaroundMs).toBeCloseTo(60 - 17 * 1.1458, 1);
});

test('closing does not wait for a connection that is being made', async () => {
  let given: AbortSignal | undefined;
  const { bus, ask } = setUp({
    open: (_, signal) => {
      given = signal;
      return new Promise((_, reject) =>
        signal!.addEventListener('abort', () => reject(new Error('given up'))),
      );
    },
  });
  const asked = ask(1);
  await settle();
  await bus.close();
  expect(given?.aborted).toBe(true);
  expect(await asked).toBe('SERIAL_LOST');
  expect(bus.trouble).toBeUndefined();
});

test('closing fails what waits and leaves no timer', async () => {
  const { clock, bus, ask } = setUp();
  const first = ask(1);
  await clock.advance(25);
  const second = ask(2);
  await bus.close();
  expect(await Promise.all([first, second])).toEqual(['SERIAL_LOST', 'SERIAL_LOST']);
  expect(await ask(1)).toBe('SERIAL_LOST');
  await clock.advance(20);
  expect(clock.pendingTimers).toBe(0);
});
