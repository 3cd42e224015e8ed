import { expect, test } from 'vitest';
import { createSession, isReachable, type Registration, type SessionInput, stepSession } from './session.ts';

const TEMPERATURE = '/3303/0/5700';
const MOISTURE = '/3320/0/5700';

function session(observedPaths: readonly string[] = [TEMPERATURE, MOISTURE]) {
  const state = createSession({
    observedPaths,
    awakeMs: 30_000,
    minLifetimeMs: 60_000,
    maxLifetimeMs: 86_400_000,
    goneAfterMs: 3_600_000,
  });
  return { state, step: (input: SessionInput, nowMs = 0) => stepSession(state, input, nowMs) };
}

const registration = (parts: Partial<Registration> = {}): Registration => ({
  location: 'a1',
  peer: 'here',
  root: '',
  lifetimeMs: 300_000,
  isQueueMode: false,
  paths: ['/3/0', '/3303/0', '/3320/0'],
  ...parts,
});
const register = (parts: Partial<Registration> = {}) =>
  ({ kind: 'register', registration: registration(parts) }) as const;
const update = (parts: object = {}) =>
  ({
    kind: 'update',
    peer: 'here',
    lifetimeMs: undefined,
    isQueueMode: undefined,
    paths: undefined,
    ...parts,
  }) as const;
const observe = (path: string) => ({ kind: 'observe', path });
const observed = (path: string, end: 'on' | 'refused' | 'unanswered') =>
  ({ kind: 'observation', path, end }) as const;

test('registering observes what the profile wants and lets go what waits', () => {
  const { step } = session();
  expect(step(register())).toEqual([
    { kind: 'forget-peer', peer: 'here' },
    observe(TEMPERATURE),
    observe(MOISTURE),
    { kind: 'awake' },
  ]);
});

test('objects that the node does not have are told of and not asked for', () => {
  const { step } = session();
  expect(step(register({ paths: ['/3/0', '/3303/0'] }))).toContainEqual({
    kind: 'absent',
    paths: [MOISTURE],
  });
  expect(step(register({ paths: ['/3/0', '/3303/1'] }))).toContainEqual({
    kind: 'absent',
    paths: [TEMPERATURE, MOISTURE],
  });
  // An object without instances, and a node that names no objects at all.
  expect(step(register({ paths: ['/3303', '/3320'] }))).toContainEqual(observe(TEMPERATURE));
  expect(step(register({ paths: [] }))).toContainEqual(observe(MOISTURE));
});

test('an object that an update takes away has lost its observation when a later one brings it back', () => {
  const { step } = session([TEMPERATURE]);
  step(register());
  step(observed(TEMPERATURE, 'on'));
  expect(step(update({ paths: ['/3/0', '/3303/0'] }))).toEqual([{ kind: 'awake' }]);
  expect(step(update({ paths: ['/3/0'] }))).toEqual([{ kind: 'awake' }]);
  expect(step(update({ paths: ['/3/0', '/3303/0'] }))).toContainEqual(observe(TEMPERATURE));
});

test('registering again, or from elsewhere, observes again and forgets the old address', () => {
  const { step } = session([TEMPERATURE]);
  step(register());
  step(observed(TEMPERATURE, 'on'));
  expect(step(register({ peer: 'there', location: 'b2' }))).toEqual([
    { kind: 'forget-peer', peer: 'there' },
    { kind: 'forget-peer', peer: 'here' },
    observe(TEMPERATURE),
    { kind: 'awake' },
  ]);
});

test('an update: nothing to observe where all is on, the unanswered again, the refused only with new objects', () => {
  const { step } = session();
  step(register());
  step(observed(TEMPERATURE, 'on'));
  step(observed(MOISTURE, 'refused'));
  expect(step(update())).toEqual([{ kind: 'awake' }]);
  step(observed(TEMPERATURE, 'unanswered'));
  expect(step(update())).toEqual([observe(TEMPERATURE), { kind: 'awake' }]);
  expect(step(update({ paths: ['/3303/0', '/3320/0'] }))).toEqual([observe(MOISTURE), { kind: 'awake' }]);
});

test('an update from a new address observes everything again', () => {
  const { step, state } = session([TEMPERATURE]);
  step(register());
  step(observed(TEMPERATURE, 'on'));
  expect(step(update({ peer: 'there' }))).toEqual([
    { kind: 'forget-peer', peer: 'here' },
    observe(TEMPERATURE),
    { kind: 'awake' },
  ]);
  expect(state.registration!.peer).toBe('there');
});

test('a new address that a notification shows keeps the observations', () => {
  const { step, state } = session([TEMPERATURE]);
  step(register());
  step(observed(TEMPERATURE, 'on'));
  expect(step({ kind: 'moved', peer: 'there' })).toEqual([]);
  expect(state).toMatchObject({
    registration: { peer: 'there' },
    observations: new Map([[TEMPERATURE, 'on']]),
  });
});

test('a lifetime runs out half a minute late; an update begins it anew and may change it', () => {
  const { step } = session([]);
  step(register());
  expect(step({ kind: 'time' }, 329_999)).toEqual([]);
  step(update({ lifetimeMs: 600_000 }), 300_000);
  expect(step({ kind: 'time' }, 929_999)).toEqual([]);
  expect(step({ kind: 'time' }, 930_000)).toEqual([{ kind: 'forget-peer', peer: 'here' }, { kind: 'gone' }]);
  expect(step({ kind: 'time' }, 990_000)).toEqual([]);
});

test('lifetimes are bounded', () => {
  const { step } = session([]);
  step(register({ lifetimeMs: 1_000 }));
  expect(step({ kind: 'time' }, 89_999)).toEqual([]);
  step(register({ lifetimeMs: 1e12 }));
  expect(step({ kind: 'time' }, 86_430_000)).toContainEqual({ kind: 'gone' });
});

test('deregistering is the end at once; an update after it does nothing', () => {
  const { step } = session();
  step(register());
  expect(step({ kind: 'deregister' })).toEqual([{ kind: 'forget-peer', peer: 'here' }, { kind: 'gone' }]);
  expect(step(update())).toEqual([]);
  expect(step({ kind: 'deregister' })).toEqual([]);
});

test('queue mode: it listens for half a minute after each word of it, then not', () => {
  const { step, state } = session([]);
  expect(isReachable(state, 0)).toBe(false);
  step(register({ isQueueMode: true }));
  expect([29_999, 30_000].map((nowMs) => isReachable(state, nowMs))).toEqual([true, false]);
  expect(step({ kind: 'spoke' }, 40_000)).toEqual([{ kind: 'awake' }]);
  step({ kind: 'answered' }, 50_000);
  expect([79_999, 80_000].map((nowMs) => isReachable(state, nowMs))).toEqual([true, false]);
  step(update({ isQueueMode: false }), 90_000);
  expect(isReachable(state, 1e9)).toBe(true);
});

test('a node that only posts is here while it posts, and gone after its silence', () => {
  const { step, state } = session();
  expect(step({ kind: 'spoke' })).toEqual([]);
  step({ kind: 'spoke' }, 1_000_000);
  expect(isReachable(state, 1_000_000)).toBe(false);
  expect(step({ kind: 'time' }, 4_599_999)).toEqual([]);
  expect(step({ kind: 'time' }, 4_600_000)).toEqual([{ kind: 'gone' }]);
});
