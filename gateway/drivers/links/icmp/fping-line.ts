/** What fping says of one echo request: `sequence` counts the requests to that target from 0. */
export interface FpingResult {
  readonly target: string;
  readonly sequence: number;
  /** When the answer came, or the time for it was over, UTC in ms. */
  readonly atMs: number;
  /** `undefined` where none came in time. A second answer to one request is a second line. */
  readonly roundTripMs: number | undefined;
}

/**
 * Lines of `fping -l -D`, as 5.1 writes them, which prints no JSON; 5.2 and later write the same unless asked otherwise.
 * Targets stand as they were given, padded to the longest:
 *
 *     [1795397637.91890] 127.0.0.1    : [0], 64 bytes, 0.059 ms (0.059 avg, 0% loss)
 *     [1795397638.72148] 10.255.255.1 : [0], timed out (NaN avg, 100% loss)
 */
const LINE = /^\[(\d+\.\d+)\] (\S+) +: \[(\d+)\], (?:timed out|\d+ bytes, (\d+(?:\.\d+)?(?:e[+-]?\d+)?) ms)/;

/** `undefined` where the line is neither. */
export function parseFpingLine(line: string): FpingResult | undefined {
  const [, at, target, sequence, roundTrip] = LINE.exec(line) ?? [];
  if (at === undefined || target === undefined) return undefined;
  return {
    target,
    sequence: Number(sequence),
    atMs: 1_000 * Number(at),
    roundTripMs: roundTrip === undefined ? undefined : Number(roundTrip),
  };
}
