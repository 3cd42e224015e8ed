import { expect, test } from 'vitest';
import type { OutboxEntry } from '../outbox/outbox.ts';
import {
  createSession,
  dyingDevices,
  type SessionInput,
  type SessionState,
  stepSession,
} from './edge-session.ts';

function run(from: SessionState, ...inputs: SessionInput[]) {
  let state = from;
  const effects = inputs.flatMap((input) => {
    const step = stepSession(state, input);
    state = step.state;
    return step.effects;
  });
  return { state, effects };
}

const START: SessionInput = { kind: 'start' };
const RETRY: SessionInput = { kind: 'retry' };
const CONNECTED: SessionInput = { kind: 'connected' };
const DISCONNECTED: SessionInput = { kind: 'disconnected' };
const STOP: SessionInput = { kind: 'stop' };
const up = (device: string): SessionInput => ({ kind: 'device-up', device });
const down = (device: string): SessionInput => ({ kind: 'device-down', device });
const drained = (device: string): SessionInput => ({ kind: 'device-drained', device });
const host = (isOnline: boolean, timeMs: number, isRetained = true): SessionInput => ({
  ...{ kind: 'host-state', isOnline, timeMs, isRetained },
});
const DUE: SessionInput = { kind: 'birth-due' };
const entry = (device: string): OutboxEntry => ({
  kind: 'readings',
  ledger: '00112233445566ff',
  message: { first: 0, device, stamp: { timeMs: 0, clock: 'synced' }, samples: [] },
  isHistorical: false,
});
const data = (device: string): SessionInput => ({ kind: 'data', entry: entry(device) });

const fresh = createSession(-1, false);
const online = (...devices: string[]) => run(fresh, START, CONNECTED, ...devices.map(up)).state;
const waiting = run(createSession(-1, true), START, CONNECTED).state;

test('the first CONNECT has bdSeq 0, every other one more, 255 → 0', () => {
  expect(run(fresh, START).effects).toEqual([{ kind: 'connect', bdSeq: 0 }]);
  expect(run(createSession(41, false), START).effects).toEqual([{ kind: 'connect', bdSeq: 42 }]);
  expect(run(createSession(255, false), START).effects).toEqual([{ kind: 'connect', bdSeq: 0 }]);
  expect(run(fresh, START, DISCONNECTED, RETRY).effects.at(-1)).toEqual({ kind: 'connect', bdSeq: 1 });
});

test('births come first: the node with seq 0 and the bdSeq of the will, then every device', () => {
  const { state, effects } = run(fresh, up('a'), up('b'), START, CONNECTED);
  expect(effects).toEqual([
    { kind: 'connect', bdSeq: 0 },
    { kind: 'hold-data' },
    { kind: 'node-birth', seq: 0, bdSeq: 0 },
    { kind: 'device-birth', device: 'a', seq: 1 },
    { kind: 'device-birth', device: 'b', seq: 2 },
  ]);
  expect(state.phase).toBe('online');
});

test('a device that comes up later is born then, once', () => {
  expect(run(online(), up('a'), up('a')).effects).toEqual([{ kind: 'device-birth', device: 'a', seq: 1 }]);
});

test('data of devices and of the node itself share one sequence, 255 → 0', () => {
  const { effects } = run(online('a'), data('a'), data(''));
  expect(effects).toEqual([
    { kind: 'data', entry: entry('a'), seq: 2 },
    { kind: 'data', entry: entry(''), seq: 3 },
  ]);
  const many = run(online(), ...Array.from({ length: 300 }, () => data('')));
  expect(many.effects.map((effect) => 'seq' in effect && effect.seq).slice(252, 258)).toEqual([
    253, 254, 255, 0, 1, 2,
  ]);
});

test('data is not taken before the births', () => {
  for (const state of [fresh, run(fresh, START).state, waiting]) {
    expect(run(state, data('a'))).toEqual({ state, effects: [] });
  }
});

test('data of a device that is not born bears it first', () => {
  expect(run(online(), data('a')).effects).toEqual([
    { kind: 'device-birth', device: 'a', seq: 1 },
    { kind: 'data', entry: entry('a'), seq: 2 },
  ]);
});

test('a device that goes down dies when its last data is out', () => {
  const dying = run(online('a'), down('a'));
  expect(dying.effects).toEqual([]);
  expect(dyingDevices(dying.state)).toEqual([{ device: 'a', isRevived: false }]);
  const dead = run(dying.state, data('a'), drained('a'), drained('a'));
  expect(dead.effects).toEqual([
    { kind: 'data', entry: entry('a'), seq: 2 },
    { kind: 'device-death', device: 'a', seq: 3 },
  ]);
  expect(dyingDevices(dead.state)).toEqual([]);
  expect(run(dead.state, up('a')).effects).toEqual([{ kind: 'device-birth', device: 'a', seq: 4 }]);
});

