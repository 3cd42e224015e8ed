import { SluiceError } from '../errors.ts';
import { crc16 } from './crc.ts';

/*
 * RTU frame (Modbus over serial line 1.02, clause 2.5.1):
 *
 *   unit 1 | PDU 1…253 | CRC 2, low byte first
 */
const SHORTEST_FRAME = 4;
export const LONGEST_FRAME = 256;

/** A character is 11 bits: start, eight data, parity or a second stop, stop (clause 2.5.1). */
const BITS_PER_CHARACTER = 11;

export function wrapRtu(unit: number, pdu: Uint8Array): Uint8Array {
  const frame = new Uint8Array(pdu.length + 3);
  frame[0] = unit;
  frame.set(pdu, 1);
  const crc = crc16(frame, 0, frame.length - 2);
  frame[frame.length - 2] = crc & 0xff;
  frame[frame.length - 1] = crc >> 8;
  return frame;
}

/** `pdu` is a view into `frame`. Throws `MODBUS_MESSAGE_INVALID` on an impossible length or a wrong checksum. */
export function unwrapRtu(frame: Uint8Array): { unit: number; pdu: Uint8Array } {
  const end = frame.length - 2;
  if (frame.length < SHORTEST_FRAME || frame.length > LONGEST_FRAME) {
    throw new SluiceError('MODBUS_MESSAGE_INVALID', { reason: `no frame has ${frame.length} bytes` });
  }
  if (crc16(frame, 0, end) !== (frame[end]! | (frame[end + 1]! << 8))) {
    throw new SluiceError('MODBUS_MESSAGE_INVALID', { reason: 'its checksum is wrong' });
  }
  return { unit: frame[0]!, pdu: frame.subarray(1, end) };
}

/**
 * Length of the request frame that `bytes` begin, for a slave on a line without timing; `undefined` while more
 * bytes are needed to tell, or where the function is not known.
 */
export function requestFrameLength(bytes: Uint8Array): number | undefined {
  const code = bytes[1];
  if (code === undefined) return undefined;
  if (code >= 1 && code <= 6) return 8;
  if (code !== 15 && code !== 16) return undefined;
  return bytes.length < 7 ? undefined : 9 + bytes[6]!;
}

/** Time that one character takes on the wire. */
export function characterMs(baud: number): number {
  return (BITS_PER_CHARACTER * 1000) / baud;
}

/** The silence that ends a frame: 3.5 characters, and 1.75 ms above 19 200 baud (clause 2.5.1.1). */
export function silenceMs(baud: number): number {
  return baud > 19_200 ? 1.75 : 3.5 * characterMs(baud);
}
