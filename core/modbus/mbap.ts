import { SluiceError } from '../errors.ts';

/*
 * Modbus TCP frame (Modbus messaging on TCP/IP 1.0b, clause 3.1.3), all numbers big-endian:
 *
 *   transaction 2 | protocol 2, 0 for Modbus | length 2, of what follows | unit 1 | PDU 1…253
 */
export const MBAP_OVERHEAD = 7;
const HEADER_LENGTH = 6;
const LONGEST_REST = 254;
/** The unit and a PDU that at least says a function. */
const SHORTEST_REST = 2;

export interface MbapFrame {
  readonly transaction: number;
  readonly unit: number;
  readonly pdu: Uint8Array;
}

export function wrapMbap({ transaction, unit, pdu }: MbapFrame): Uint8Array {
  const frame = new Uint8Array(pdu.length + MBAP_OVERHEAD);
  const view = new DataView(frame.buffer);
  view.setUint16(0, transaction);
  view.setUint16(4, pdu.length + 1);
  frame[6] = unit;
  frame.set(pdu, MBAP_OVERHEAD);
  return frame;
}

/**
 * The first frame of `bytes` and how many bytes it takes; `undefined` while it is not whole. Throws
 * `MODBUS_MESSAGE_INVALID` on a header that no frame has: where the next one begins cannot be told any more.
 */
export function takeMbap(
  bytes: Uint8Array,
): { readonly frame: MbapFrame; readonly length: number } | undefined {
  if (bytes.length < HEADER_LENGTH) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const protocol = view.getUint16(2);
  const rest = view.getUint16(4);
  if (protocol !== 0) throw invalid(`its header names protocol ${protocol}, and Modbus is 0`);
  if (rest < SHORTEST_REST || rest > LONGEST_REST) throw invalid(`its header announces ${rest} bytes`);
  const length = HEADER_LENGTH + rest;
  if (bytes.length < length) return undefined;
  const pdu = bytes.subarray(MBAP_OVERHEAD, length);
  return { frame: { transaction: view.getUint16(0), unit: bytes[6]!, pdu }, length };
}

function invalid(reason: string): SluiceError {
  return new SluiceError('MODBUS_MESSAGE_INVALID', { reason });
}
