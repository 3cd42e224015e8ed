import { expect, test } from 'vitest';
import type { MasterInput } from './master.ts';
import { createTcpExchange, stepTcpMaster, TCP_IDLE, type TcpMasterState } from './tcp-master.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const bytes = (text: string): MasterInput => ({ kind: 'bytes', bytes: hex(text) });

/** The example of the application protocol 1.1b3, clause 6.3, behind the header of the messaging guide, clause 3.1.3. */
const exchange = createTcpExchange(0x11, { function: 'readHoldingRegisters', address: 0x6b, count: 3 });
const ANSWER = '00 01 00 00 00 09 11 03 06 02 2b 00 00 00 64';
const REGISTERS = { kind: 'answer', answer: { registers: [0x022b, 0, 0x64] } };
const BEGIN: MasterInput = { kind: 'begin', exchange };
const WAITING = stepTcpMaster(TCP_IDLE, BEGIN).state;

function run(from: TcpMasterState, ...inputs: MasterInput[]) {
  let state = from;
  const effects = inputs.flatMap((input) => {
    const step = stepTcpMaster(state, input);
    state = step.state;
    return step.effects;
  });
  return { state, effects };
}

test('a request goes out with a number of its own, which goes on after the last', () => {
  expect(run(TCP_IDLE, BEGIN).effects).toEqual([
    { kind: 'send', frame: hex('00 01 00 00 00 06 11 03 00 6b 00 03') },
  ]);
  const [last] = run({ ...TCP_IDLE, transaction: 0xffff }, BEGIN).effects;
  expect(last).toEqual({ kind: 'send', frame: hex('00 00 00 00 00 06 11 03 00 6b 00 03') });
});

test('a request cannot begin before the last is over', () => {
  expect(() => run(WAITING, BEGIN)).toThrow('while one is under way');
});

test('its answer is taken whole, byte by byte, and with the beginning of another behind it', () => {
  const whole = run(WAITING, bytes(ANSWER));
  expect(whole.effects).toEqual([REGISTERS]);
  expect(whole.state).toMatchObject({ phase: 'idle', exchange: undefined, transaction: 1 });
  expect(run(WAITING, ...ANSWER.split(' ').map(bytes))).toEqual(whole);
  const more = run(WAITING, bytes(`${ANSWER} 00 02 00`));
  expect(more.effects).toEqual([REGISTERS]);
  expect(more.state.received).toEqual(hex('00 02 00'));
});

test('an exception is taken as an answer', () => {
  const { effects } = run(WAITING, bytes('00 01 00 00 00 03 11 83 05'));
  expect(effects).toEqual([{ kind: 'answer', answer: { exception: 5 } }]);
});

test('an answer with another number is thrown away, and its own is taken still', () => {
  const late = ANSWER.replace('00 01', '00 00').replace('02 2b', 'ff ff');
  expect(run(WAITING, bytes(late), bytes(ANSWER)).effects).toEqual([
    { kind: 'stray', reason: 'an answer to transaction 0, which nobody waits for' },
    REGISTERS,
  ]);
  expect(run(WAITING, bytes(`${late} ${ANSWER}`)).effects.at(-1)).toEqual(REGISTERS);
});

test('an answer that comes when nobody waits, its own second one too, is thrown away', () => {
  const { state, effects } = run(WAITING, bytes(`${ANSWER} ${ANSWER}`));
  expect(effects).toEqual([REGISTERS, expect.objectContaining({ kind: 'stray' })]);
  expect(state.phase).toBe('idle');
  expect(run(TCP_IDLE, bytes(ANSWER)).effects).toMatchObject([{ kind: 'stray' }]);
});

test.each([
  ['another unit', '00 01 00 00 00 09 12 03 06 02 2b 00 00 00 64', 'it is of unit 18'],
  ['another function', '00 01 00 00 00 09 11 04 06 02 2b 00 00 00 64', 'function'],
  ['another length', '00 01 00 00 00 07 11 03 04 02 2b 00 00', ''],
  ['another protocol', '00 01 00 01 00 09 11 03 06', ''],
  ['a length that none has', '00 01 00 00 ff ff 11', ''],
])('%s puts the stream out of step: asked again, on another connection', (_, received, reason) => {
  const { state, effects } = run(WAITING, bytes(received));
  expect(effects).toEqual([
    { kind: 'fault', fault: 'bad-frame', reason: expect.stringContaining(reason), isOwed: false },
    { kind: 'desync', reason: expect.stringContaining(reason) },
  ]);
  expect(state).toMatchObject({ phase: 'idle', exchange: undefined, received: hex('') });
});

test('a stream out of step while nobody waits fails nobody', () => {
  expect(run(TCP_IDLE, bytes('00 01 00 01 00 09')).effects).toEqual([
    { kind: 'desync', reason: expect.any(String) },
  ]);
});

test('silence until the deadline is a timeout; its answer may come later, and is nobody’s then', () => {
  const { state, effects } = run(WAITING, { kind: 'deadline' });
  expect(effects).toEqual([{ kind: 'fault', fault: 'timeout', reason: '', isOwed: true }]);
  expect(run(state, BEGIN, bytes(ANSWER)).effects.at(-1)).toMatchObject({ kind: 'stray' });
});

test('half an answer at the deadline: nobody knows where the next begins', () => {
  const { effects } = run(WAITING, bytes('00 01 00 00 00 09 11'), { kind: 'deadline' });
  expect(effects).toMatchObject([
    { kind: 'fault', fault: 'bad-frame', reason: 'only 7 bytes of an answer arrived', isOwed: false },
    { kind: 'desync' },
  ]);
});

test('a deadline that is out of date and quiet change nothing', () => {
  expect(run(TCP_IDLE, { kind: 'deadline' }, { kind: 'quiet' })).toEqual({ state: TCP_IDLE, effects: [] });
  expect(run(WAITING, { kind: 'quiet' })).toEqual({ state: WAITING, effects: [] });
});