test('a dead device of which something is sent again stays until that is confirmed', () => {
  const dead = run(online('a'), down('a'), drained('a'));
  const revived = run(dead.state, data('a'));
  expect(revived.effects.map(({ kind }) => kind)).toEqual(['device-birth', 'data']);
  expect(dyingDevices(revived.state)).toEqual([{ device: 'a', isRevived: true }]);
  const back = run(revived.state, drained('a'), up('a'), down('a'));
  expect(dyingDevices(back.state)).toEqual([{ device: 'a', isRevived: false }]);
});

test('a device that comes back before its death was told goes on', () => {
  const { state, effects } = run(online('a'), down('a'), up('a'), drained('a'));
  expect(effects).toEqual([]);
  expect(dyingDevices(state)).toEqual([]);
});

test('a device that never answered is born and dies, so that hosts know it is missing', () => {
  expect(run(online(), down('a'), drained('a')).effects).toEqual([
    { kind: 'device-birth', device: 'a', seq: 1 },
    { kind: 'device-death', device: 'a', seq: 2 },
  ]);
  expect(run(fresh, down('a'), START, CONNECTED, drained('a')).effects.slice(2)).toEqual([
    { kind: 'node-birth', seq: 0, bdSeq: 0 },
    { kind: 'device-birth', device: 'a', seq: 1 },
    { kind: 'device-death', device: 'a', seq: 2 },
  ]);
});

test('a rebirth repeats all births with the same bdSeq and seq from 0', () => {
  const { state, effects } = run(online('a'), data('a'), { kind: 'rebirth' });
  expect(effects.slice(1)).toEqual([
    { kind: 'node-birth', seq: 0, bdSeq: 0 },
    { kind: 'device-birth', device: 'a', seq: 1 },
  ]);
  expect(state.seq).toBe(2);
});

test('a rebirth is nothing to a node that is not born', () => {
  expect(run(waiting, { kind: 'rebirth' }).effects).toEqual([]);
});

test('when the connection goes data is held, and tries are further and further apart until one succeeds', () => {
  const delays = (inputs: SessionInput[]) =>
    run(fresh, START, ...inputs).effects.flatMap((one) => (one.kind === 'retry-after' ? [one.delayMs] : []));
  const failure = [DISCONNECTED, RETRY];
  expect(run(online('a'), DISCONNECTED).effects).toEqual([
    { kind: 'hold-data' },
    { kind: 'retry-after', delayMs: 1_000 },
  ]);
  expect(delays(Array.from({ length: 7 }, () => failure).flat())).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
  ]);
  const settled: SessionInput = { kind: 'settled' };
  expect(delays([...failure, ...failure, CONNECTED, settled, DISCONNECTED])).toEqual([1_000, 2_000, 1_000]);
  // Two gateways of one id each come up and are pushed out at once: that is no success.
  expect(delays([...failure, ...failure, CONNECTED, DISCONNECTED])).toEqual([1_000, 2_000, 4_000]);
  expect(delays([...failure, settled, ...failure])).toEqual([1_000, 2_000]);
});

test('after a connection that went, everything is born again', () => {
  const { effects } = run(online('a'), DISCONNECTED, RETRY, CONNECTED);
  expect(effects.slice(4)).toEqual([
    { kind: 'node-birth', seq: 0, bdSeq: 1 },
    { kind: 'device-birth', device: 'a', seq: 1 },
  ]);
});

test('with a primary host births wait for its STATE', () => {
  expect(waiting.phase).toBe('awaiting-host');
  expect(run(waiting, host(false, 10)).effects).toEqual([]);
  expect(run(waiting, host(true, 10)).effects).toEqual([
    { kind: 'hold-data' },
    { kind: 'node-birth', seq: 0, bdSeq: 0 },
  ]);
});

test('a host that comes while many gateways wait is answered by each in its own moment', () => {
  const due = run(waiting, host(true, 10, false), host(true, 10, false));
  expect(due.effects).toEqual([{ kind: 'birth-within', longestMs: 2_000 }]);
  expect(due.state.phase).toBe('awaiting-host');
  expect(run(due.state, DUE, DUE).effects).toEqual([
    { kind: 'hold-data' },
    { kind: 'node-birth', seq: 0, bdSeq: 0 },
  ]);
  expect(run(due.state, host(false, 11, false), DUE).effects).toEqual([]);
  expect(run(due.state, DISCONNECTED, RETRY, CONNECTED, DUE).state.phase).toBe('awaiting-host');
  expect(run(due.state, STOP, DUE).effects).toEqual([{ kind: 'disconnect' }]);
  expect(run(waiting, DUE).effects).toEqual([]);
});

