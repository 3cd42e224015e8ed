import { expect, test } from 'vitest';
import { takeMbap, wrapMbap } from './mbap.ts';

// The example of the messaging guide 1.0b, clause 3.1.3: read of register 5 (address 4) of unit 0xff.
const REQUEST = Uint8Array.of(0x15, 0x01, 0x00, 0x00, 0x00, 0x06, 0xff, 0x03, 0x00, 0x04, 0x00, 0x01);

test('a request of the messaging guide', () => {
  expect(wrapMbap({ transaction: 0x1501, unit: 0xff, pdu: REQUEST.subarray(7) })).toEqual(REQUEST);
  expect(takeMbap(REQUEST)).toEqual({
    frame: { transaction: 0x1501, unit: 0xff, pdu: REQUEST.subarray(7) },
    length: 12,
  });
});

test('a frame is taken when it is whole, and what follows it is left', () => {
  for (let length = 0; length < REQUEST.length; length++) {
    expect(takeMbap(REQUEST.subarray(0, length))).toBeUndefined();
  }
  expect(takeMbap(Uint8Array.of(...REQUEST, 1, 2))?.length).toBe(12);
});

test.each([
  ['another protocol', [0, 1, 0, 1, 0, 6], 'protocol 1'],
  ['no room for a function', [0, 1, 0, 0, 0, 1], 'announces 1 bytes'],
  ['more than a frame holds', [0, 1, 0, 0, 0, 255], 'announces 255 bytes'],
])('a header with %s is refused', (_, bytes, message) => {
  expect(() => takeMbap(Uint8Array.from(bytes))).toThrow(message);
});
