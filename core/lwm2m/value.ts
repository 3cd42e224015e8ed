import { SluiceError } from '../errors.ts';

/** Data types of resources (LwM2M 1.1, appendix C). Times are seconds since 1970. */
export const RESOURCE_TYPES = ['float', 'integer', 'boolean', 'string', 'time', 'opaque'] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

export type ResourceValue = number | boolean | string | Uint8Array;

/** What a TLV holds. Numbers may have any length that the standard knows, whatever the object says. */
export function readTlvValue(bytes: Uint8Array, type: ResourceType): ResourceValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = bytes;
  switch (type) {
    case 'float':
      if (length === 4) return view.getFloat32(0);
      if (length === 8) return view.getFloat64(0);
      // Some clients send a float that happens to be whole as an integer.
      if (length === 1 || length === 2) return readInteger(view);
      throw wrongLength(type, length);
    case 'integer':
    case 'time':
      return readInteger(view);
    case 'boolean':
      if (length === 1 && bytes[0]! <= 1) return bytes[0] === 1;
      throw wrongLength(type, length);
    case 'string':
      return Buffer.from(bytes).toString('utf8');
    case 'opaque':
      return bytes;
  }
}

function readInteger(view: DataView): number {
  switch (view.byteLength) {
    case 1:
      return view.getInt8(0);
    case 2:
      return view.getInt16(0);
    case 4:
      return view.getInt32(0);
    case 8:
      return Number(view.getBigInt64(0));
    default:
      throw wrongLength('integer', view.byteLength);
  }
}

/** The shortest form of an integer; floats in 8 bytes unless 4 hold the same. */
export function writeTlvValue(value: ResourceValue, type: ResourceType): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (type === 'string' || typeof value === 'string') return Buffer.from(String(value), 'utf8');
  if (type === 'boolean') return Uint8Array.of(value ? 1 : 0);
  const number = Number(value);
  if (type === 'float') {
    const isExact = Object.is(Math.fround(number), number);
    const bytes = Buffer.alloc(isExact ? 4 : 8);
    if (isExact) bytes.writeFloatBE(number);
    else bytes.writeDoubleBE(number);
    return bytes;
  }
  const size = [1, 2, 4].find((one) => Math.abs(number + 0.5) < 2 ** (8 * one - 1)) ?? 8;
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(Math.trunc(number)));
  return bytes.subarray(8 - size);
}

/** Text as the plain-text format has it (LwM2M 1.1, appendix C): `21.5`, `1` for true. Throws `PAYLOAD_INVALID`. */
export function readTextValue(bytes: Uint8Array, type: ResourceType): ResourceValue {
  const text = Buffer.from(bytes).toString('utf8');
  if (type === 'string') return text;
  if (type === 'opaque') return Buffer.from(text, 'base64');
  const trimmed = text.trim();
  if (type === 'boolean') {
    if (/^(1|true)$/i.test(trimmed)) return true;
    if (/^(0|false)$/i.test(trimmed)) return false;
  } else if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) && trimmed.length <= 64) {
    return Number(trimmed);
  }
  throw invalid(`"${trimmed.slice(0, 40)}" is no ${type}`, bytes.length);
}

export function writeTextValue(value: ResourceValue): Uint8Array {
  if (value instanceof Uint8Array) return Buffer.from(Buffer.from(value).toString('base64'));
  return Buffer.from(typeof value === 'boolean' ? String(Number(value)) : String(value), 'utf8');
}

function wrongLength(type: string, length: number): SluiceError {
  return invalid(`a ${type} cannot have ${length} bytes, or not these`, length);
}

function invalid(reason: string, length: number): SluiceError {
  return new SluiceError('PAYLOAD_INVALID', { reason, offset: 0, length });
}