test('an older STATE than the newest seen is passed over', () => {
  expect(run(waiting, host(false, 10), host(true, 9)).effects).toEqual([]);
  expect(run(waiting, host(true, 10), host(false, 9)).state.phase).toBe('online');
});

test('when the primary host goes offline: NDEATH, disconnect, hold, and start over', () => {
  const { state, effects } = run(waiting, host(true, 10), host(false, 10));
  expect(effects.slice(2)).toEqual([
    { kind: 'node-death', bdSeq: 0 },
    { kind: 'disconnect' },
    { kind: 'hold-data' },
    { kind: 'retry-after', delayMs: 1_000 },
  ]);
  expect(state.phase).toBe('offline');
  expect(run(state, RETRY, CONNECTED).state.phase).toBe('awaiting-host');
});

test('without a primary host STATE means nothing', () => {
  expect(run(online(), host(false, 10)).effects).toEqual([]);
});

test('stopping says NDEATH before the disconnect, where there was a birth', () => {
  expect(run(online(), STOP).effects).toEqual([{ kind: 'node-death', bdSeq: 0 }, { kind: 'disconnect' }]);
  expect(run(waiting, STOP).effects).toEqual([{ kind: 'disconnect' }]);
  expect(run(run(fresh, START).state, STOP).effects).toEqual([{ kind: 'disconnect' }]);
  expect(run(fresh, STOP).effects).toEqual([]);
});

test('nothing happens after a stop', () => {
  const stopped = run(online('a'), STOP).state;
  const all = [START, RETRY, CONNECTED, DISCONNECTED, up('b'), down('a'), drained('a'), data('a'), STOP];
  expect(run(stopped, ...all, host(true, 1), { kind: 'rebirth' })).toEqual({ state: stopped, effects: [] });
});

test('inputs that are out of date change nothing', () => {
  expect(run(online(), START, RETRY, CONNECTED).effects).toEqual([]);
  expect(run(fresh, DISCONNECTED, CONNECTED).effects).toEqual([]);
});

test('one that nobody answers says goodbye, and comes back', () => {
  const UNHEARD: SessionInput = { kind: 'unheard' };
  const { state, effects } = run(online('a'), UNHEARD);
  expect(state.phase).toBe('offline');
  expect(effects).toEqual([
    { kind: 'node-death', bdSeq: 0 },
    { kind: 'disconnect' },
    { kind: 'hold-data' },
    { kind: 'retry-after', delayMs: 1_000 },
  ]);
  // Nothing is born yet that could die.
  expect(run(waiting, UNHEARD).effects.map(({ kind }) => kind)).toEqual([
    'disconnect',
    'hold-data',
    'retry-after',
  ]);
  for (const phase of [fresh, run(fresh, START).state, run(online(), DISCONNECTED).state])
    expect(run(phase, UNHEARD)).toEqual({ state: phase, effects: [] });
});

const retired = (device: string): SessionInput => ({
  kind: 'data',
  entry: entry(device),
  isRetired: true,
});

test('devices that go die at once, the others live on, and none of them is born again', () => {
  const gone: SessionInput = { kind: 'devices-gone', devices: ['a', 'never', 'c'] };
  const { state, effects } = run(online('a', 'b', 'c'), gone, { kind: 'rebirth' });
  const [first] = effects;
  const seq = (first as { seq: number }).seq;
  expect(effects).toEqual([
    { kind: 'device-death', device: 'a', seq },
    { kind: 'device-death', device: 'c', seq: seq + 1 },
    { kind: 'node-birth', seq: 0, bdSeq: 0 },
    { kind: 'device-birth', device: 'b', seq: 1 },
  ]);
  expect([...state.devices.keys()]).toEqual(['b']);
});

test('away from the broker nothing is said of those that go', () => {
  const { state, effects } = run(fresh, up('a'), { kind: 'devices-gone', devices: ['a'] }, START, CONNECTED);
  expect(effects.map(({ kind }) => kind)).toEqual(['connect', 'hold-data', 'node-birth']);
  expect(state.devices.size).toBe(0);
});

test('what is kept of one that has gone bears it for as long as that takes, and no rebirth does', () => {
  const { state, effects } = run(online(), retired('a'));
  expect(effects.map(({ kind }) => kind)).toEqual(['device-birth', 'data']);
  // Until the host has confirmed it: revived, as one that was dead already.
  expect(dyingDevices(state)).toEqual([{ device: 'a', isRevived: true }]);
  expect(run(state, { kind: 'rebirth' }).effects.map(({ kind }) => kind)).toEqual(['node-birth']);
  const buried = run(state, drained('a'));
  expect(buried.effects.map(({ kind }) => kind)).toEqual(['device-death']);
  expect(run(buried.state, { kind: 'rebirth' }).effects.map(({ kind }) => kind)).toEqual(['node-birth']);
});
