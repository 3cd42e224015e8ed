import { GAP_PROBES, type Gap, type LinkRecord } from './link-record.ts';

/**
 * The gaps of records of one link and kind, which are in order of time: a run that goes over records is one gap, and what is
 * left with fewer than `GAP_PROBES` is none.
 */
export function mergeGaps(records: Iterable<Pick<LinkRecord, 'fromMs' | 'toMs' | 'gaps'>>): Gap[] {
  const merged: Gap[] = [];
  let borderMs = Number.NaN;
  for (const { fromMs, toMs, gaps } of records) {
    for (const gap of gaps) {
      const last = merged.at(-1);
      const goesOn = gap.fromMs === fromMs && borderMs === fromMs && last?.toMs === fromMs;
      if (last && goesOn)
        merged[merged.length - 1] = { ...gap, fromMs: last.fromMs, probes: last.probes + gap.probes };
      else merged.push(gap);
    }
    borderMs = toMs;
  }
  return merged.filter(({ probes }) => probes >= GAP_PROBES);
}
