import { expect, test } from 'vitest';
import { addressKey } from '../core/passwords/token-buckets.ts';
import { FakeClock } from '../core/testing/fake-clock.ts';
import { ConnectionCounts } from './connection-counts.ts';

const limits = { maxConnections: 3, maxConnectionsPerAddress: 2, maxConnectionsPerUser: 1, connectsPerS: 1 };

test('connections are bounded in all and from one address, and freed again', () => {
  const counts = new ConnectionCounts(limits, new FakeClock());
  expect(counts.enter('10.0.0.1')).toBeUndefined();
  expect(counts.enter('::ffff:10.0.0.1')).toBeUndefined();
  expect(counts.enter('10.0.0.1')).toBe('too many connections from this address');
  expect(counts.enter('10.0.0.2')).toBeUndefined();
  expect(counts.enter('10.0.0.3')).toBe('too many connections');
  counts.leave('10.0.0.1');
  expect(counts.enter('10.0.0.3')).toBeUndefined();
});

test('an address that connects all the time is slowed down, and no other', async () => {
  const clock = new FakeClock();
  const counts = new ConnectionCounts(limits, clock);
  const enter = (address: string) => {
    const refusal = counts.enter(address);
    if (refusal === undefined) counts.leave(address);
    return refusal;
  };
  for (let n = 0; n < 10; n++) expect(enter('10.0.0.1')).toBeUndefined();
  expect(enter('10.0.0.1')).toBe('connects too often from this address');
  expect(enter('10.0.0.2')).toBeUndefined();
  await clock.advance(1_000);
  expect(enter('10.0.0.1')).toBeUndefined();
});

test('a user has so many connections', () => {
  const counts = new ConnectionCounts(limits, new FakeClock());
  expect(counts.enterUser('g')).toBe(true);
  expect(counts.enterUser('g')).toBe(false);
  counts.leaveUser('g');
  expect(counts.enterUser('g')).toBe(true);
});

test.each([
  ['10.1.2.3', '10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
])('%s counts as %s', (address, key) => {
  expect(addressKey(address)).toBe(key);
});
