import type { LatencyHistogram } from '../../../core/latency-histogram.ts';
import type { Objective } from '../../../core/links/mesh.ts';
import { judgeLatency } from '../../../core/links/statistics/judge-latency.ts';
import { judgeLoss, type ShareJudgement, worstOf } from '../../../core/links/statistics/judge-share.ts';
import type { RecordSketch } from '../outages/find-outages.ts';
import type { Judged, StatedJudgement } from './figures.ts';

/** The verdict on one kind of probe: `hours` are the round trips of each block, `records` the evidence, both in order of time. */
export function judged(
  hours: readonly LatencyHistogram[],
  records: readonly Pick<RecordSketch, 'received' | 'lost'>[],
  { latencyMs, latencyQuantile, loss, confidence }: Objective,
): Judged {
  const blocks = {
    probes: Float64Array.from(records, ({ received, lost }) => received + lost),
    bad: Float64Array.from(records, ({ lost }) => lost),
  };
  const judgements = [
    stated('loss', judgeLoss(blocks, loss, confidence)),
    stated('latency', judgeLatency(hours, latencyMs, latencyQuantile, confidence)),
  ];
  return { verdict: worstOf(judgements.map(({ verdict }) => verdict)), judgements };
}

function stated(objective: StatedJudgement['objective'], judgement: ShareJudgement): StatedJudgement {
  const { verdict, limit, probes, bad, bounds, independent, bursts } = judgement;
  return {
    ...{ objective, verdict, limit, probes, direction: 'round-trip' },
    bad: { ...bad },
    share: probes === 0 ? null : bad.least / probes,
    ...{ lower: bounds.lower, upper: bounds.upper },
    independent: { lower: independent.lower, upper: independent.upper },
    bursts: { lower: bursts.lower, upper: bursts.upper },
    designEffect: bursts.designEffect,
    recordsAsOne: bursts.blocksAsOne,
  };
}
