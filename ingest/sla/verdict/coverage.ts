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

/** How much of a time evidence speaks of, by the times of each link (`spansOf`). Samples decide a verdict and not time, so this stands beside it. */
export function coverageOf(byLink: readonly (readonly Span[])[], fromMs: number, toMs: number): Coverage {
  const spans = inOrder(byLink.flat());
  const { holes, endMs } = gapsOf(spans, fromMs, toMs);
  const coveredMs = byLink.map((one) =>
    coveredBy(byLink.length === 1 ? holes : gapsOf(inOrder(one), fromMs, toMs).holes, fromMs, toMs),
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

/** When there are records, those that follow each other without a hole as one: a month has 43 200 records, and few holes. */
export function spansOf(pieces: readonly Piece[]): Span[] {
  const spans: { fromMs: number; toMs: number }[] = [];
  for (const { cell } of pieces) {
    const { records } = cell;
    for (let at = 0; at < records.fromMs.length; at++) {
      const [fromMs, toMs] = [records.fromMs[at]!, records.toMs[at]!];
      const last = spans.at(-1);
      if (last && fromMs >= last.fromMs && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
      else spans.push({ fromMs, toMs });
    }
  }
  return spans;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

function inOrder(spans: readonly Span[]): Span[] {
  return spans.toSorted((a, b) => a.fromMs - b.fromMs);
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
