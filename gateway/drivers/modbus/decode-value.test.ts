import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BYTE_ORDERS, type NumberFormat, numberDecoder } from './decode-value.ts';

const PLAIN = { order: 'ABCD', scale: 1, offset: 0, fromUnit: '', toUnit: '' } as const;

function decode(format: Partial<NumberFormat> & Pick<NumberFormat, 'type'>, ...registers: number[]) {
  return numberDecoder({ ...PLAIN, ...format })!(registers, 0);
}

test.each([
  ['u16', [0xfffe], 65_534],
  ['i16', [0xfffe], -2],
  ['u32', [0x0001, 0x0002], 65_538],
  ['i32', [0xffff, 0xfffe], -2],
  // IEEE 754: 3f c0 00 00 is 1.5, and c0 09 21 fb 54 44 2d 18 is −π.
  ['f32', [0x3fc0, 0x0000], 1.5],
  ['f64', [0xc009, 0x21fb, 0x5444, 0x2d18], -Math.PI],
] as const)('%s of %j is %d', (type, registers, value) => {
  expect(decode({ type }, ...registers)).toBe(value);
});

test.each([
  ['ABCD', [0x4148, 0xf5c3]],
  ['CDAB', [0xf5c3, 0x4148]],
  ['BADC', [0x4841, 0xc3f5]],
  ['DCBA', [0xc3f5, 0x4841]],
] as const)('12.56 in the order %s', (order, registers) => {
  expect(decode({ type: 'f32', order }, ...registers)).toBeCloseTo(12.56, 5);
});

test('one register has a byte order too', () => {
  expect(decode({ type: 'u16', order: 'BADC' }, 0x3412)).toBe(0x1234);
  expect(decode({ type: 'u16', order: 'CDAB' }, 0x1234)).toBe(0x1234);
});

test('every order reads back what was written in it', () => {
  fc.assert(
    fc.property(fc.double(), fc.constantFrom(...BYTE_ORDERS), (value, order) => {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(value);
      const words = [0, 2, 4, 6].map((at) => bytes.readUInt16BE(at));
      const wire = order === 'CDAB' || order === 'DCBA' ? words.reverse() : words;
      const swap = order === 'BADC' || order === 'DCBA';
      const registers = wire.map((word) => (swap ? ((word & 0xff) << 8) | (word >> 8) : word));
      // Adding an offset of 0 makes a negative zero positive.
      expect(decode({ type: 'f64', order }, ...registers)).toBe(value + 0);
    }),
  );
});

test('tenths come out as a person would write them', () => {
  for (let raw = 0; raw < 1000; raw++) {
    expect(decode({ type: 'u16', scale: 0.1 }, raw)).toBe(Number(`${Math.floor(raw / 10)}.${raw % 10}`));
  }
});

test('scale and offset come first, then the unit', () => {
  expect(decode({ type: 'i16', scale: 0.5, offset: -40 }, 100)).toBe(10);
  expect(decode({ type: 'u16', scale: 0.1, fromUnit: 'm³/h', toUnit: 'L/min' }, 60)).toBeCloseTo(100, 9);
  expect(decode({ type: 'u16', fromUnit: 'bar', toUnit: 'kPa' }, 3)).toBe(300);
});

test('units that do not convert have no decoder', () => {
  expect(numberDecoder({ ...PLAIN, type: 'u16', fromUnit: 'bar', toUnit: '%' })).toBeUndefined();
});
