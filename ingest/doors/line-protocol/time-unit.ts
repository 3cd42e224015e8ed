/** What times of line protocol count; a millisecond holds `perMs` of it, or it holds `ms` milliseconds. */
export const TIME_UNITS = {
  ns: { ms: 0, perMs: 1_000_000n },
  n: { ms: 0, perMs: 1_000_000n },
  us: { ms: 0, perMs: 1_000n },
  u: { ms: 0, perMs: 1_000n },
  µ: { ms: 0, perMs: 1_000n },
  ms: { ms: 1, perMs: 1n },
  s: { ms: 1_000, perMs: 1n },
  m: { ms: 60_000, perMs: 1n },
  h: { ms: 3_600_000, perMs: 1n },
} as const;

export type TimeUnit = keyof typeof TIME_UNITS;
