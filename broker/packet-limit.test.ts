import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PacketLimit } from './packet-limit.ts';

const LIMITS = [100, 20_000] as const;

function packet(type: number, bodyBytes: number): number[] {
  const length: number[] = [];
  let left = bodyBytes;
  do {
    length.push((left % 128) | (left >= 128 ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return [type, ...length, ...new Array<number>(bodyBytes).fill(0xff)];
}

test('packets within their limits pass, however they are cut into chunks', () => {
  const bodies = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 8 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100 }), bodies, fc.array(fc.nat()), (first, rest, cuts) => {
      const bytes = [packet(0x10, first), ...rest.map((body) => packet(0x30, body))].flat();
      const limit = new PacketLimit(...LIMITS);
      const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
      for (const [index, from] of [0, ...places].entries()) {
        expect(limit.accepts(Uint8Array.from(bytes.slice(from, places[index] ?? bytes.length)))).toBe(true);
      }
    }),
  );
});

test.each([
  ['a CONNECT over its own limit', [packet(0x10, 101)]],
  ['a later packet over the limit', [packet(0x10, 12), packet(0x30, 20_001)]],
  ['a length that no packet has', [[0x10, 0x80, 0x80, 0x80, 0x80]]],
])('%s is refused by its header, before its body has come', (_what, packets) => {
  const limit = new PacketLimit(...LIMITS);
  const bytes = packets.flat();
  const lastHeader = bytes.length - packets.at(-1)!.length + 5;
  expect(limit.accepts(Uint8Array.from(bytes.slice(0, lastHeader)))).toBe(false);
});
