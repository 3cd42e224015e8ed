import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeReply,
  encodeReply,
  encodeSenderPacket,
  looksLikeReply,
  type ReflectorPacket,
  type StampReply,
  stampReply,
} from './stamp-packet.ts';

const SENT_MS = Date.UTC(2026, 10, 23, 1, 2, 3) + 250;
const clock = { isSynced: true, errorMs: 1 };
/** Sequence 7, at `SENT_MS`, synchronised to 1 ms. */
const HEADER = '00000007' + 'eeae0f0b40000000' + '8f84';
const PROBE = Buffer.from(HEADER + '00'.repeat(30), 'hex');
/** T2 10 ms and T3 12 ms after it. */
const T2 = 'eeae0f0b428f5c29';
const T3 = 'eeae0f0b43126e98';
const how: ReflectorPacket = { receivedMs: SENT_MS + 10, clock: { isSynced: false, errorMs: 1 }, ttl: 63 };

function answered(request: Buffer, packet = how, transmittedMs = SENT_MS + 12): Buffer {
  const into = Buffer.alloc(9_000, 0xaa);
  const pending = encodeReply(into, request, packet)!;
  stampReply(into, pending, transmittedMs);
  return into.subarray(0, pending.lengthBytes);
}

function read(hex: string | Buffer): StampReply {
  const bytes = typeof hex === 'string' ? Buffer.from(hex, 'hex') : hex;
  const reply = decodeReply(bytes, 'ntp', SENT_MS + 20);
  if (reply.kind === 'rejected') throw new Error(reply.reason);
  return reply;
}

test('a sender packet', () => {
  const into = Buffer.alloc(48, 0xaa);
  encodeSenderPacket(into, { sequence: 7, utcMs: SENT_MS, format: 'ntp', clock });
  expect(into.toString('hex')).toBe(HEADER + '00'.repeat(34));
  encodeSenderPacket(into, { sequence: 2 ** 32 - 1, utcMs: SENT_MS, format: 'ptp', clock });
  expect(into.toString('hex', 0, 14)).toBe('ffffffff' + '6b0390b00ee6b280' + 'cf84');
});

test('the answer of a stateless and of a stateful reflector', () => {
  const rest = `${T3}0f840000${T2}${HEADER}00003f000000`;
  expect(answered(PROBE).toString('hex')).toBe(`00000007${rest}`);
  expect(answered(PROBE, { ...how, sequence: 3 }).toString('hex')).toBe(`00000003${rest}`);
});

test.each([
  [14, 44],
  [40, 44],
  [41, 41],
  [43, 43],
  [44, 44],
  [1_400, 1_400],
])('%i bytes are answered by %i, and what is past the header comes back', (length, expected) => {
  const request = Buffer.concat([Buffer.from(HEADER, 'hex'), Buffer.alloc(9_000, 0x55)]).subarray(0, length);
  const reply = answered(request);
  expect(reply).toHaveLength(expected);
  expect(reply.toString('hex', 41, 44)).toBe('000000'.slice(0, 2 * Math.max(0, expected - 41)));
  expect(reply.subarray(44).equals(request.subarray(44))).toBe(true);
});

test('timestamps of an answer are of the kind that was asked with, or of the one that is set', () => {
  const asked = Buffer.from(PROBE);
  encodeSenderPacket(asked, { sequence: 7, utcMs: SENT_MS, format: 'ptp', clock });
  expect(answered(asked).toString('hex', 4, 14)).toBe('6b0390b00f9dcd80' + '4f84');
  expect(answered(asked, { ...how, format: 'ntp' }).toString('hex', 4, 14)).toBe(`${T3}0f84`);
  // A sender that puts UTC into PTP timestamps is answered in UTC.
  asked.writeUInt32BE(0x6b03908b, 4);
  expect(answered(asked).toString('hex', 4, 14)).toBe('6b03908b0f9dcd80' + '4f84');
});

