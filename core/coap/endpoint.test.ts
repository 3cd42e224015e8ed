import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextDueMs, stepCoap } from './endpoint.ts';
import { CELLULAR_TIMES, type CoapEffect, type CoapInput, createCoapState } from './endpoint-state.ts';
import { CODES, type CoapMessage, decodeMessage, emptyMessage, encodeMessage } from './message.ts';
import { OPTIONS, pathOptions, uintOption } from './option.ts';

const NOTHING = new Uint8Array();
const GET = { code: CODES.get, options: pathOptions('/3/0/9'), payload: NOTHING };
const CONTENT = { code: CODES.content, options: [], payload: Buffer.from('71') };

/** An endpoint with tokens 1, 2, 3 …, message ids from 0, and waits of exactly 10 s, 20 s and 40 s. */
function endpoint(parts: Partial<typeof CELLULAR_TIMES> = {}) {
  let tokens = 0;
  const newToken = () => Uint8Array.of(++tokens);
  const state = createCoapState({ ...CELLULAR_TIMES, ...parts, random: () => 0, newToken });
  return {
    state,
    step: (input: CoapInput, nowMs = 0) => stepCoap(state, input, nowMs).map(readable),
    receive(message: Partial<CoapMessage>, nowMs = 0, peer = 'node') {
      const bytes = encodeMessage({ ...emptyMessage('CON', 7), ...message });
      return stepCoap(state, { kind: 'received', peer, bytes }, nowMs).map(readable);
    },
  };
}

function readable(effect: CoapEffect) {
  return effect.kind === 'send' ? { ...effect, bytes: decodeMessage(effect.bytes) } : effect;
}

const ask = (id: string, parts = {}) =>
  ({ kind: 'request', id, peer: 'node', request: GET, ...parts }) as const;
const incoming = (id: number, type: 'CON' | 'NON' = 'CON') => ({
  type,
  id,
  code: CODES.post,
  token: Buffer.from('t'),
});
const sent = (type: string, id: number, code = 0) => ({ kind: 'send', bytes: { type, id, code } });

test('a request is answered in its acknowledgement', () => {
  const { step, receive, state } = endpoint();
  expect(step(ask('a'))).toMatchObject([sent('CON', 0, CODES.get)]);
  const answer = { ...CONTENT, type: 'ACK', id: 0, token: Uint8Array.of(1) } as const;
  expect(receive(answer)).toMatchObject([{ kind: 'response', id: 'a', message: { code: CODES.content } }]);
  expect(nextDueMs(state)).toBeUndefined();
  expect(receive(answer)).toEqual([]);
});

test('a request is repeated after 10, 20 and 40 s, and given up 80 s after that', () => {
  const { step, state } = endpoint();
  step(ask('a'));
  for (const dueMs of [10_000, 30_000, 70_000]) {
    expect(nextDueMs(state)).toBe(dueMs);
    expect(step({ kind: 'time' }, dueMs - 1)).toEqual([]);
    expect(step({ kind: 'time' }, dueMs)).toMatchObject([sent('CON', 0, CODES.get)]);
  }
  expect(step({ kind: 'time' }, 150_000)).toMatchObject([{ kind: 'failed', id: 'a', reason: 'timeout' }]);
  expect(nextDueMs(state)).toBeUndefined();
});

test('an empty acknowledgement ends the repeats; the answer comes as a message of its own and is acknowledged', () => {
  const { step, receive, state } = endpoint();
  step(ask('a'));
  expect(receive({ type: 'ACK', id: 0 }, 5_000)).toEqual([]);
  expect(step({ kind: 'time' }, 10_000)).toEqual([]);
  expect(nextDueMs(state)).toBe(65_000);
  const answer = { ...CONTENT, type: 'CON', id: 900, token: Uint8Array.of(1) } as const;
  expect(receive(answer, 20_000)).toMatchObject([sent('ACK', 900), { kind: 'response', id: 'a' }]);
  // The acknowledgement was lost: it is sent again, and the answer is not taken twice.
  expect(receive(answer, 25_000)).toMatchObject([sent('ACK', 900)]);
});

