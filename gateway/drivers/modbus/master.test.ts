import { expect, test } from 'vitest';
import { createExchange, IDLE, type MasterInput, type MasterState, stepMaster } from './master.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

const exchange = createExchange(0x11, { function: 'readHoldingRegisters', address: 0x6b, count: 3 });
const ANSWER = '11 03 06 ae 41 56 52 43 40 49 ad';
const WAITING: MasterState = { phase: 'waiting', exchange, received: new Uint8Array(0) };
const bytes = (text: string): MasterInput => ({ kind: 'bytes', bytes: hex(text) });
const settled = (after: 'answer' | 'fault') => ({ phase: 'settling', after });

function run(from: MasterState, ...inputs: MasterInput[]) {
  let state = from;
  const effects = inputs.flatMap((input) => {
    const step = stepMaster(state, input);
    state = step.state;
    return step.effects;
  });
  return { state, effects };
}

test('a request goes out as published, and the line is then waited on', () => {
  const { state, effects } = run(IDLE, { kind: 'begin', exchange });
  expect(effects).toEqual([{ kind: 'send', frame: hex('11 03 00 6b 00 03 76 87') }]);
  expect(state.phase).toBe('waiting');
});

test('its answer, in one piece or byte by byte, is taken, and the line must then be silent', () => {
  const answer = { kind: 'answer', answer: { registers: [0xae41, 0x5652, 0x4340] } };
  const whole = run(WAITING, bytes(ANSWER));
  expect(whole).toEqual({
    state: settled('answer'),
    effects: [answer, { kind: 'settle', after: 'answer' }],
  });
  expect(run(WAITING, ...ANSWER.split(' ').map(bytes))).toEqual(whole);
});

test('an exception is taken as an answer', () => {
  const { effects } = run(WAITING, bytes('11 83 02 c1 34'));
  expect(effects[0]).toEqual({ kind: 'answer', answer: { exception: 2 } });
});

test('silence until the deadline is a timeout, and the answer is owed', () => {
  expect(run(WAITING, { kind: 'deadline' })).toEqual({
    state: settled('fault'),
    effects: [
      { kind: 'fault', fault: 'timeout', reason: '', isOwed: true },
      { kind: 'settle', after: 'fault' },
    ],
  });
});

test('part of an answer until the deadline is a bad frame, and the rest is owed', () => {
  const { effects } = run(WAITING, bytes('11 03 06 ae'), { kind: 'deadline' });
  expect(effects[0]).toEqual({
    kind: 'fault',
    fault: 'bad-frame',
    reason: 'only 4 of 11 bytes arrived',
    isOwed: true,
  });
});

test('a whole answer with a wrong checksum is a bad frame that owes nothing', () => {
  const { effects } = run(WAITING, bytes('11 03 06 ae 41 56 52 43 41 49 ad'));
  expect(effects[0]).toMatchObject({ kind: 'fault', fault: 'checksum', isOwed: false });
});

test.each([
  ['another unit', '12 03 06 ae 41 56 52 43 40 7a ad', 'it begins with 18'],
  ['another function', '11 04 06', 'it answers function 4, and 3 was asked'],
  ['another length', '11 03 04', 'it announces 4 bytes of data, and 6 were asked'],
  ['leading garbage', `00 ${ANSWER}`, 'it begins with 0'],
  ['a second answer behind the first', `${ANSWER} ${ANSWER}`, '22 bytes where the answer has 11'],
])('%s spoils the exchange; nothing is taken until its time is over', (_, received, reason) => {
  const spoiled = run(WAITING, bytes(received), bytes(ANSWER));
  expect(spoiled).toEqual({
    state: { phase: 'spoiled', reason: expect.stringContaining(reason) },
    effects: [],
  });
  const { state, effects } = run(spoiled.state, { kind: 'deadline' });
  expect(state).toEqual(settled('fault'));
  expect(effects[0]).toMatchObject({ kind: 'fault', fault: 'bad-frame', isOwed: true });
});

test('bytes that nobody asked for make the line unquiet', () => {
  const unquiet = { state: settled('fault'), effects: [{ kind: 'settle', after: 'fault' }] };
  expect(run(IDLE, bytes(ANSWER))).toEqual(unquiet);
  expect(run({ phase: 'settling', after: 'answer' }, bytes('00'))).toEqual(unquiet);
  expect(run({ phase: 'settling', after: 'fault' }, bytes('00'))).toEqual(unquiet);
});

test('quiet frees the line, and only a line that was settling', () => {
  expect(run({ phase: 'settling', after: 'fault' }, { kind: 'quiet' })).toEqual({ state: IDLE, effects: [] });
  expect(run(WAITING, { kind: 'quiet' })).toEqual({ state: WAITING, effects: [] });
  expect(run(IDLE, { kind: 'quiet' })).toEqual({ state: IDLE, effects: [] });
});

test('a deadline that is out of date changes nothing', () => {
  expect(run(IDLE, { kind: 'deadline' })).toEqual({ state: IDLE, effects: [] });
});

test('a request cannot begin before the last is over', () => {
  expect(() => stepMaster(WAITING, { kind: 'begin', exchange })).toThrow('while waiting');
});
