import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SluiceError } from '../errors.ts';
import {
  decodeRequest,
  decodeResponse,
  encodeException,
  encodeRequest,
  encodeResponse,
  expectedResponseLength,
  LIMITS,
  type ModbusAnswer,
  type ModbusRequest,
} from './pdu.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const bits = (text: string) => [...text.replaceAll(' ', '')].map((one) => one === '1');

/** The worked examples of the Modbus application protocol 1.1b3, clauses 6.1 to 6.12. */
const PUBLISHED: [string, ModbusRequest, string, ModbusAnswer, string][] = [
  [
    '6.1 coils 20–38',
    { function: 'readCoils', address: 0x13, count: 0x13 },
    '01 00 13 00 13',
    { bits: bits('10110011 11010110 101') },
    '01 03 cd 6b 05',
  ],
  [
    '6.2 inputs 197–218',
    { function: 'readDiscreteInputs', address: 0xc4, count: 0x16 },
    '02 00 c4 00 16',
    { bits: bits('00110101 11011011 101011') },
    '02 03 ac db 35',
  ],
  [
    '6.3 registers 108–110',
    { function: 'readHoldingRegisters', address: 0x6b, count: 3 },
    '03 00 6b 00 03',
    { registers: [0x022b, 0, 0x64] },
    '03 06 02 2b 00 00 00 64',
  ],
  [
    '6.4 input register 9',
    { function: 'readInputRegisters', address: 8, count: 1 },
    '04 00 08 00 01',
    { registers: [0x0a] },
    '04 02 00 0a',
  ],
  [
    '6.5 coil 173 on',
    { function: 'writeSingleCoil', address: 0xac, on: true },
    '05 00 ac ff 00',
    { written: true },
    '05 00 ac ff 00',
  ],
  [
    '6.6 register 2 to 3',
    { function: 'writeSingleRegister', address: 1, value: 3 },
    '06 00 01 00 03',
    { written: true },
    '06 00 01 00 03',
  ],
  [
    '6.11 coils 20–29',
    { function: 'writeMultipleCoils', address: 0x13, on: bits('10110011 10') },
    '0f 00 13 00 0a 02 cd 01',
    { written: true },
    '0f 00 13 00 0a',
  ],
  [
    '6.12 registers 2–3',
    { function: 'writeMultipleRegisters', address: 1, values: [0x0a, 0x0102] },
    '10 00 01 00 02 04 00 0a 01 02',
    { written: true },
    '10 00 01 00 02',
  ],
];

test.each(PUBLISHED)('%s, as published', (_, request, requestPdu, answer, responsePdu) => {
  expect(encodeRequest(request)).toEqual(hex(requestPdu));
  expect(decodeRequest(hex(requestPdu))).toEqual(request);
  expect(encodeResponse(request, answer)).toEqual(hex(responsePdu));
  expect(decodeResponse(request, hex(responsePdu))).toEqual(answer);
  expect(expectedResponseLength(request)).toBe(hex(responsePdu).length);
});

test('an exception is an answer', () => {
  const request: ModbusRequest = { function: 'readCoils', address: 0x4a1, count: 1 };
  expect(encodeException(1, 2)).toEqual(hex('81 02'));
  expect(decodeResponse(request, hex('81 02'))).toEqual({ exception: 2 });
});

test.each([
  ['another function', '04 02 00 0a', 'function 4 answers function 3'],
  ['another length', '03 04 00 0a 00 0b', '6 bytes for readHoldingRegisters, expected 4'],
  ['a wrong byte count', '03 04 00 0a', 'it announces 4 bytes of data and has 2'],
  ['nothing', '', 'function missing answers function 3'],
  ['an exception with more behind it', '83 02 00', 'an exception of 3 bytes'],
])('an answer with %s is refused', (_, pdu, reason) => {
  const request: ModbusRequest = { function: 'readHoldingRegisters', address: 0, count: 1 };
  expect(() => decodeResponse(request, hex(pdu))).toThrow(reason);
});

test('the echo of another write is refused', () => {
  const request: ModbusRequest = { function: 'writeSingleRegister', address: 1, value: 3 };
  expect(() => decodeResponse(request, hex('06 00 01 00 04'))).toThrow('repeats another address or value');
});

test.each([
  ['an unknown function', '2b 0e 01 00', 1],
  ['a count of 0', '03 00 00 00 00', 3],
  ['a count over 125', '03 00 00 00 7e', 3],
  ['registers past the end', '03 ff ff 00 02', 2],
  ['a coil that is neither on nor off', '05 00 00 12 34', 3],
  ['less data than announced', '10 00 01 00 02 04 00 0a', 3],
  ['a request that is too short', '03 00', 3],
])('a request with %s is refused with the exception that a slave answers', (_, pdu, exception) => {
  let error: SluiceError | undefined;
  try {
    decodeRequest(hex(pdu));
  } catch (thrown) {
    error = thrown as SluiceError;
  }
  expect(error).toMatchObject({ code: 'MODBUS_MESSAGE_INVALID', details: { exception } });
});

test('numbers that no frame can hold are refused before they are sent', () => {
  expect(() => encodeRequest({ function: 'readCoils', address: 0, count: 2001 })).toThrow('count 2001');
  expect(() => encodeRequest({ function: 'writeSingleRegister', address: 0, value: -1 })).toThrow('value -1');
  expect(() => encodeRequest({ function: 'readCoils', address: 65_536, count: 1 })).toThrow('address 65536');
});

const anyRequest: fc.Arbitrary<ModbusRequest> = fc.oneof(
  fc.record({
    function: fc.constantFrom('readCoils', 'readDiscreteInputs'),
    address: fc.nat(60_000),
    count: fc.integer({ min: 1, max: LIMITS.readBits }),
  }),
  fc.record({
    function: fc.constantFrom('readHoldingRegisters', 'readInputRegisters'),
    address: fc.nat(60_000),
    count: fc.integer({ min: 1, max: LIMITS.readRegisters }),
  }),
  fc.record({
    function: fc.constant('writeMultipleCoils' as const),
    address: fc.nat(60_000),
    on: fc.array(fc.boolean(), { minLength: 1, maxLength: LIMITS.writeBits }),
  }),
  fc.record({
    function: fc.constant('writeMultipleRegisters' as const),
    address: fc.nat(60_000),
    values: fc.array(fc.nat(0xffff), { minLength: 1, maxLength: LIMITS.writeRegisters }),
  }),
);

test('every request comes back as it was, in a PDU of at most 253 bytes', () => {
  fc.assert(
    fc.property(anyRequest, (request) => {
      const pdu = encodeRequest(request);
      expect(pdu.length).toBeLessThanOrEqual(253);
      expect(decodeRequest(pdu)).toEqual(request);
    }),
  );
});

test('whatever arrives, decoding gives a message or an error of the catalogue', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 260 }), anyRequest, (pdu, request) => {
      for (const decode of [() => decodeRequest(pdu), () => decodeResponse(request, pdu)]) {
        try {
          decode();
        } catch (error) {
          expect(error).toMatchObject({ code: 'MODBUS_MESSAGE_INVALID' });
        }
      }
    }),
  );
});
