import type { Seen } from './attribute.ts';
import { findOutages, OUTAGE_BOUNDS, overlapMs, type RecordSketch } from './find-outages.ts';

/** How far the clocks of two agents may be apart. */
const CLOCKS_MS = 2_000;

/**
 * What a neighbour saw from `fromMs` to `toMs`, by its records of that time in order: down where its own outages cover half of it. Up
 * only where it sent enough probes that it would have seen an outage as long.
 */
export function seenOver(
  records: readonly RecordSketch[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Seen {
  const lastsMs = toMs - fromMs;
  const range = { fromMs: fromMs - CLOCKS_MS, toMs: toMs + CLOCKS_MS };
  const near = records.filter((one) => one.fromMs < range.toMs && one.toMs > range.fromMs);
  const { outages } = findOutages(near, { ...range, freshMs: Number.POSITIVE_INFINITY });
  if (2 * overlapMs(outages, range) >= lastsMs) return 'down';
  const useful = near.filter(({ received, lost }) => received + lost > 0);
  if (2 * overlapMs(useful, { fromMs, toMs }) < lastsMs) return 'unknown';
  const probes = useful.reduce(
    (sum, one) =>
      sum +
      ((one.received + one.lost) * overlapMs([one], { fromMs, toMs })) / Math.max(1, one.toMs - one.fromMs),
    0,
  );
  return probes >= OUTAGE_BOUNDS.leastProbes ? 'up' : 'unknown';
}

/** The share of the probes of that time which say nothing of the link. */
export function uselessShare(
  records: readonly RecordSketch[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): number {
  let useless = 0;
  let scheduled = 0;
  for (const one of records) {
    if (one.fromMs >= toMs || one.toMs <= fromMs) continue;
    useless += one.useless;
    scheduled += one.scheduled;
  }
  return scheduled === 0 ? 0 : useless / scheduled;
}
