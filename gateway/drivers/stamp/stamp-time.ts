import type { ClockDiscipline } from '../../../core/datagrams/datagram-loop.ts';

/** NTP: seconds since 1900 and their fraction, 32.32 bits. PTP: seconds and nanoseconds, 32 bits each (truncated PTPv2). */
export type TimestampFormat = 'ntp' | 'ptp';
/** What a PTP timestamp counts. */
export type PtpScale = 'tai' | 'utc';

const WORD = 2 ** 32;
const NTP_AHEAD_S = 2_208_988_800;
/** TAI is ahead of UTC by this since 2017; another leap second is not announced, and they are to end by 2035. */
const TAI_AHEAD_MS = 37_000;
const UNKNOWN = 0x3f_ff;

/**
 * Writes eight bytes. RFC 8762 takes PTPv2's format as it is (RFC 8877, 4.3), and that counts TAI from 1970; `scale` says
 * otherwise for peers that put UTC there, as programs on Linux mostly do.
 */
export function writeTimestamp(
  into: Buffer,
  at: number,
  utcMs: number,
  format: TimestampFormat,
  scale: PtpScale = 'tai',
): void {
  const ms = format === 'ptp' && scale === 'tai' ? utcMs + TAI_AHEAD_MS : utcMs;
  let seconds = Math.floor(ms / 1_000);
  const perSecond = format === 'ntp' ? WORD : 1e9;
  let fraction = Math.round(((ms - seconds * 1_000) / 1_000) * perSecond);
  if (fraction === perSecond) {
    seconds += 1;
    fraction = 0;
  }
  // Both wrap: NTP into era 1 on 2036-02-07, PTP in 2106.
  into.writeUInt32BE(modulo(seconds + (format === 'ntp' ? NTP_AHEAD_S : 0)), at);
  into.writeUInt32BE(fraction, at + 4);
}

/**
 * UTC in ms with a fraction; NaN where nothing stands there (all zero). The era, and whether a PTP timestamp counts TAI or
 * UTC, are taken such that it comes nearest to `nearMs`: clocks that are of use to each other differ by less than 18 s.
 */
export function readTimestamp(bytes: Buffer, at: number, format: TimestampFormat, nearMs: number): number {
  const seconds = bytes.readUInt32BE(at);
  const fraction = bytes.readUInt32BE(at + 4);
  if (seconds === 0 && fraction === 0) return Number.NaN;
  if (format === 'ntp') return nearest(seconds - NTP_AHEAD_S, (fraction / WORD) * 1_000, nearMs);
  const asUtcMs = nearest(seconds, fraction / 1e6, nearMs);
  return scaleOf(asUtcMs, nearMs) === 'tai' ? asUtcMs - TAI_AHEAD_MS : asUtcMs;
}

/** What a peer counts whose PTP timestamp was written at about `nearMs`. */
export function readPtpScale(bytes: Buffer, at: number, nearMs: number): PtpScale {
  return scaleOf(nearest(bytes.readUInt32BE(at), 0, nearMs), nearMs);
}

function scaleOf(asUtcMs: number, nearMs: number): PtpScale {
  return Math.abs(asUtcMs - TAI_AHEAD_MS - nearMs) < Math.abs(asUtcMs - nearMs) ? 'tai' : 'utc';
}

function nearest(seconds: number, fractionMs: number, nearMs: number): number {
  const eras = Math.round((nearMs / 1_000 - seconds) / WORD);
  return (seconds + eras * WORD) * 1_000 + fractionMs;
}

function modulo(seconds: number): number {
  return ((seconds % WORD) + WORD) % WORD;
}

/**
 * The two bytes of RFC 4656, 4.1.2: S synchronised, Z the format (RFC 8186), and the error as multiplier · 2^(scale − 32) s,
 * rounded up. One that is not known is the largest that can be told, not synchronised.
 *
 *      0 1 2 3 4 5 6 7 8 9 . . . . . 15
 *     |S|Z|   scale   |  multiplier   |
 */
export function encodeErrorEstimate({ isSynced, errorMs }: ClockDiscipline, format: TimestampFormat): number {
  const z = format === 'ptp' ? 0x40_00 : 0;
  if (!(errorMs >= 0 && errorMs < Number.POSITIVE_INFINITY)) return z | UNKNOWN;
  const units = (errorMs / 1_000) * WORD;
  let scale = 0;
  while (scale < 63 && Math.ceil(units / 2 ** scale) > 255) scale += 1;
  const multiplier = Math.min(255, Math.max(1, Math.ceil(units / 2 ** scale)));
  return (isSynced ? 0x80_00 : 0) | z | (scale << 8) | multiplier;
}

/** A multiplier of 0 is corrupt (RFC 4656, 4.1.2); peers send it all the same: they have told nothing of their clock. */
export function decodeErrorEstimate(estimate: number): ClockDiscipline {
  const multiplier = estimate & 0xff;
  if (multiplier === 0) return { isSynced: false, errorMs: Number.NaN };
  const scale = (estimate >> 8) & 0x3f;
  return { isSynced: (estimate & 0x80_00) !== 0, errorMs: multiplier * 2 ** (scale - 32) * 1_000 };
}

export function formatOf(estimate: number): TimestampFormat {
  return estimate & 0x40_00 ? 'ptp' : 'ntp';
}
