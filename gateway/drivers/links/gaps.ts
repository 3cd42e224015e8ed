import { GAP_PROBES, type Gap, MOST_GAPS } from '../../../core/links/link-record.ts';
import type { Probe } from './probe.ts';
import { type Interval, utcIn } from './record-interval.ts';

/**
 * The gaps among `probes`, which are in order of sending and have their ends. Late ones count as lost, as in a verdict;
 * those that say nothing of the link neither count nor end a gap. `isCarried`: the record before ended within a run of losses;
 * `carries`: this one does.
 */
export function gapsOf(
  probes: readonly Probe[],
  interval: Interval,
  isCarried: boolean,
): { readonly gaps: Gap[]; readonly carries: boolean } {
  const gaps: Gap[] = [];
  let fromMs = isCarried ? interval.fromMs : undefined;
  let isAtBorder = isCarried;
  let lost = 0;
  for (const { end, sentMs } of probes) {
    if (end === 'lost' || end === 'late') {
      fromMs ??= utcIn(interval, sentMs);
      lost++;
    }
    if (end !== 'received' || fromMs === undefined) continue;
    // A border that none of its probes is lost behind was told by the record before.
    if (lost >= GAP_PROBES || (isAtBorder && lost > 0))
      gaps.push({ fromMs, toMs: utcIn(interval, sentMs), probes: lost });
    fromMs = undefined;
    isAtBorder = false;
    lost = 0;
  }
  const carries = fromMs !== undefined;
  if (fromMs !== undefined) gaps.push({ fromMs, toMs: interval.toMs, probes: lost });
  return { gaps: gaps.length > MOST_GAPS ? [spanning(gaps)] : gaps, carries };
}

function spanning(gaps: readonly Gap[]): Gap {
  const probes = gaps.reduce((sum, gap) => sum + gap.probes, 0);
  return { fromMs: gaps[0]!.fromMs, toMs: gaps.at(-1)!.toMs, probes };
}
