import type { Client, Subscription } from 'aedes';
import { expect, test } from 'vitest';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { SESSION_LIMITS } from '../testing/session-limits.ts';
import type { JournalOp } from './journal-op.ts';
import { type SessionLimits, SessionStore } from './session-store.ts';
import type { StoredPacket } from './stored-packet.ts';

const sleeper = { id: 'sleeper' } as Client;
let counter = 0;

function message(text: string, more: Partial<StoredPacket> = {}): StoredPacket {
  const payload = Buffer.from(text);
  const name = { brokerId: 'b', brokerCounter: ++counter };
  return { cmd: 'publish', topic: 'a', payload, qos: 1, retain: false, dup: false, ...name, ...more };
}

async function setUp(limits: Partial<SessionLimits> = {}) {
  const clock = new FakeClock();
  const complaints: string[] = [];
  const ops: JournalOp[] = [];
  const store = new SessionStore({ ...SESSION_LIMITS, ...limits }, clock, (shortage) =>
    complaints.push(shortage),
  );
  const journal = { add: (...op: JournalOp) => void ops.push(op), committed: async () => {} };
  await store.restore(undefined, journal);
  store.wake('sleeper', 'user');
  await store.addSubscriptions(sleeper, [{ topic: 'a', qos: 1 } as Subscription]);
  store.sleep('sleeper');
  const publish = async (packet: StoredPacket) => {
    await store.reserve(packet);
    await store.outgoingEnqueueCombi([{ clientId: 'sleeper' }], packet);
  };
  const queue = async () =>
    (await store.outgoingStream(sleeper).toArray()).map(({ payload }) => `${payload}`);
  return { clock, complaints, ops, store, publish, queue };
}

test('a message is on the disk once, before it is in the queue', async () => {
  const { store, ops, queue } = await setUp();
  const packet = message('x');
  await store.reserve(packet);
  expect(ops.filter(([name]) => name === 'enqueue')).toHaveLength(1);
  expect(await queue()).toEqual([]);
  await store.outgoingEnqueueCombi([{ clientId: 'sleeper' }], packet);
  expect(ops.filter(([name]) => name === 'enqueue')).toHaveLength(1);
  expect(await queue()).toEqual(['x']);
});

test('a full queue keeps what it has, and says so; once half of it is gone it takes on again', async () => {
  const { store, publish, queue, complaints } = await setUp({ maxQueuedMessages: 4 });
  for (let n = 0; n < 6; n++) await publish(message(`${n}`));
  expect(await queue()).toEqual(['0', '1', '2', '3']);
  expect(complaints).toEqual(['queue full', 'queue full']);
  expect(store.isBeyond('sleeper', message('other'))).toBe(true);
  for (const packet of await store.outgoingStream(sleeper).take(2).toArray()) {
    const sent = { ...packet, messageId: packet.brokerCounter };
    await store.outgoingUpdate(sleeper, sent);
    await store.outgoingClearMessageId(sleeper, sent);
  }
  await publish(message('6'));
  expect(await queue()).toEqual(['2', '3', '6']);
});

test('bytes are bounded for one session and for all', async () => {
  const { publish, queue } = await setUp({ maxQueuedBytes: 700 });
  for (let n = 0; n < 4; n++) await publish(message('x'.repeat(100)));
  expect(await queue()).toHaveLength(2);
  const all = await setUp({ maxQueuedBytesInAll: 700 });
  for (let n = 0; n < 4; n++) await all.publish(message('x'.repeat(100)));
  expect(await all.queue()).toHaveLength(2);
});

test('retained messages are bounded in number and bytes, and those that are there may change', async () => {
  const { store, complaints } = await setUp({ maxRetainedMessages: 1, maxRetainedBytes: 10 });
  const first = message('12345', { topic: 'r', retain: true });
  expect(store.mayRetain(first)).toBe(true);
  await store.storeRetained(first);
  expect(store.mayRetain(message('1', { topic: 'other' }))).toBe(false);
  expect(store.mayRetain(message('1234567890', { topic: 'r' }))).toBe(true);
  expect(store.mayRetain(message('12345678901', { topic: 'r' }))).toBe(false);
  expect(store.mayRetain(message('', { topic: 'other' }))).toBe(true);
  expect(complaints).toHaveLength(2);
});