test('an answer that overtakes the acknowledgement of its request is taken', () => {
  const { step, receive } = endpoint();
  step(ask('a'));
  expect(receive({ ...CONTENT, type: 'NON', id: 901, token: Uint8Array.of(1) })).toMatchObject([
    { kind: 'response', id: 'a' },
  ]);
});

test('an answer with another token is nobody’s: in an acknowledgement ignored, in a message of its own reset', () => {
  const { step, receive } = endpoint();
  step(ask('a'));
  expect(receive({ ...CONTENT, type: 'ACK', id: 0, token: Uint8Array.of(99) })).toEqual([]);
  expect(receive({ ...CONTENT, type: 'CON', id: 5, token: Uint8Array.of(99) })).toMatchObject([
    sent('RST', 5),
  ]);
  expect(receive({ ...CONTENT, type: 'NON', id: 6, token: Uint8Array.of(99) })).toMatchObject([
    sent('RST', 6),
  ]);
});

test('one request at a time is under way with a peer; a reset ends it and the next goes out', () => {
  const { step, receive } = endpoint();
  step(ask('a'));
  expect(step(ask('b'))).toEqual([]);
  expect(receive({ type: 'RST', id: 0 })).toMatchObject([
    { kind: 'failed', id: 'a', reason: 'reset' },
    sent('CON', 1, CODES.get),
  ]);
});

test('what is urgent goes beside what is under way, commands go before questions, and a cancelled one is not repeated', () => {
  const { step, receive, state } = endpoint({ maxWaiting: 3 } as never);
  step(ask('a'));
  for (const id of ['b', 'c']) expect(step(ask(id))).toEqual([]);
  expect(step(ask('command', { priority: 'first' }))).toEqual([]);
  expect(step(ask('close', { priority: 'at-once' }))).toMatchObject([sent('CON', 1, CODES.get)]);
  expect(step(ask('close-2', { priority: 'at-once' }))).toEqual([]);
  expect(step({ kind: 'cancel', peer: 'node', id: 'close' })).toMatchObject([
    { kind: 'failed', id: 'close', reason: 'cancelled' },
    sent('CON', 2, CODES.get),
  ]);
  expect(step({ kind: 'cancel', peer: 'node', id: 'b' })).toMatchObject([{ kind: 'failed', id: 'b' }]);
  const ack = { ...CONTENT, type: 'ACK' } as const;
  expect(receive({ ...ack, id: 2, token: state.peers.get('node')!.underWay[1]!.token })).toMatchObject([
    { kind: 'response', id: 'close-2' },
  ]);
  expect(receive({ type: 'RST', id: 0 })).toMatchObject([{ id: 'a', reason: 'reset' }, sent('CON', 3, 1)]);
  expect(state.peers.get('node')!.underWay.map(({ id }) => id)).toEqual(['command']);
  expect(state.peers.get('node')!.waiting.map(({ id }) => id)).toEqual(['c']);
  expect(step({ kind: 'cancel', peer: 'node', id: 'command' })).toMatchObject([
    { id: 'command', reason: 'cancelled' },
    sent('CON', 4, CODES.get),
  ]);
});

test('questions that wait behind one without any answer fail with it; commands have their own try', () => {
  const { step } = endpoint();
  for (const id of ['a', 'b', 'c']) step(ask(id));
  step(ask('command', { priority: 'first' }));
  for (const nowMs of [10_000, 30_000, 70_000]) step({ kind: 'time' }, nowMs);
  expect(step({ kind: 'time' }, 150_000)).toMatchObject([
    { kind: 'failed', id: 'b', reason: 'timeout' },
    { kind: 'failed', id: 'c', reason: 'timeout' },
    { kind: 'failed', id: 'a', reason: 'timeout' },
    sent('CON', 1, CODES.get),
  ]);
});

test('an answer that wants no acknowledgement does not wait behind requests of our own', () => {
  const { step, receive } = endpoint();
  for (const id of ['a', 'b']) step(ask(id));
  const [effect] = receive(incoming(40, 'NON'));
  const { exchange } = effect as Extract<CoapEffect, { kind: 'request' }>;
  expect(step({ kind: 'answer', exchange, answer: CONTENT })).toMatchObject([sent('NON', 1, CODES.content)]);
});

