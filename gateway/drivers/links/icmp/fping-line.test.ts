import { expect, test } from 'vitest';
import { parseFpingLine } from './fping-line.ts';

/** As Debian's 5.1 printed them. */
test.each([
  [
    '[1795397637.91890] 127.0.0.1    : [0], 64 bytes, 0.059 ms (0.059 avg, 0% loss)',
    { target: '127.0.0.1', sequence: 0, atMs: 1_795_397_637_918.9, roundTripMs: 0.059 },
  ],
  [
    '[1795397802.98846] 10.1.0.2 : [2], 64 bytes, 601 ms (151 avg, 0% loss)',
    { target: '10.1.0.2', sequence: 2, atMs: 1_795_397_802_988.46, roundTripMs: 601 },
  ],
  [
    '[1795397637.92229] ::1          : [0], 64 bytes, 0.157 ms (0.157 avg, 0% loss)',
    { target: '::1', sequence: 0, atMs: 1_795_397_637_922.29, roundTripMs: 0.157 },
  ],
  [
    '[1795397638.72148] 10.255.255.1 : [13], timed out (NaN avg, 100% loss)',
    { target: '10.255.255.1', sequence: 13, atMs: 1_795_397_638_721.48, roundTripMs: undefined },
  ],
])('%s', (line, result) => {
  expect(parseFpingLine(line)).toEqual(result);
});

test.each([
  'ICMP Host Unreachable from 10.1.0.1 for ICMP Echo sent to 10.1.0.9',
  '127.0.0.1 : [0], 64 bytes, 0.020 ms (0.020 avg, 0% loss)',
  '127.0.0.1 : xmt/rcv/%loss = 11/11/0%, min/avg/max = 0.041/0.046/0.050',
  '',
])('no result: %s', (line) => {
  expect(parseFpingLine(line)).toBeUndefined();
});
