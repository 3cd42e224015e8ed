import { expect, test } from 'vitest';
import { mayPublish, maySubscribe } from './access.ts';
import type { User } from './users.ts';

const gateway: User = { name: 'g', passwordHash: '', role: 'gateway', site: 'farm', gateway: 'pump-house' };
const host: User = { name: 'h', passwordHash: '', role: 'host' };

test.each([
  ['spBv1.0/farm/NBIRTH/pump-house', true],
  ['spBv1.0/farm/DDATA/pump-house/soil-1', true],
  ['spBv1.0/farm/NDEATH/pump-house', true],
  ['senml/farm/soil-1', true],
  ['spBv1.0/farm/DDATA/other/soil-1', false],
  ['spBv1.0/elsewhere/DDATA/pump-house/soil-1', false],
  ['spBv1.0/farm/NCMD/pump-house', false],
  ['spBv1.0/STATE/sluice', false],
  ['$SYS/x', false],
  ['anything', false],
])('a gateway publishing to %s: %s', (topic, allowed) => {
  expect(mayPublish(gateway, topic)).toBe(allowed);
});

test.each([
  ['spBv1.0/farm/NCMD/pump-house', true],
  ['spBv1.0/farm/DCMD/pump-house/#', true],
  ['spBv1.0/STATE/sluice', true],
  ['spBv1.0/farm/DCMD/+/#', false],
  ['spBv1.0/farm/DDATA/pump-house/#', false],
  ['spBv1.0/+/NCMD/pump-house', false],
  ['#', false],
  ['$SYS/#', false],
])('a gateway subscribing to %s: %s', (filter, allowed) => {
  expect(maySubscribe(gateway, filter)).toBe(allowed);
});

test('a host commands and sees every gateway, and writes no $SYS', () => {
  expect(mayPublish(host, 'spBv1.0/farm/DCMD/pump-house/valves')).toBe(true);
  expect(maySubscribe(host, 'spBv1.0/#')).toBe(true);
  expect(mayPublish(host, '$SYS/x')).toBe(false);
});

test('without users everything is open but writing $SYS', () => {
  expect(mayPublish(undefined, 'spBv1.0/farm/NCMD/pump-house')).toBe(true);
  expect(maySubscribe(undefined, '#')).toBe(true);
  expect(mayPublish(undefined, '$SYS/x')).toBe(false);
});
