import type { Piece } from '../evidence/evidence.ts';

export interface Coverage {
  /** Of the time that was asked for, up to now, with a record for it; excluded ones too. 0 to 1; null of no time at all. */
  readonly share: number | null;
  /** First start and last end of a record; null where there is none. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Times without a record, the longest first where there are too many to tell. */
  readonly holes: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly holesLeftOut: number;
}

const MOST_HOLES = 100;

/** How much of a time evidence speaks of. Samples decide a verdict and not time, so this stands beside it. */
export function coverageOf(pieces: readonly Piece[], fromMs: number, toMs: number): Coverage {
  const spans = pieces.flatMap(({ cell }) => cell.records).sort((a, b) => a.fromMs - b.fromMs);
  const holes: { fromMs: number; toMs: number }[] = [];
  let coveredMs = 0;
  let atMs = fromMs;
  for (const span of spans) {
    if (span.fromMs > atMs) holes.push({ fromMs: atMs, toMs: Math.min(toMs, span.fromMs) });
    const startMs = Math.max(atMs, span.fromMs);
    const endMs = Math.min(toMs, span.toMs);
    if (endMs > startMs) coveredMs += endMs - startMs;
    atMs = Math.max(atMs, span.toMs);
  }
  if (atMs < toMs) holes.push({ fromMs: atMs, toMs });
  const longest =
    holes.length <= MOST_HOLES ? holes : holes.toSorted((a, b) => b.toMs - b.fromMs - a.toMs + a.fromMs);
  return {
    share: toMs > fromMs ? coveredMs / (toMs - fromMs) : null,
    fromMs: spans[0]?.fromMs ?? null,
    toMs: spans.length > 0 ? Math.max(...spans.slice(-2).map((one) => one.toMs)) : null,
    holes: longest.slice(0, MOST_HOLES).sort((a, b) => a.fromMs - b.fromMs),
    holesLeftOut: Math.max(0, holes.length - MOST_HOLES),
  };
}
