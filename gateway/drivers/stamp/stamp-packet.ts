import type { ClockDiscipline } from '../../../core/datagrams/datagram-loop.ts';
import {
  decodeErrorEstimate,
  encodeErrorEstimate,
  formatOf,
  type PtpScale,
  readPtpScale,
  readTimestamp,
  type TimestampFormat,
  writeTimestamp,
} from './stamp-time.ts';

/**
 * Test packets of STAMP, unauthenticated (RFC 8762, 4.2.1 and 4.3.1), and of TWAMP Light (RFC 5357, 4.1.2 and 4.2.1), whose
 * headers are the same but for their ends. All big-endian.
 *
 *     sender                            reflector
 *      0 sequence number, 4              0 sequence number, 4 (of the sender where stateless)
 *      4 timestamp T1, 8                 4 timestamp T3, 8
 *     12 error estimate, 2              12 error estimate of T2 and T3, 2
 *     14 zero, 30 (TWAMP: padding)      14 zero, 2
 *                                       16 receive timestamp T2, 8
 *                                       24 sequence number of the sender, 4
 *                                       28 T1, 8
 *                                       36 error estimate of the sender, 2
 *                                       38 zero, 2
 *                                       40 TTL that the sender's packet came with, 1
 *                                       41 zero, 3 (TWAMP: padding)
 */
const AT = {
  sequence: 0,
  timestamp: 4,
  errorEstimate: 12,
  received: 16,
  senderSequence: 24,
  senderTimestamp: 28,
  senderErrorEstimate: 36,
  senderTtl: 40,
} as const;

/** The smallest STAMP packet, either way. */
const STAMP_BYTES = 44;
/** The header of a sender's packet; TWAMP Light may send no more than that. */
export const SENDER_HEADER_BYTES = 14;
const TWAMP_REPLY_BYTES = 41;
/** Without the TTL, as nokia/twampy answers. */
const LEAST_REPLY_BYTES = 38;

export interface SenderPacket {
  /** 0 to 2^32 − 1. */
  readonly sequence: number;
  /** T1, UTC in ms with a fraction. */
  readonly utcMs: number;
  readonly format: TimestampFormat;
  readonly clock: ClockDiscipline;
}

/** Fills `into`, of at least `STAMP_BYTES`, to its end: what is past the header is zero. */
export function encodeSenderPacket(into: Buffer, { sequence, utcMs, format, clock }: SenderPacket): void {
  into.fill(0, SENDER_HEADER_BYTES);
  into.writeUInt32BE(sequence, AT.sequence);
  writeTimestamp(into, AT.timestamp, utcMs, format);
  into.writeUInt16BE(encodeErrorEstimate(clock, format), AT.errorEstimate);
}

export interface StampReply {
  readonly kind: 'reply';
  /** A stateful reflector's own count of its answers in this session; the sender's number from a stateless one. */
  readonly sequence: number;
  /** Of the probe that this answers. */
  readonly senderSequence: number;
  /** T1 as it came back, UTC ms to within 0.3 µs of what was sent; NaN from a reflector that does not send it back. */
  readonly senderMs: number;
  /** T2 and T3 by the reflector's clock, UTC in ms with a fraction; NaN where it does not tell them. */
  readonly receivedMs: number;
  readonly transmittedMs: number;
  /** T3 − T2, to be taken off the round trip; NaN where it cannot be known, and then it is in there. */
  readonly dwellMs: number;
  /** What the reflector says of its clock. */
  readonly clock: ClockDiscipline;
  /** TTL or hop limit left when the probe arrived there; 0 where it is not told. */
  readonly senderTtl: number;
}

/** `short`: less than any reflector sends. `no-reflector`: nothing of a reflector in it, such as an echo of the probe. */
export type StampRejection = { readonly kind: 'rejected'; readonly reason: 'short' | 'no-reflector' };

/**
 * Reads what came back to a sender that writes `sentFormat`, at `arrivedMs` (UTC). Answers from 38 bytes up are taken.
 * Whether it answers a probe that was sent is for the caller to see, by `senderSequence` and `senderMs`.
 */