test('a request that comes twice is handed on once, and gets the same answer again', () => {
  const { step, receive } = endpoint();
  const [effect] = receive(incoming(40));
  expect(effect).toMatchObject({ kind: 'request', exchange: { id: 40, peer: 'node' } });
  expect(receive(incoming(40))).toEqual([]);
  const { exchange } = effect as Extract<CoapEffect, { kind: 'request' }>;
  const answer = { ...CONTENT, type: 'ACK', id: 40, token: Buffer.from('t') };
  expect(step({ kind: 'answer', exchange, answer: CONTENT })).toMatchObject([
    { kind: 'send', bytes: answer },
  ]);
  expect(receive(incoming(40))).toMatchObject([{ kind: 'send', bytes: answer }]);
  // The same id of another peer, and the same id much later, are other messages.
  expect(receive(incoming(40), 0, 'other')).toMatchObject([{ kind: 'request' }]);
  expect(receive(incoming(40), 247_000)).toMatchObject([{ kind: 'request' }]);
});

test('another message under an id that was used a moment ago is no repeat: a node counts anew after each sleep', () => {
  const { receive } = endpoint();
  expect(receive({ ...incoming(0), payload: Buffer.from('1') })).toMatchObject([{ kind: 'request' }]);
  expect(receive({ ...incoming(0), payload: Buffer.from('2') }, 60_000)).toMatchObject([{ kind: 'request' }]);
  expect(receive({ ...incoming(0), payload: Buffer.from('2') }, 60_001)).toEqual([]);
});

test('a request that takes long is acknowledged first; its answer is repeated until it is acknowledged', () => {
  const { step, receive, state } = endpoint();
  const [effect] = receive(incoming(40));
  const { exchange } = effect as Extract<CoapEffect, { kind: 'request' }>;
  expect(nextDueMs(state)).toBe(1_000);
  expect(step({ kind: 'time' }, 1_000)).toMatchObject([sent('ACK', 40)]);
  expect(receive(incoming(40), 1_500)).toMatchObject([sent('ACK', 40)]);
  expect(step({ kind: 'answer', exchange, answer: CONTENT }, 3_000)).toMatchObject([
    sent('CON', 0, CODES.content),
  ]);
  expect(step({ kind: 'time' }, 13_000)).toMatchObject([sent('CON', 0, CODES.content)]);
  expect(receive({ type: 'ACK', id: 0 }, 14_000)).toEqual([]);
  expect(nextDueMs(state)).toBeUndefined();
});

test('a request that wants no acknowledgement is answered likewise; its repeat is not answered', () => {
  const { step, receive } = endpoint();
  const [effect] = receive(incoming(40, 'NON'));
  const { exchange } = effect as Extract<CoapEffect, { kind: 'request' }>;
  expect(step({ kind: 'answer', exchange, answer: CONTENT })).toMatchObject([sent('NON', 0, CODES.content)]);
  expect(receive(incoming(40, 'NON'))).toEqual([]);
});

test('what cannot be used: a ping and a broken confirmable message are reset, the rest is ignored', () => {
  const { state, receive } = endpoint();
  const raw = (text: string) =>
    stepCoap(state, { kind: 'received', peer: 'node', bytes: Buffer.from(text, 'hex') }, 0).map(readable);
  expect(receive({ type: 'CON', id: 3 })).toMatchObject([sent('RST', 3)]);
  expect(raw('49010004010203040506070809')).toMatchObject([sent('RST', 4)]);
  expect(raw('40010005ff')).toMatchObject([sent('RST', 5)]);
  expect(raw('50010006ff')).toEqual([]);
  expect(raw('60010007ff')).toEqual([]);
  expect(raw('80010008')).toEqual([]);
  expect(raw('40')).toEqual([]);
});

