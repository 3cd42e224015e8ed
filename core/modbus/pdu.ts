import { SluiceError } from '../errors.ts';

/** Function codes of the Modbus application protocol 1.1b3, clause 6. */
export const FUNCTION_CODES = {
  readCoils: 1,
  readDiscreteInputs: 2,
  readHoldingRegisters: 3,
  readInputRegisters: 4,
  writeSingleCoil: 5,
  writeSingleRegister: 6,
  writeMultipleCoils: 15,
  writeMultipleRegisters: 16,
} as const;

export type ReadFunction = 'readCoils' | 'readDiscreteInputs' | 'readHoldingRegisters' | 'readInputRegisters';

export type ModbusRequest =
  | { readonly function: ReadFunction; readonly address: number; readonly count: number }
  | { readonly function: 'writeSingleCoil'; readonly address: number; readonly on: boolean }
  | { readonly function: 'writeSingleRegister'; readonly address: number; readonly value: number }
  | { readonly function: 'writeMultipleCoils'; readonly address: number; readonly on: readonly boolean[] }
  | {
      readonly function: 'writeMultipleRegisters';
      readonly address: number;
      readonly values: readonly number[];
    };

/** What a slave answers: registers are 0 to 65535; an exception is an answer too. */
export type ModbusAnswer =
  | { readonly bits: readonly boolean[] }
  | { readonly registers: readonly number[] }
  | { readonly written: true };

/** The most that one message holds (clauses 6.1, 6.3, 6.11, 6.12). */
export const LIMITS = { readBits: 2000, readRegisters: 125, writeBits: 1968, writeRegisters: 123 } as const;

/** Clause 7; a number outside this list is the slave maker's own. */
export const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'illegal function',
  2: 'illegal data address',
  3: 'illegal data value',
  4: 'device failure',
  5: 'acknowledge',
  6: 'device busy',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target device failed to respond',
};

export const ILLEGAL_FUNCTION = 1;
export const ILLEGAL_DATA_ADDRESS = 2;
export const ILLEGAL_DATA_VALUE = 3;
export const ACKNOWLEDGE = 5;

const COIL_ON = 0xff00;
const EXCEPTION_BIT = 0x80;

const nameOfCode = new Map(
  Object.entries(FUNCTION_CODES).map(([name, code]) => [code as number, name as ModbusRequest['function']]),
);

/** The request PDU. Throws a RangeError on numbers that no frame can hold: that is a mistake of the caller. */
export function encodeRequest(request: ModbusRequest): Uint8Array {
  const code = FUNCTION_CODES[request.function];
  const address = inRange('address', request.address, 0, 0xffff);
  switch (request.function) {
    case 'readCoils':
    case 'readDiscreteInputs':
      return head(code, address, countIn(request.address, request.count, LIMITS.readBits));
    case 'readHoldingRegisters':
    case 'readInputRegisters':
      return head(code, address, countIn(request.address, request.count, LIMITS.readRegisters));
    case 'writeSingleCoil':
      return head(code, address, request.on ? COIL_ON : 0);
    case 'writeSingleRegister':
      return head(code, address, inRange('value', request.value, 0, 0xffff));
    case 'writeMultipleCoils': {
      const count = countIn(address, request.on.length, LIMITS.writeBits);
      return withData(head(code, address, count), packBits(request.on));
    }
    case 'writeMultipleRegisters': {
      const count = countIn(address, request.values.length, LIMITS.writeRegisters);
      return withData(head(code, address, count), packRegisters(request.values));
    }
  }
}

/**
 * Reads a request PDU as a slave does. Throws `MODBUS_MESSAGE_INVALID`, with the exception that a slave answers
 * in `details.exception`.
 */
export function decodeRequest(pdu: Uint8Array): ModbusRequest {
  const name = nameOfCode.get(pdu[0] ?? 0);
  if (name === undefined) throw invalid(`function ${pdu[0] ?? 'missing'} is not known`, ILLEGAL_FUNCTION);
  if (pdu.length < 5) throw invalid(`${name} of ${pdu.length} bytes is too short`, ILLEGAL_DATA_VALUE);
  const address = u16(pdu, 1);
  const second = u16(pdu, 3);
  switch (name) {
    case 'readCoils':
    case 'readDiscreteInputs':
    case 'readHoldingRegisters':
    case 'readInputRegisters': {
      checkLength(name, pdu, 5);
      const most = isBits(name) ? LIMITS.readBits : LIMITS.readRegisters;
      return { function: name, address, count: wireCount(address, second, most) };
    }
    case 'writeSingleCoil':
      checkLength(name, pdu, 5);
      if (second !== COIL_ON && second !== 0)
        throw invalid(`coil value ${second} is neither on nor off`, ILLEGAL_DATA_VALUE);
      return { function: name, address, on: second === COIL_ON };
    case 'writeSingleRegister':
      checkLength(name, pdu, 5);
      return { function: name, address, value: second };
    case 'writeMultipleCoils': {
      const count = wireCount(address, second, LIMITS.writeBits);
      checkData(name, pdu, Math.ceil(count / 8));
      return { function: name, address, on: unpackBits(pdu, 6, count) };
    }
    case 'writeMultipleRegisters': {
      const count = wireCount(address, second, LIMITS.writeRegisters);
      checkData(name, pdu, 2 * count);
      return { function: name, address, values: unpackRegisters(pdu, 6, count) };
    }
  }
}