test('a full answer is read', () => {
  const reply = read(answered(PROBE, { ...how, sequence: 3 }));
  expect(reply).toMatchObject({ sequence: 3, senderSequence: 7, senderMs: SENT_MS, senderTtl: 63 });
  expect(reply.receivedMs).toBeCloseTo(SENT_MS + 10, 3);
  expect(reply.transmittedMs).toBeCloseTo(SENT_MS + 12, 3);
  expect(reply.dwellMs).toBeCloseTo(2, 3);
  expect(reply.clock.isSynced).toBe(false);
  expect(reply.clock.errorMs).toBeCloseTo(1, 1);
});

test('a reflector may answer in the other kind of timestamps', () => {
  const reply = read(answered(PROBE, { ...how, format: 'ptp' }));
  expect(reply.senderMs).toBe(SENT_MS);
  expect(reply.dwellMs).toBeCloseTo(2, 3);
});

test('one without a TTL, as nokia/twampy sends it, is an answer all the same', () => {
  for (const length of [38, 40]) {
    const reply = read(answered(PROBE).subarray(0, length));
    expect(reply).toMatchObject({ senderSequence: 7, senderMs: SENT_MS, senderTtl: 0 });
    expect(reply.dwellMs).toBeCloseTo(2, 3);
  }
});

test('one with T1 where T3 belongs, as domoslabs/twamp-light sends it, tells no dwell', () => {
  const reply = answered(PROBE);
  reply.write('eeae0f0b40000000', 4, 'hex');
  const { transmittedMs, dwellMs, receivedMs, senderSequence } = read(reply);
  expect([transmittedMs, dwellMs, senderSequence]).toEqual([Number.NaN, Number.NaN, 7]);
  expect(receivedMs).toBeCloseTo(SENT_MS + 10, 3);
});

test('a dwell below nothing is none', () => {
  expect(read(answered(PROBE, how, SENT_MS + 9)).dwellMs).toBeNaN();
});

test('one that does not send T1 back is read as far as it goes', () => {
  const reply = answered(PROBE);
  reply.fill(0, 28, 36);
  expect(read(reply)).toMatchObject({ senderSequence: 7, senderMs: Number.NaN });
});

test('what no reflector sends is refused, with the reason', () => {
  const arrivedMs = SENT_MS + 20;
  expect(decodeReply(PROBE.subarray(0, 37), 'ntp', arrivedMs)).toEqual({ kind: 'rejected', reason: 'short' });
  // An echo server sends back what it gets.
  expect(decodeReply(PROBE, 'ntp', arrivedMs)).toEqual({ kind: 'rejected', reason: 'no-reflector' });
});

test('less than a header gets no answer', () => {
  expect(encodeReply(Buffer.alloc(9_000), PROBE.subarray(0, 13), how)).toBeUndefined();
});

test('an answer is known as one, a probe is not, with whatever padding', () => {
  expect(looksLikeReply(answered(PROBE))).toBe(true);
  expect(looksLikeReply(answered(PROBE).subarray(0, 38))).toBe(true);
  expect(looksLikeReply(PROBE)).toBe(false);
  const padded = Buffer.concat([PROBE.subarray(0, 14), Buffer.alloc(30, 0xff)]);
  expect(looksLikeReply(padded)).toBe(false);
  // Nor is the probe of a sender whose clock was never set.
  expect(looksLikeReply(Buffer.alloc(44))).toBe(false);
});

test('whatever comes is read, answered or refused, and every answer is known as one', () => {
  const into = Buffer.alloc(9_000);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 255 }), (bytes, ttl) => {
      decodeReply(bytes, 'ntp', SENT_MS);
      looksLikeReply(bytes);
      const pending = encodeReply(into, bytes, { ...how, ttl });
      expect(pending === undefined).toBe(bytes.length < 14);
      if (!pending) return;
      stampReply(into, pending, SENT_MS + 12);
      expect(pending.lengthBytes).toBeLessThanOrEqual(Math.max(44, bytes.length));
      expect(looksLikeReply(into.subarray(0, pending.lengthBytes))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
