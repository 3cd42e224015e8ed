import { LatencyHistogram } from '../../../core/latency-histogram.ts';
import type { Account, Measures } from '../../../core/links/measures.ts';
import type { RecordSketch } from '../outages/find-outages.ts';
import type { StatedBlock, StatedGap } from './statement-format.ts';

/** What a block says was measured. Throws a RangeError where a histogram is none. */
export function measuresOf(block: StatedBlock): Measures {
  const { account, invalidBy, histograms } = block;
  const histogram = (text: string | undefined) =>
    text === undefined ? new LatencyHistogram() : LatencyHistogram.fromText(text);
  return {
    account: { ...account },
    invalidBy: { ...invalidBy },
    roundTrip: histogram(histograms.roundTrip),
    forward: histogram(histograms.forward),
    back: histogram(histograms.back),
    variation: histogram(histograms.variation),
    oneWayErrorMs: block.oneWayErrorMs,
    jitterMs: block.jitterMs,
    duplicates: block.duplicates,
    reordered: block.reordered,
    lostForward: block.lostForward,
    lostReturn: block.lostReturn,
    kernelStamped: block.kernelStamped,
  };
}

/** The records of blocks one by one, with the gaps that began in each. Both in order of time. */
export function* recordsOf(
  blocks: Iterable<StatedBlock>,
  gaps: readonly StatedGap[],
): Generator<RecordSketch & { readonly block: StatedBlock }> {
  let gap = 0;
  for (const block of blocks) {
    const { received, lost, useless, runs } = block.records;
    let at = 0;
    for (const [startMs, lastsMs, count] of runs) {
      for (let one = 0; one < count && at < received.length; one++, at++) {
        const fromMs = block.fromMs + startMs + one * lastsMs;
        const toMs = fromMs + lastsMs;
        while (gap < gaps.length && gaps[gap]!.fromMs < fromMs) gap++;
        const first = gap;
        while (gap < gaps.length && gaps[gap]!.fromMs < toMs) gap++;
        const counts = { received: received[at] ?? 0, lost: lost[at] ?? 0, useless: useless[at] ?? 0 };
        const scheduled = counts.received + counts.lost + counts.useless;
        yield { fromMs, toMs, scheduled, ...counts, gaps: gaps.slice(first, gap), block };
      }
    }
  }
}

/** Adds a block that is out of the verdict: its probes count as excluded and as nothing else. */
export function addExcluded(into: Account, { account }: StatedBlock): void {
  into.scheduled += account.scheduled;
  into.excluded += account.scheduled;
}

/** Makes the columns of a block out of records in order of time. */
export function columnsOf(
  records: readonly Pick<RecordSketch, 'fromMs' | 'toMs' | 'received' | 'lost' | 'useless'>[],
): StatedBlock['records'] {
  const from = records[0]?.fromMs ?? 0;
  const runs: [number, number, number][] = [];
  for (const { fromMs, toMs } of records) {
    const run = runs.at(-1);
    const adjoins = run && from + run[0] + run[1] * run[2] === fromMs && run[1] === toMs - fromMs;
    if (adjoins) run[2]++;
    else runs.push([fromMs - from, toMs - fromMs, 1]);
  }
  return {
    runs,
    received: records.map(({ received }) => received),
    lost: records.map(({ lost }) => lost),
    useless: records.map(({ useless }) => useless),
  };
}