export function decodeReply(
  bytes: Uint8Array,
  sentFormat: TimestampFormat,
  arrivedMs: number,
): StampReply | StampRejection {
  if (bytes.length < LEAST_REPLY_BYTES) return { kind: 'rejected', reason: 'short' };
  const reply = viewOf(bytes);
  const estimate = reply.readUInt16BE(AT.errorEstimate);
  const format = formatOf(estimate);
  const senderMs = readTimestamp(reply, AT.senderTimestamp, sentFormat, arrivedMs);
  const receivedMs = readTimestamp(reply, AT.received, format, arrivedMs);
  if (Number.isNaN(senderMs) && Number.isNaN(receivedMs)) return { kind: 'rejected', reason: 'no-reflector' };
  const transmittedMs = transmitTime(reply, format, arrivedMs);
  const dwellMs = transmittedMs - receivedMs;
  return {
    kind: 'reply',
    sequence: reply.readUInt32BE(AT.sequence),
    senderSequence: reply.readUInt32BE(AT.senderSequence),
    ...{ senderMs, receivedMs, transmittedMs },
    dwellMs: dwellMs >= 0 ? dwellMs : Number.NaN,
    clock: decodeErrorEstimate(estimate),
    senderTtl: reply.length > AT.senderTtl ? reply.readUInt8(AT.senderTtl) : 0,
  };
}

/** domoslabs/twamp-light puts T1 where T3 belongs; the rest of its answer is as it should be. */
function transmitTime(reply: Buffer, format: TimestampFormat, nearMs: number): number {
  const isEchoed =
    reply.readUInt32BE(AT.timestamp) === reply.readUInt32BE(AT.senderTimestamp) &&
    reply.readUInt32BE(AT.timestamp + 4) === reply.readUInt32BE(AT.senderTimestamp + 4);
  return isEchoed ? Number.NaN : readTimestamp(reply, AT.timestamp, format, nearMs);
}

/** How a reflector answers one packet. */
export interface ReflectorPacket {
  /** Its own count for this session; left out, it is stateless and sends the sender's number back. */
  readonly sequence?: number;
  /** T2, UTC in ms with a fraction. */
  readonly receivedMs: number;
  /** Left out, the sender's. */
  readonly format?: TimestampFormat;
  readonly clock: ClockDiscipline;
  /** TTL or hop limit that the packet came with. */
  readonly ttl: number;
}

/** A reply that wants its T3: `stampReply` writes it when everything else is done. */
export interface PendingReply {
  readonly lengthBytes: number;
  readonly format: TimestampFormat;
  readonly scale: PtpScale;
}

/**
 * Writes the answer to `request` into `into`, which is as long as the longest datagram. `undefined` where it is none:
 * shorter than a header. From 41 bytes up the answer is as long as what it answers, with the padding copied (RFC 8762, 4.3;
 * RFC 5357, 4.2.1); a TWAMP Light sender that pads less gets a STAMP packet, for there is no shorter one with a TTL.
 */
export function encodeReply(
  into: Buffer,
  request: Uint8Array,
  { sequence, receivedMs, format: ownFormat, clock, ttl }: ReflectorPacket,
): PendingReply | undefined {
  if (request.length < SENDER_HEADER_BYTES) return undefined;
  const from = viewOf(request);
  const senderEstimate = from.readUInt16BE(AT.errorEstimate);
  const senderFormat = formatOf(senderEstimate);
  const format = ownFormat ?? senderFormat;
  // A sender that counts UTC in PTP timestamps can only be meant to compare ours with its own.
  const scale =
    format === 'ptp' && senderFormat === 'ptp' ? readPtpScale(from, AT.timestamp, receivedMs) : 'tai';
  const lengthBytes = request.length < TWAMP_REPLY_BYTES ? STAMP_BYTES : request.length;
  into.writeUInt32BE(sequence ?? from.readUInt32BE(AT.sequence), AT.sequence);
  into.writeUInt16BE(encodeErrorEstimate(clock, format), AT.errorEstimate);
  into.writeUInt16BE(0, 14);
  writeTimestamp(into, AT.received, receivedMs, format, scale);
  from.copy(into, AT.senderSequence, 0, SENDER_HEADER_BYTES);
  into.fill(0, AT.senderTtl - 2, Math.min(lengthBytes, STAMP_BYTES));
  into.writeUInt8(ttl, AT.senderTtl);
  if (lengthBytes > STAMP_BYTES) from.copy(into, STAMP_BYTES, STAMP_BYTES);
  return { lengthBytes, format, scale };
}

/** Writes T3. */
export function stampReply(into: Buffer, { format, scale }: PendingReply, utcMs: number): void {
  writeTimestamp(into, AT.timestamp, utcMs, format, scale);
}

const SAME_CLOCK_S = 60;

/**
 * Whether `packet` is what a reflector sends: T2 and T3, which are of one clock, stand a moment apart. A sender has zeros
 * or padding where T2 is. Who answers such a packet answers another reflector, which answers that, without end.
 */
export function looksLikeReply(packet: Uint8Array): boolean {
  if (packet.length < LEAST_REPLY_BYTES) return false;
  const view = viewOf(packet);
  const receivedS = view.readUInt32BE(AT.received);
  return receivedS !== 0 && Math.abs(view.readUInt32BE(AT.timestamp) - receivedS) <= SAME_CLOCK_S;
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
