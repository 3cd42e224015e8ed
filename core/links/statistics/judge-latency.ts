import type { LatencyHistogram } from '../../latency-histogram.ts';
import { judgeShare, type ShareJudgement } from './judge-share.ts';

/** Of each histogram: how many values, and how many are surely, and at most, `limitMs` or above. */
export interface LatencyBlocks {
  readonly probes: readonly number[];
  readonly bad: readonly number[];
  readonly mostBad: readonly number[];
}

export function latencyBlocksOf(blocks: readonly LatencyHistogram[], limitMs: number): LatencyBlocks {
  const notBelow = blocks.map((one) => one.countFrom(limitMs));
  return {
    probes: blocks.map(({ count }) => count),
    bad: notBelow.map(({ least }) => least),
    mostBad: notBelow.map(({ most }) => most),
  };
}

/**
 * Whether the `quantile` of latencies is below `limitMs`: whether the share of those that are not is below 1 − quantile, which has exact
 * bounds whatever the latencies look like. `blocks` are histograms of one length of time each, in order: hours of evidence. The values
 * of the bucket that `limitMs` lies in may be on either side of it, so no verdict turns on the 1 % that a histogram does not know.
 */
export function judgeLatency(
  blocks: readonly LatencyHistogram[],
  limitMs: number,
  quantile: number,
  confidence: number,
): ShareJudgement {
  return judgeLatencyBlocks(latencyBlocksOf(blocks, limitMs), quantile, confidence);
}

/** As `judgeLatency`. */
export function judgeLatencyBlocks(
  { probes, bad, mostBad }: LatencyBlocks,
  quantile: number,
  confidence: number,
): ShareJudgement {
  // 1 − 0.95 is 0.05000000000000004.
  const limit = Number((1 - quantile).toPrecision(12));
  return judgeShare({ probes, bad }, mostBad, limit, confidence);
}
