import { expect, test } from 'vitest';
import { AllowList, isAllowEntry } from './allow-list.ts';

test.each([
  ['10.20.0.0/16', '10.20.255.1', true],
  ['10.20.0.0/16', '10.21.0.1', false],
  ['10.20.0.0/16', '::1', false],
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.7', '192.0.2.70', false],
  ['fd00::/8', 'fd12::1', true],
  ['fd00::/8', 'fe80::1%2', false],
  ['fe80::/10', 'fe80::1%2', true],
  ['fe80::1%eth0', 'fe80::1%2', true],
  ['any', '203.0.113.9', true],
  ['0.0.0.0/0', '203.0.113.9', true],
  ['no address', '203.0.113.9', false],
])('%s lets %s in: %s', (entry, address, expected) => {
  const list = new AllowList([entry]);
  expect([list.has(address), list.has(address)]).toEqual([expected, expected]);
});

test('an empty list lets nobody in', () => {
  expect(new AllowList([]).has('127.0.0.1')).toBe(false);
});

test.each(['10.0.0.0/33', '10.0.0/8', '::1/129', '10.0.0.1/8/8', 'popA', '', '10.0.0.1/', '10.0.0.1/x'])(
  '"%s" is no entry',
  (entry) => {
    expect(isAllowEntry(entry)).toBe(false);
  },
);
