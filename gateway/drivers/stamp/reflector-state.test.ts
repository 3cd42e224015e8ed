import { expect, test } from 'vitest';
import { AllowList } from './allow-list.ts';
import { admit, createReflectorState, forgetIdle, type ReflectorRules } from './reflector-state.ts';
import { encodeReply, stampReply } from './stamp-packet.ts';

const PROBE = Buffer.alloc(44);
PROBE.writeUInt32BE(0xee_ae_0f_0b, 4);

function rig(rules: Partial<ReflectorRules> = {}, allowed = ['any']) {
  const state = createReflectorState(
    { isStateful: true, maxSessions: 3, idleMs: 1_000, ratePerS: 10, ...rules },
    allowed,
  );
  const ask = (address: string, port: number, nowMs: number, packet = PROBE) => {
    const admission = admit(state, packet, address, port, nowMs);
    return admission.kind === 'answer' ? admission.sequence : admission.why;
  };
  return { state, ask };
}

test('each session of address and port has its own count, from 0', () => {
  const { state, ask } = rig();
  expect([ask('a', 1, 0), ask('a', 1, 1), ask('a', 2, 2), ask('b', 1, 3), ask('a', 1, 4)]).toEqual([
    0, 1, 0, 0, 2,
  ]);
  expect(state.answered).toBe(5);
});

test('a stateless reflector counts nothing and keeps no sessions', () => {
  const { state, ask } = rig({ isStateful: false });
  expect(ask('a', 1, 0)).toBeUndefined();
  expect(state.sessions.size).toBe(0);
});

test('the count wraps after 32 bits', () => {
  const { state, ask } = rig();
  ask('a', 1, 0);
  state.sessions.get('a 1')!.answers = 2 ** 32 - 1;
  expect([ask('a', 1, 1), ask('a', 1, 2)]).toEqual([2 ** 32 - 1, 0]);
});

test('a session that was silent for too long begins anew', () => {
  const { ask } = rig();
  expect([ask('a', 1, 0), ask('a', 1, 1_000), ask('a', 1, 2_001)]).toEqual([0, 1, 0]);
});

test('past the most that are kept in mind, those who are there go on and new ones wait until one is idle', () => {
  const { state, ask } = rig();
  for (const port of [1, 2, 3]) expect(ask('a', port, 0)).toBe(0);
  expect(ask('a', 4, 900)).toBe('tooMany');
  expect(ask('a', 1, 901)).toBe(1);
  // Room is looked for once a second at most.
  expect(ask('a', 4, 1_200)).toBe('tooMany');
  expect(ask('a', 4, 1_901)).toBe(0);
  expect([...state.sessions.keys()]).toEqual(['a 1', 'a 4']);
});

test('sources are bounded as well', () => {
  const { ask } = rig({ isStateful: false });
  for (const address of ['a', 'b', 'c']) ask(address, 1, 0);
  expect(ask('d', 1, 500)).toBe('tooMany');
  expect(ask('a', 1, 500)).toBeUndefined();
});

test('what is idle is forgotten', () => {
  const { state, ask } = rig();
  ask('a', 1, 0);
  ask('b', 1, 900);
  forgetIdle(state, 1_500);
  expect([...state.sources.keys(), ...state.sessions.keys()]).toEqual(['b', 'b 1']);
});

test('one source is answered so many times per second, others as before', () => {
  const { state, ask } = rig({ isStateful: false });
  for (let at = 0; at < 10; at++) expect(ask('a', 1, 0)).toBeUndefined();
  expect(ask('a', 2, 0)).toBe('tooFast');
  expect(ask('b', 1, 0)).toBeUndefined();
  expect([ask('a', 1, 100), ask('a', 1, 100)]).toEqual([undefined, 'tooFast']);
  expect(state.refused.tooFast).toBe(2);
});

test('who is not allowed, too short, or an answer, is refused and leaves nothing behind', () => {
  const { state, ask } = rig({}, ['192.0.2.1']);
  const answer = Buffer.alloc(44);
  const pending = encodeReply(answer, PROBE, {
    ...{ receivedMs: 1_795_395_723_250, clock: { isSynced: false, errorMs: 1 }, ttl: 64 },
  })!;
  stampReply(answer, pending, 1_795_395_723_251);
  expect(ask('192.0.2.2', 1, 0)).toBe('notAllowed');
  expect(ask('192.0.2.1', 1, 0, PROBE.subarray(0, 13))).toBe('tooShort');
  expect(ask('192.0.2.1', 862, 0, answer)).toBe('isAnswer');
  expect(state.refused).toMatchObject({ notAllowed: 1, tooShort: 1, isAnswer: 1 });
  expect([state.sources.size, state.sessions.size, state.answered]).toEqual([0, 0, 0]);
});

test('who is allowed may change at any time', () => {
  const { state, ask } = rig({}, []);
  expect(ask('192.0.2.1', 1, 0)).toBe('notAllowed');
  state.allow = new AllowList(['192.0.2.0/24']);
  expect(ask('192.0.2.1', 1, 0)).toBe(0);
});
