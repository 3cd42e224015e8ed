import type { ClockDiscipline } from './datagram-loop.ts';
import { calls } from './linux-calls.ts';

/** `struct timex`: maxerror i64, in µs, and status i32. */
const TIMEX_BYTES = 208;
const AT = { maxError: 24, status: 40 } as const;
const STA_UNSYNC = 0x40;
const US_PER_MS = 1_000;

const timex = Buffer.from(new ArrayBuffer(TIMEX_BYTES));

/**
 * What the kernel knows of its clock. `maxerror` is taken, not `esterror`: the first bounds the error, is what a daemon that
 * follows RFC 5905 (its root distance) sets at each update, and grows by 500 ppm until the next; the second is a guess that
 * stays as it is when the daemon dies. Where nothing disciplines the clock the kernel says 16 s, which nobody measured.
 */
export function readDiscipline(): ClockDiscipline {
  timex.fill(0);
  const failed = calls.adjtimex(timex) < 0;
  if (failed || (timex.readInt32LE(AT.status) & STA_UNSYNC) !== 0)
    return { isSynced: false, errorMs: Number.NaN };
  return { isSynced: true, errorMs: Number(timex.readBigInt64LE(AT.maxError)) / US_PER_MS };
}
