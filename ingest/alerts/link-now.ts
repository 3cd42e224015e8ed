import type { Seen } from '../sla/outages/attribute.ts';
import { OUTAGE_BOUNDS, type RecordSketch } from '../sla/outages/find-outages.ts';

/** What the newest record of a link says of now. */
export interface LinkNow {
  readonly toMs: number;
  /** The run of losses that the newest record ends in. */
  readonly down?: { readonly fromMs: number; readonly probes: number };
}

/** Records come in order but for those that are late, and these say nothing of now. */
export function stepLinkNow(before: LinkNow | undefined, record: RecordSketch): LinkNow {
  if (before && record.fromMs < before.toMs) return before;
  // Probes that say nothing of the link leave it as it was.
  if (record.received + record.lost === 0) return { ...before, toMs: record.toMs };
  const last =
    record.received === 0 && record.gaps.length === 0
      ? { ...record, probes: record.lost }
      : record.gaps.at(-1);
  if (!last || last.toMs < record.toMs) return { toMs: record.toMs };
  const goesOn = before?.down && last.fromMs <= record.fromMs;
  const down = goesOn
    ? { fromMs: before.down!.fromMs, probes: before.down!.probes + last.probes }
    : { fromMs: last.fromMs, probes: last.probes };
  return { toMs: record.toMs, down };
}

/** Whether it is down now, and has been for `leastMs`. */
export function isDownNow({ toMs, down }: LinkNow, leastMs: number): boolean {
  return down !== undefined && down.probes >= OUTAGE_BOUNDS.leastProbes && toMs - down.fromMs >= leastMs;
}

/** As a neighbour: nothing, where its newest record is older than `freshMs`. */
export function seenNow(now: LinkNow | undefined, nowMs: number, freshMs: number, leastMs: number): Seen {
  if (!now || nowMs - now.toMs > freshMs) return 'unknown';
  return isDownNow(now, leastMs) ? 'down' : 'up';
}
