import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BYTE_ORDERS, NUMBER_TYPES, numberDecoder } from './decode-value.ts';
import { numberEncoder } from './encode-value.ts';

const PLAIN = { type: 'u16', order: 'ABCD', scale: 1, offset: 0, fromUnit: '', toUnit: '' } as const;

// 6.0 is 40 c0 00 00 in IEEE 754; 100 000 is 00 01 86 a0.
test.each([
  [{ type: 'f32', order: 'ABCD' }, 6, [0x40c0, 0x0000]],
  [{ type: 'f32', order: 'CDAB' }, 6, [0x0000, 0x40c0]],
  [{ type: 'u32', order: 'BADC' }, 100_000, [0x0100, 0xa086]],
  [{ type: 'u32', order: 'DCBA' }, 100_000, [0xa086, 0x0100]],
  [{ type: 'i16' }, -2, [0xfffe]],
  [{ type: 'u16', scale: 0.01 }, 5.85, [585]],
  [{ type: 'u16', fromUnit: 'm³/h', toUnit: 'L/min', scale: 0.1 }, 100, [60]],
  [{ type: 'i16', fromUnit: '°F', toUnit: '°C' }, 20, [68]],
] as const)('%j: %d goes out as %j', (format, value, registers) => {
  expect(numberEncoder({ ...PLAIN, ...format })!(value)).toEqual({ registers });
});

test('what the registers cannot hold is refused with what they can', () => {
  expect(numberEncoder({ ...PLAIN, scale: 0.1 })!(6553.6)).toEqual({ least: 0, most: 6553.5 });
  expect(numberEncoder(PLAIN)!(-1)).toEqual({ least: 0, most: 65_535 });
  expect(numberEncoder(PLAIN)!(Number.NaN)).toEqual({ least: 0, most: 65_535 });
  expect(numberEncoder({ ...PLAIN, fromUnit: 'bar', toUnit: 'L' })).toBeUndefined();
});

test('what was encoded is decoded again, to the nearest that the format can hold', () => {
  const anyFormat = fc.record({
    type: fc.constantFrom(...NUMBER_TYPES),
    order: fc.constantFrom(...BYTE_ORDERS),
    scale: fc.constantFrom(1, 0.1, 0.01, 2, -0.5),
    offset: fc.constantFrom(0, -40, 3),
    fromUnit: fc.constant('°F'),
    toUnit: fc.constant('°C'),
  });
  fc.assert(
    fc.property(anyFormat, fc.double({ min: -1e5, max: 1e5, noNaN: true }), (format, value) => {
      const encoded = numberEncoder(format)!(value);
      if (!('registers' in encoded)) return;
      const stepC = format.type.startsWith('f')
        ? Math.abs(value) * 1e-6 + 1e-2
        : Math.abs(format.scale) * 0.56;
      expect(Math.abs(numberDecoder(format)!(encoded.registers, 0) - value)).toBeLessThanOrEqual(stepC);
    }),
  );
});
