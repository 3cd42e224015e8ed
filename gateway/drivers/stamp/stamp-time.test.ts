import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeErrorEstimate,
  encodeErrorEstimate,
  formatOf,
  readPtpScale,
  readTimestamp,
  writeTimestamp,
} from './stamp-time.ts';

const NOW_MS = Date.UTC(2026, 10, 23, 1, 2, 3);

function written(...args: [utcMs: number, format: 'ntp' | 'ptp', scale?: 'tai' | 'utc']): string {
  const bytes = Buffer.alloc(8);
  writeTimestamp(bytes, 0, ...args);
  return bytes.toString('hex');
}

test.each([
  // RFC 5905, figure 4: era and seconds of some days.
  ['first day of UTC', Date.UTC(1972, 0, 1), 2_272_060_800],
  ['last day of the 20th century', Date.UTC(1999, 11, 31), 3_155_587_200],
  ['Unix epoch', 0, 2_208_988_800],
  ['second day of era 1', Date.UTC(2036, 1, 8), 63_104],
])('NTP seconds of the %s', (_, utcMs, seconds) => {
  expect(written(utcMs, 'ntp')).toBe(`${seconds.toString(16).padStart(8, '0')}00000000`);
  expect(readTimestamp(Buffer.from(written(utcMs, 'ntp'), 'hex'), 0, 'ntp', utcMs + 5_000)).toBe(utcMs);
});

test('the fraction of NTP is binary, that of PTP nanoseconds; a PTP timestamp counts TAI', () => {
  // 1 795 395 723.25 s: + 2 208 988 800 is eeae0f0b; + 37 s of TAI is 6b0390b0.
  expect(written(NOW_MS + 250, 'ntp')).toBe('eeae0f0b40000000');
  expect(written(NOW_MS + 250, 'ptp')).toBe('6b0390b00ee6b280');
  expect(written(NOW_MS + 250, 'ptp', 'utc')).toBe('6b03908b0ee6b280');
});

test('what rounds up to a whole second is one', () => {
  expect(written(NOW_MS + 999.999_999_9, 'ntp')).toBe('eeae0f0c00000000');
});

test('a PTP timestamp is understood whether it counts TAI or UTC', () => {
  for (const scale of ['tai', 'utc'] as const) {
    const bytes = Buffer.from(written(NOW_MS, 'ptp', scale), 'hex');
    for (const awayMs of [-17_000, 0, 17_000]) {
      expect(readTimestamp(bytes, 0, 'ptp', NOW_MS + awayMs)).toBe(NOW_MS);
      expect(readPtpScale(bytes, 0, NOW_MS + awayMs)).toBe(scale);
    }
  }
});

test('every time is read back to within 0.3 µs, across the end of an era as well', () => {
  const utcMs = fc.double({ min: 0, max: Date.UTC(2150, 0, 1), noNaN: true });
  const away = fc.double({ min: -15_000, max: 15_000, noNaN: true });
  fc.assert(
    fc.property(utcMs, fc.constantFrom('ntp', 'ptp'), away, (ms, format, awayMs) => {
      const bytes = Buffer.from(written(ms, format), 'hex');
      expect(Math.abs(readTimestamp(bytes, 0, format, ms + awayMs) - ms)).toBeLessThan(0.000_5);
    }),
  );
});

test('no time at all is no number', () => {
  expect(readTimestamp(Buffer.alloc(8), 0, 'ntp', NOW_MS)).toBeNaN();
  expect(readTimestamp(Buffer.alloc(8), 0, 'ptp', NOW_MS)).toBeNaN();
});

test('an error estimate tells the error from above, in S, Z, scale and multiplier', () => {
  // 1 ms is 4 294 967.3 units of 2^-32 s: 132 · 2^15 is the least that is not below it.
  expect(encodeErrorEstimate({ isSynced: true, errorMs: 1 }, 'ntp').toString(16)).toBe('8f84');
  expect(encodeErrorEstimate({ isSynced: false, errorMs: 1 }, 'ptp').toString(16)).toBe('4f84');
  expect(encodeErrorEstimate({ isSynced: true, errorMs: 0 }, 'ntp').toString(16)).toBe('8001');
  expect(encodeErrorEstimate({ isSynced: true, errorMs: Number.NaN }, 'ntp').toString(16)).toBe('3fff');
  expect(decodeErrorEstimate(0x8f84)).toEqual({ isSynced: true, errorMs: (132 * 2 ** 15 * 1_000) / 2 ** 32 });
  expect(decodeErrorEstimate(0x0f84).isSynced).toBe(false);
  expect([formatOf(0x8f84), formatOf(0x4f84)]).toEqual(['ntp', 'ptp']);
});

test('an error is never told smaller than it is, and by less than one part in 127 larger', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (errorMs) => {
      const told = decodeErrorEstimate(encodeErrorEstimate({ isSynced: true, errorMs }, 'ntp'));
      expect(told.isSynced).toBe(true);
      expect(told.errorMs).toBeGreaterThanOrEqual(errorMs);
      expect(told.errorMs).toBeLessThanOrEqual(errorMs * (1 + 1 / 127) + 3e-7);
    }),
  );
});

test('a multiplier of zero tells nothing', () => {
  expect(decodeErrorEstimate(0x8f00)).toEqual({ isSynced: false, errorMs: Number.NaN });
});