test('a critical option that is not known: 4.02 to a confirmable request, silence to another', () => {
  const { receive } = endpoint();
  const options = [{ number: 2051, value: NOTHING }];
  expect(receive({ ...incoming(1), options })).toMatchObject([sent('ACK', 1, CODES.badOption)]);
  expect(receive({ ...incoming(2, 'NON'), options })).toEqual([]);
  expect(receive({ ...incoming(3), options: [{ number: 2050, value: NOTHING }] })).toMatchObject([
    { kind: 'request', message: { options: [] } },
  ]);
});

test('notifications: in order, older ones dropped, the counter wraps, 128 s later any is newer', () => {
  const { step, receive } = endpoint();
  step(ask('o', { isObserving: true }));
  let id = 100;
  const notify = (sequence: number, nowMs: number, type: 'ACK' | 'NON' | 'CON' = 'NON') => {
    const options = [uintOption(OPTIONS.observe, sequence)];
    const message = { ...CONTENT, type, id: type === 'ACK' ? 0 : id++, token: Uint8Array.of(1), options };
    return receive(message, nowMs).map(({ kind }) => kind);
  };
  expect(notify(0xfffffe, 0, 'ACK')).toEqual(['response']);
  expect(notify(0xffffff, 1_000)).toEqual(['notification']);
  expect(notify(3, 2_000, 'CON')).toEqual(['send', 'notification']);
  expect(notify(2, 3_000)).toEqual([]);
  expect(notify(3, 4_000)).toEqual([]);
  expect(notify(1, 130_001)).toEqual(['notification']);
  expect(step({ kind: 'forget-observation', peer: 'node', id: 'o' })).toEqual([]);
  expect(notify(9, 140_000)).toEqual(['send']);
});

test('an observed peer behind a new address is known by its token', () => {
  const { step, receive, state } = endpoint();
  step(ask('o', { isObserving: true }));
  const notify = (sequence: number, id: number) => ({
    ...CONTENT,
    type: 'NON' as const,
    id,
    token: Uint8Array.of(1),
    options: [uintOption(OPTIONS.observe, sequence)],
  });
  receive({ ...notify(1, 0), type: 'ACK' });
  step(ask('r'));
  expect(receive(notify(2, 50), 0, 'elsewhere')).toMatchObject([
    { kind: 'moved', from: 'node', peer: 'elsewhere' },
    { kind: 'failed', id: 'r', reason: 'forgotten' },
    { kind: 'notification', id: 'o', peer: 'elsewhere' },
  ]);
  step({ kind: 'forget-peer', peer: 'elsewhere' });
  expect(state.observed.size).toBe(0);
});

test('a request that is too late is not sent, nor sent again', () => {
  const { step, receive, state } = endpoint();
  step(ask('a', { notAfterMs: 12_000 }));
  step(ask('b', { notAfterMs: 11_000 }));
  expect(step({ kind: 'time' }, 10_000)).toMatchObject([sent('CON', 0, CODES.get)]);
  expect(nextDueMs(state)).toBe(12_000);
  expect(step({ kind: 'time' }, 12_000)).toMatchObject([
    { kind: 'failed', id: 'a', reason: 'timeout' },
    { kind: 'failed', id: 'b', reason: 'timeout' },
  ]);
  expect(receive({ type: 'RST', id: 0 }, 13_000)).toEqual([]);
});

test('a peer that does not observe after all, or answers with an error, is not taken as observed', () => {
  const { step, receive, state } = endpoint();
  step(ask('o', { isObserving: true }));
  receive({ ...CONTENT, type: 'ACK', id: 0, token: Uint8Array.of(1) });
  expect(state.peers.get('node')!.observations.size).toBe(0);
});

test('a confirmable notification of our own: delivered, or failed when it is reset', () => {
  const { step, receive } = endpoint();
  const notify = (id: string) =>
    step({ kind: 'notify', id, peer: 'node', token: Uint8Array.of(9), answer: CONTENT, isConfirmable: true });
  expect(notify('n1')).toMatchObject([sent('CON', 0, CODES.content)]);
  expect(receive({ type: 'ACK', id: 0 })).toMatchObject([{ kind: 'delivered', id: 'n1' }]);
  notify('n2');
  expect(receive({ type: 'RST', id: 1 })).toMatchObject([{ kind: 'failed', id: 'n2', reason: 'reset' }]);
});