/** The response PDU to `request`; `answer` must be of the kind that the request asks for. */
export function encodeResponse(request: ModbusRequest, answer: ModbusAnswer): Uint8Array {
  const code = FUNCTION_CODES[request.function];
  if ('count' in request) {
    const data =
      'bits' in answer ? packBits(answer.bits) : 'registers' in answer ? packRegisters(answer.registers) : [];
    if (data.length !== expectedResponseLength(request) - 2) {
      throw new RangeError(`${request.function} of ${request.count} is not answered by ${data.length} bytes`);
    }
    return Uint8Array.from([code, data.length, ...data]);
  }
  // Writes of one are answered by their echo, writes of many by address and count (clauses 6.5, 6.6, 6.11, 6.12).
  return encodeRequest(request).slice(0, 5);
}

export function encodeException(functionCode: number, exceptionCode: number): Uint8Array {
  return Uint8Array.of(functionCode | EXCEPTION_BIT, exceptionCode);
}

/** Bytes of the PDU that answers `request` when the slave does as asked; an exception has 2. */
export function expectedResponseLength(request: ModbusRequest): number {
  if (!('count' in request)) return 5;
  return 2 + (isBits(request.function) ? Math.ceil(request.count / 8) : 2 * request.count);
}

/**
 * Reads the PDU that answers `request`. Throws `MODBUS_MESSAGE_INVALID` where function, length or echo do not fit
 * that very request: such bytes belong to something else.
 */
export function decodeResponse(
  request: ModbusRequest,
  pdu: Uint8Array,
): ModbusAnswer | { readonly exception: number } {
  const code = FUNCTION_CODES[request.function];
  if (pdu[0] === (code | EXCEPTION_BIT)) {
    if (pdu.length !== 2) throw invalid(`an exception of ${pdu.length} bytes, and it has 2`);
    return { exception: pdu[1]! };
  }
  if (pdu[0] !== code) throw invalid(`function ${pdu[0] ?? 'missing'} answers function ${code}`);
  const expected = expectedResponseLength(request);
  if (pdu.length !== expected)
    throw invalid(`${pdu.length} bytes for ${request.function}, expected ${expected}`);
  if ('count' in request) {
    if (pdu[1] !== expected - 2)
      throw invalid(`it announces ${pdu[1]} bytes of data and has ${expected - 2}`);
    return isBits(request.function)
      ? { bits: unpackBits(pdu, 2, request.count) }
      : { registers: unpackRegisters(pdu, 2, request.count) };
  }
  const echo = encodeRequest(request);
  for (let index = 1; index < 5; index++) {
    if (pdu[index] !== echo[index])
      throw invalid(`the answer to ${request.function} repeats another address or value`);
  }
  return { written: true };
}

function isBits(name: ReadFunction): boolean {
  return name === 'readCoils' || name === 'readDiscreteInputs';
}

function head(code: number, address: number, second: number): Uint8Array {
  return Uint8Array.of(code, address >> 8, address & 0xff, second >> 8, second & 0xff);
}

function withData(start: Uint8Array, data: Uint8Array): Uint8Array {
  return Uint8Array.from([...start, data.length, ...data]);
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Eight to a byte, the first in the lowest bit. */
function packBits(bits: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (let index = 0; index < bits.length; index++) if (bits[index]) bytes[index >> 3]! |= 1 << (index & 7);
  return bytes;
}

function unpackBits(bytes: Uint8Array, from: number, count: number): boolean[] {
  const bits = new Array<boolean>(count);
  for (let index = 0; index < count; index++) {
    bits[index] = (bytes[from + (index >> 3)]! & (1 << (index & 7))) !== 0;
  }
  return bits;
}

function packRegisters(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  for (let index = 0; index < values.length; index++) {
    const value = inRange('register', values[index]!, 0, 0xffff);
    bytes[2 * index] = value >> 8;
    bytes[2 * index + 1] = value & 0xff;
  }
  return bytes;
}

function unpackRegisters(bytes: Uint8Array, from: number, count: number): number[] {
  const values = new Array<number>(count);
  for (let index = 0; index < count; index++) values[index] = u16(bytes, from + 2 * index);
  return values;
}

function inRange(what: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${what} ${value} is not a whole number from ${min} to ${max}`);
}

function countIn(address: number, count: number, most: number): number {
  return inRange('count', count, 1, Math.min(most, 0x10000 - address));
}

function wireCount(address: number, count: number, most: number): number {
  if (count < 1 || count > most) throw invalid(`a count of ${count} is not 1 to ${most}`, ILLEGAL_DATA_VALUE);
  if (address + count > 0x10000)
    throw invalid(`${count} from ${address} runs past 65535`, ILLEGAL_DATA_ADDRESS);
  return count;
}

function checkLength(name: string, pdu: Uint8Array, length: number): void {
  if (pdu.length !== length)
    throw invalid(`${name} has ${pdu.length} bytes, not ${length}`, ILLEGAL_DATA_VALUE);
}

function checkData(name: string, pdu: Uint8Array, bytes: number): void {
  if (pdu[5] !== bytes)
    throw invalid(`${name} announces ${pdu[5] ?? 'no'} bytes, not ${bytes}`, ILLEGAL_DATA_VALUE);
  checkLength(name, pdu, 6 + bytes);
}

function invalid(reason: string, exception?: number): SluiceError {
  return new SluiceError(
    'MODBUS_MESSAGE_INVALID',
    exception === undefined ? { reason } : { reason, exception },
  );
}
