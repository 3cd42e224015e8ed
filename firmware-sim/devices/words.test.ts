import { expect, test } from 'vitest';
import { float32Words, signed16, unsigned16, unsigned32Words } from './words.ts';

test('a float is two registers, high word first', () => {
  // IEEE 754: 1 is 3F80 0000, −118.625 is C2ED 4000.
  expect(float32Words(1)).toEqual([0x3f80, 0x0000]);
  expect(float32Words(-118.625)).toEqual([0xc2ed, 0x4000]);
});

test('a count is two registers, and starts again where they end', () => {
  expect(unsigned32Words(0x12345678)).toEqual([0x1234, 0x5678]);
  expect(unsigned32Words(2 ** 32 + 5.9)).toEqual([0, 5]);
});

test('a register rounds and holds at the ends of its range', () => {
  expect([269.6, -3, 70_000].map(unsigned16)).toEqual([270, 0, 65_535]);
  expect([-5.4, 40_000, -40_000].map(signed16)).toEqual([0xfffb, 0x7fff, 0x8000]);
});