test('a peer that has moved: what was under way fails, and its repeats still find their reply', () => {
  const { step, receive } = endpoint();
  const [effect] = receive(incoming(40));
  const { exchange } = effect as Extract<CoapEffect, { kind: 'request' }>;
  step({ kind: 'answer', exchange, answer: CONTENT });
  step(ask('a'));
  step(ask('b'));
  expect(step({ kind: 'forget-peer', peer: 'node' })).toMatchObject([
    { kind: 'failed', id: 'a', reason: 'forgotten' },
    { kind: 'failed', id: 'b', reason: 'forgotten' },
  ]);
  expect(receive(incoming(40))).toMatchObject([sent('ACK', 40, CODES.content)]);
});

test('whatever arrives, in whatever order: nothing is thrown, and nobody gets much more than it sent', () => {
  const type = fc.constantFrom('CON', 'NON', 'ACK', 'RST');
  const token = fc.constantFrom(NOTHING, Uint8Array.of(1), Uint8Array.of(2));
  const options = fc.array(
    fc.record({ number: fc.integer({ min: 0, max: 70 }), value: fc.uint8Array({ maxLength: 4 }) }),
    { maxLength: 3 },
  );
  const message = fc
    .record({
      type,
      code: fc.constantFrom(0, 1, 2, 69, 132),
      id: fc.integer({ min: 0, max: 5 }),
      token,
      options,
    })
    .map((parts) => encodeMessage({ ...emptyMessage('CON', 0), ...(parts as Partial<CoapMessage>) }));
  const datagram = fc.record({
    peer: fc.constantFrom('node', 'other'),
    bytes: fc.oneof(message, fc.uint8Array({ maxLength: 30 })),
    waitMs: fc.constantFrom(0, 1_000, 50_000, 300_000),
  });
  fc.assert(
    fc.property(fc.array(datagram, { maxLength: 40 }), (datagrams) => {
      const { step, state } = endpoint({ maxRemembered: 4 } as never);
      step(ask('a', { isObserving: true }));
      step(ask('b'));
      let nowMs = 0;
      for (const { peer, bytes, waitMs } of datagrams) {
        nowMs += waitMs;
        stepCoap(state, { kind: 'time' }, nowMs);
        for (const effect of stepCoap(state, { kind: 'received', peer, bytes }, nowMs)) {
          if (effect.kind !== 'send') continue;
          const isOwnRequest = decodeMessage(effect.bytes).code === CODES.get;
          if (!isOwnRequest) expect(effect.bytes.length).toBeLessThanOrEqual(Math.max(12, bytes.length));
        }
      }
      expect(state.peers.size).toBeLessThanOrEqual(2);
      for (const { remembered } of state.peers.values()) expect(remembered.size).toBeLessThanOrEqual(4);
    }),
  );
});

test('memory is bounded: ids of a peer, requests that wait, and peers', () => {
  const { step, receive, state } = endpoint({
    maxPeers: 3,
    maxRemembered: 4,
    maxRememberedOfStranger: 2,
    maxWaiting: 2,
  } as never);
  for (let id = 0; id < 50; id++) receive(incoming(id, 'NON'));
  expect(state.peers.get('node')!.remembered.size).toBe(2);
  step(ask('first'));
  receive({ type: 'RST', id: 0 });
  for (let id = 0; id < 50; id++) receive(incoming(id, 'NON'));
  expect(state.peers.get('node')!.remembered.size).toBe(4);
  for (const id of ['a', 'b', 'c']) step(ask(id));
  expect(step(ask('d'))).toMatchObject([{ kind: 'failed', id: 'd', reason: 'too-many' }]);
  for (let peer = 0; peer < 50; peer++) receive(incoming(1, 'NON'), 0, `stranger-${peer}`);
  expect(state.peers.size).toBe(3);
  expect(state.peers.has('node')).toBe(true);
});
