import { SluiceError } from '../errors.ts';

/**
 * A CoAP message (RFC 7252, section 3) as the wire has it:
 *
 *     0                   1                   2                   3
 *     +---+---+-------+---------------+-------------------------------+
 *     |Ver| T |  TKL  |   Code        |          Message ID           |
 *     +---+---+-------+---------------+-------------------------------+
 *     |  Token (TKL bytes, 0 to 8) … | Options … | 1111 1111 | Payload …
 *
 *     option:  delta (4 bits) · length (4 bits) · extended delta (0–2) · extended length (0–2) · value
 *              13: one more byte, less 13 · 14: two more bytes, less 269 · 15: reserved, but for the payload marker 0xff
 */
export interface CoapMessage {
  readonly type: CoapType;
  /** Class × 32 + detail: `code(2, 5)` is 69 on the wire. See `CODES`. */
  readonly code: number;
  /** 0 to 65535. */
  readonly id: number;
  /** At most 8 bytes. */
  readonly token: Uint8Array;
  /** In ascending order of their numbers once they were on the wire. */
  readonly options: readonly CoapOption[];
  readonly payload: Uint8Array;
}

export interface CoapOption {
  readonly number: number;
  readonly value: Uint8Array;
}

export const TYPES = ['CON', 'NON', 'ACK', 'RST'] as const;
export type CoapType = (typeof TYPES)[number];

/** Class and detail as one number: 2.05 is `code(2, 5)`. */
export function code(kind: number, detail: number): number {
  return kind * 32 + detail;
}

export const CODES = {
  empty: 0,
  get: 1,
  post: 2,
  put: 3,
  delete: 4,
  fetch: 5,
  patch: 6,
  iPatch: 7,
  created: code(2, 1),
  deleted: code(2, 2),
  valid: code(2, 3),
  changed: code(2, 4),
  content: code(2, 5),
  continue: code(2, 31),
  badRequest: code(4, 0),
  unauthorized: code(4, 1),
  badOption: code(4, 2),
  forbidden: code(4, 3),
  notFound: code(4, 4),
  methodNotAllowed: code(4, 5),
  notAcceptable: code(4, 6),
  incomplete: code(4, 8),
  preconditionFailed: code(4, 12),
  tooLarge: code(4, 13),
  unsupportedFormat: code(4, 15),
  internal: code(5, 0),
  unavailable: code(5, 3),
  noProxying: code(5, 5),
} as const;

/** As people write it: `2.05`. */
export function formatCode(value: number): string {
  return `${value >> 5}.${String(value & 31).padStart(2, '0')}`;
}

export function isRequest(value: number): boolean {
  return value > 0 && value < 32;
}

const VERSION = 1;
const PAYLOAD_MARKER = 0xff;
const NOTHING = new Uint8Array();

/** Type and id of what may be a broken message, so that a confirmable one can be reset; `undefined` where it is no CoAP of ours. */
export function peekHeader(bytes: Uint8Array): Pick<CoapMessage, 'type' | 'id'> | undefined {
  if (bytes.length < 4 || bytes[0]! >> 6 !== VERSION) return undefined;
  return { type: TYPES[(bytes[0]! >> 4) & 3]!, id: (bytes[2]! << 8) | bytes[3]! };
}

/** Throws `PAYLOAD_INVALID` for every message format error of RFC 7252. The result shares memory with `bytes`. */
export function decodeMessage(bytes: Uint8Array): CoapMessage {
  const header = peekHeader(bytes);
  if (!header) throw invalid(bytes, 0, 'it is shorter than a CoAP header, or of another version');
  const tokenLength = bytes[0]! & 15;
  const value = bytes[1]!;
  const kind = value >> 5;
  if (tokenLength > 8) throw invalid(bytes, 0, 'a token has more than 8 bytes');
  if (kind === 1 || kind === 6 || kind === 7)
    throw invalid(bytes, 1, `code ${formatCode(value)} is reserved`);
  // Section 4.1: an empty message is its header and nothing else.
  if (value === CODES.empty && bytes.length > 4) throw invalid(bytes, 4, 'an empty message goes on');
  const start = 4 + tokenLength;
  if (start > bytes.length) throw invalid(bytes, bytes.length, 'a token is cut off');
  const { options, end } = decodeOptions(bytes, start);
  const payload = bytes.subarray(end);
  return { ...header, code: value, token: bytes.subarray(4, start), options, payload };
}

function decodeOptions(bytes: Uint8Array, start: number): { options: CoapOption[]; end: number } {
  const options: CoapOption[] = [];
  let position = start;
  let number = 0;
  const extended = (nibble: number): number => {
    if (nibble === 15) throw invalid(bytes, position, 'an option has the reserved length or delta 15');
    const size = nibble === 13 ? 1 : nibble === 14 ? 2 : 0;
    if (position + size > bytes.length) throw invalid(bytes, position, 'an option is cut off');
    if (size === 0) return nibble;
    const first = bytes[position]!;
    const more = size === 1 ? first + 13 : ((first << 8) | bytes[position + 1]!) + 269;
    position += size;
    return more;
  };
  while (position < bytes.length) {
    const head = bytes[position++]!;
    if (head === PAYLOAD_MARKER) {
      if (position === bytes.length) throw invalid(bytes, position, 'nothing follows the payload marker');
      return { options, end: position };
    }
    number += extended(head >> 4);
    const length = extended(head & 15);
    if (number > 0xffff) throw invalid(bytes, position, 'an option number is above 65535');
    if (position + length > bytes.length) throw invalid(bytes, position, 'an option is cut off');
    options.push({ number, value: bytes.subarray(position, position + length) });
    position += length;
  }
  return { options, end: position };
}

/** Options may come in any order; those of one number keep theirs. */
export function encodeMessage(message: CoapMessage): Uint8Array {
  const { type, id, token, payload } = message;
  const parts: Uint8Array[] = [
    Uint8Array.of(
      (VERSION << 6) | (TYPES.indexOf(type) << 4) | token.length,
      message.code,
      id >> 8,
      id & 255,
    ),
    token,
  ];
  let number = 0;
  for (const option of [...message.options].sort((a, b) => a.number - b.number)) {
    const delta = split(option.number - number);
    const length = split(option.value.length);
    parts.push(
      Uint8Array.of((delta.nibble << 4) | length.nibble, ...delta.more, ...length.more),
      option.value,
    );
    number = option.number;
  }
  if (payload.length > 0) parts.push(Uint8Array.of(PAYLOAD_MARKER), payload);
  return Buffer.concat(parts);
}

/** An empty message: an acknowledgement without an answer, or a reset. */
export function emptyMessage(type: CoapType, id: number): CoapMessage {
  return { type, code: CODES.empty, id, token: NOTHING, options: [], payload: NOTHING };
}

function split(value: number): { nibble: number; more: number[] } {
  if (value < 13) return { nibble: value, more: [] };
  if (value < 269) return { nibble: 13, more: [value - 13] };
  return { nibble: 14, more: [(value - 269) >> 8, (value - 269) & 255] };
}

function invalid(bytes: Uint8Array, offset: number, reason: string): SluiceError {
  return new SluiceError('PAYLOAD_INVALID', { reason, offset, length: bytes.length });
}
