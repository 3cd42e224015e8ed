import { expect, test } from 'vitest';
import { crc16 } from './crc.ts';

test('the check value of CRC-16/MODBUS in the catalogue of parametrised CRC algorithms', () => {
  expect(crc16(Buffer.from('123456789'))).toBe(0x4b37);
});

test('the worked example of the serial line guide, appendix B: 02 07 gives 41 12 on the wire', () => {
  expect(crc16(Uint8Array.of(0x02, 0x07))).toBe(0x1241);
});

test('only the bytes of the range count', () => {
  expect(crc16(Uint8Array.of(9, 9, 0x02, 0x07, 9), 2, 4)).toBe(0x1241);
});
