import type { Piece } from '../evidence/evidence.ts';

export interface Coverage {
  /**
   * Of the time that was asked for, up to now, with a record for it; excluded ones too. 0 to 1; null of no time at all. Of several
   * links the mean: a link without evidence is not hidden by one that has it.
   */
  readonly share: number | null;
  /** First start and last end of a record; null where there is none. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  /** Times without a record of any link, the longest first where there are too many to tell. */
  readonly holes: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly holesLeftOut: number;
}

const MOST_HOLES = 100;

/** How much of a time evidence speaks of, by the pieces of each link. Samples decide a verdict and not time, so this stands beside it. */
export function coverageOf(byLink: readonly (readonly Piece[])[], fromMs: number, toMs: number): Coverage {
  const spans = spansOf(byLink.flat());
  const { holes, endMs } = gapsOf(spans, fromMs, toMs);
  const coveredMs = byLink.map((pieces) =>
    byLink.length === 1
      ? coveredBy(holes, fromMs, toMs)
      : coveredBy(gapsOf(spansOf(pieces), fromMs, toMs).holes, fromMs, toMs),
  );
  const longest =
    holes.length <= MOST_HOLES ? holes : holes.toSorted((a, b) => b.toMs - b.fromMs - a.toMs + a.fromMs);
  return {
    share:
      toMs > fromMs ? coveredMs.reduce((sum, one) => sum + one, 0) / byLink.length / (toMs - fromMs) : null,
    fromMs: spans[0]?.fromMs ?? null,
    toMs: endMs,
    holes: longest.slice(0, MOST_HOLES).sort((a, b) => a.fromMs - b.fromMs),
    holesLeftOut: Math.max(0, holes.length - MOST_HOLES),
  };
}

/** In order of their starts, those that follow each other without a hole as one: a month has 43 200 records, and few holes. */
function spansOf(pieces: readonly Piece[]): Span[] {
  const spans: { fromMs: number; toMs: number }[] = [];
  for (const { cell } of pieces) {
    for (const { fromMs, toMs } of cell.records) {
      const last = spans.at(-1);
      if (last && fromMs >= last.fromMs && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
      else spans.push({ fromMs, toMs });
    }
  }
  return spans.sort((a, b) => a.fromMs - b.fromMs);
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** `spans` in order of their starts. */
function gapsOf(spans: readonly Span[], fromMs: number, toMs: number) {
  const holes: Span[] = [];
  let atMs = fromMs;
  let endMs: number | null = null;
  for (const span of spans) {
    if (span.fromMs > atMs && atMs < toMs) holes.push({ fromMs: atMs, toMs: Math.min(toMs, span.fromMs) });
    atMs = Math.max(atMs, span.toMs);
    endMs = Math.max(endMs ?? span.toMs, span.toMs);
  }
  if (atMs < toMs) holes.push({ fromMs: atMs, toMs });
  return { holes, endMs };
}

function coveredBy(holes: readonly Span[], fromMs: number, toMs: number): number {
  return holes.reduce((left, hole) => left - (hole.toMs - hole.fromMs), toMs - fromMs);
}