test('a session ends when it has slept too long, or with its user', async () => {
  const { store, clock, publish } = await setUp({ sessionExpiryS: 60 });
  await publish(message('x'));
  await clock.advance(59_000);
  expect(store.sweep(() => true)).toEqual([]);
  expect(store.sweep(() => false)).toEqual(['sleeper']);
  const other = await setUp({ sessionExpiryS: 60 });
  await other.clock.advance(61_000);
  expect(other.store.sweep(() => true)).toEqual(['sleeper']);
  expect(other.store.counts).toMatchObject({ sessions: 0, queuedBytes: 0 });
});

test('there are only so many sessions', async () => {
  const { store } = await setUp({ maxSessions: 1 });
  expect(store.wake('sleeper', 'user')).toBe(true);
  expect(store.wake('another', 'user')).toBe(false);
});

test('what was reserved for a message that never came is given back', async () => {
  const { store, clock, ops } = await setUp();
  await store.reserve(message('x'));
  await clock.advance(121_000);
  store.sweep(() => true);
  expect(ops.at(-1)?.[0]).toBe('dequeue');
});

test('everything can be written anew from memory', async () => {
  const { store, publish, ops } = await setUp();
  await publish(message('x'));
  await store.storeRetained(message('kept', { topic: 'r', retain: true }));
  expect(store.whole().map(([name]) => name)).toEqual(['session', 'subscribe', 'enqueue', 'retain']);
  expect(ops.map(([name]) => name)).toContain('retain');
});

test('no more is sent than may be unacknowledged at a time', async () => {
  const { store, publish } = await setUp({ maxInFlight: 2 });
  for (const text of ['0', '1', '2']) await publish(message(text));
  const seen: string[] = [];
  const stream = store.outgoingStream(sleeper);
  stream.on('data', (packet: StoredPacket) => {
    seen.push(`${packet.payload}`);
    void store.outgoingUpdate(sleeper, { ...packet, messageId: seen.length });
  });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(seen).toEqual(['0', '1']);
  await store.outgoingClearMessageId(sleeper, { messageId: 1 });
  await new Promise((resolve) => stream.once('end', resolve));
  expect(seen).toEqual(['0', '1', '2']);
});

test('a disk that can only be read later: what it had comes back beside what has come by then', async () => {
  const store = new SessionStore(SESSION_LIMITS, new FakeClock());
  const client = { id: 'early' } as Client;
  store.wake('early', 'user');
  await store.addSubscriptions(client, [{ topic: 'a', qos: 1 } as Subscription]);
  store.sleep('early');
  await store.outgoingEnqueueCombi([{ clientId: 'early' }], message('new'));
  await store.storeRetained(message('newer', { topic: 'both', retain: true }) as never);
  const row = { topic: 'a', payload: Buffer.from('old'), qos: 1, message_id: null, is_released: 0 };
  const retained = ['both', 'old'].map((topic) => ({ topic, payload: Buffer.from('older'), qos: 1 }));
  const sessions = ['early', 'sleeper'].map((name) => ({ client: name, user: 'user', asleep_since_ms: 1 }));
  const content = {
    ...{ sessions, retained, incoming: [] },
    subscriptions: [{ client: 'sleeper', topic: 'a', qos: 1 }],
    queued: [
      { id: 1, client: 'sleeper', ...row },
      { id: 2, client: 'early', ...row },
    ],
  };
  expect(await store.restore(content, { add: () => {}, committed: async () => {} })).toBe(true);
  const queue = async (of: Client) =>
    (await store.outgoingStream(of).toArray()).map(({ payload }) => `${payload}`);
  expect([await queue(client), await queue(sleeper)]).toEqual([['new'], ['old']]);
  const ops = store.whole();
  const kept = ops.filter(([name]) => name === 'retain').map(([, topic, payload]) => `${topic} ${payload}`);
  expect(kept.toSorted()).toEqual(['both newer', 'old older']);
  const ids = ops.filter(([name]) => name === 'enqueue').map(([, id]) => id);
  expect(new Set(ids).size).toBe(2);
});

test('while older ones wait a message is held back, unless so much waits that the next ones might be lost', async () => {
  const { store, publish, queue } = await setUp({ maxQueuedMessages: 4 });
  const [early, late] = [message('1'), message('3')];
  await publish(message('0'));
  expect(await queue()).toEqual(['0']);
  await publish(early);
  expect(store.isHeldBack(sleeper, early)).toBe(true);
  await publish(message('2'));
  await publish(late);
  expect(store.isHeldBack(sleeper, late)).toBe(false);
});

test('what its client may not have any more is not kept for it', async () => {
  const { store, publish, queue } = await setUp();
  const packet = message('secret');
  await publish(packet);
  store.giveUp('sleeper', packet);
  expect(await queue()).toEqual([]);
  expect(store.counts.queuedBytes).toBe(0);
});
