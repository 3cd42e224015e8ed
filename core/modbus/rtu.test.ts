import fc from 'fast-check';
import { expect, test } from 'vitest';
import { characterMs, requestFrameLength, silenceMs, unwrapRtu, wrapRtu } from './rtu.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

test.each([
  ['read holding registers 107–109 of unit 17', 0x11, '03 00 6b 00 03', '11 03 00 6b 00 03 76 87'],
  ['read coils 19–55 of unit 17', 0x11, '01 00 13 00 25', '11 01 00 13 00 25 0e 84'],
  ['answer of unit 17', 0x11, '03 06 ae 41 56 52 43 40', '11 03 06 ae 41 56 52 43 40 49 ad'],
])('%s, as published', (_, unit, pdu, frame) => {
  expect(wrapRtu(unit, hex(pdu))).toEqual(hex(frame));
  expect(unwrapRtu(hex(frame))).toEqual({ unit, pdu: hex(pdu) });
});

test('a frame with any one bit turned is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 253 }), fc.nat(), (pdu, at) => {
      const frame = wrapRtu(1, pdu);
      const bit = at % (frame.length * 8);
      frame[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => unwrapRtu(frame)).toThrow('its checksum is wrong');
    }),
  );
});

test('a frame that is too short or too long is refused', () => {
  expect(() => unwrapRtu(hex('11 03 00'))).toThrow('no frame has 3 bytes');
  expect(() => unwrapRtu(new Uint8Array(257))).toThrow('no frame has 257 bytes');
});

test.each([
  ['11 03', 8],
  ['11 06 00 01', 8],
  ['11 10 00 01 00 02', undefined],
  ['11 10 00 01 00 02 04', 13],
  ['11 2b', undefined],
  ['11', undefined],
])('a request that begins %s has %s bytes', (bytes, length) => {
  expect(requestFrameLength(hex(bytes))).toBe(length);
});

test('silence is 3.5 characters, and fixed above 19 200 baud', () => {
  expect(characterMs(9600)).toBeCloseTo(1.1458, 4);
  expect(silenceMs(9600)).toBeCloseTo(4.0104, 4);
  expect(silenceMs(115_200)).toBe(1.75);
});
