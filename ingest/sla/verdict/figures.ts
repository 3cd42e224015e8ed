import type { LatencyHistogram } from '../../../core/latency-histogram.ts';
import { type Account, type Measures, mergeMeasures, noMeasures } from '../../../core/links/measures.ts';
import type { Objective } from '../../../core/links/mesh.ts';
import { type Bounds, binomialBounds } from '../../../core/links/statistics/binomial-bounds.ts';
import { judgeLatency } from '../../../core/links/statistics/judge-latency.ts';
import {
  judgeLoss,
  type ShareJudgement,
  type Verdict,
  worstOf,
} from '../../../core/links/statistics/judge-share.ts';
import type { Piece } from '../evidence/evidence.ts';

/** ms, within 1 %; null where there is none. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly 'p99.9': number | null;
}

/** One way of the link, where a stateful reflector or synchronised clocks show it. The objective is of round trips, so it has no verdict. */
export interface Direction {
  readonly latency: Percentiles;
  readonly lost: number;
  readonly share: number | null;
  readonly bounds: Bounds | null;
}

export interface Figures {
  /** Null where there is no objective. */
  readonly verdict: Verdict | null;
  /** Of probes sent, those lost or late. Without an objective it is judged against nothing, at 95 %. */
  readonly loss: ShareJudgement & { readonly share: number | null };
  readonly latency: (ShareJudgement & { readonly limitMs: number; readonly quantile: number }) | null;
  readonly measures: Measures;
  readonly pathChanges: number;
  readonly records: number;
  readonly roundTrip: Percentiles;
  readonly variation: Percentiles;
  /** Null where not a single lost probe or one-way time is known by its direction. */
  readonly forward: Direction | null;
  readonly back: Direction | null;
  /** Largest error of the one-way times, ms. */
  readonly oneWayErrorMs: number | null;
}

/** Verdicts without an objective have no limit; their bounds are still told. */
const NO_LIMIT = 1;
const USUAL_CONFIDENCE = 0.95;

/**
 * What follows from evidence, which is all that is given: pieces in order of time, of one link or of one after the other. Links that differ
 * widen the bounds of all together, as bursts do. `isIn` says which of
 * them count; of the others only how many probes they were is told, as excluded.
 */
export function figuresOf(
  pieces: readonly Piece[],
  objective: Objective | undefined,
  isIn: (piece: Piece) => boolean,
): Figures {
  const within = pieces.filter(isIn);
  const measures = noMeasures();
  for (const { cell } of within) mergeMeasures(measures, cell.measures);
  for (const { cell } of pieces.filter((one) => !isIn(one))) {
    measures.account.scheduled += cell.measures.account.scheduled;
    measures.account.excluded += cell.measures.account.scheduled;
  }
  const records = within.flatMap(({ cell }) => cell.records);
  const confidence = objective?.confidence ?? USUAL_CONFIDENCE;
  const blocks = { probes: records.map(({ sent }) => sent), bad: records.map(({ lost }) => lost) };
  const loss = judgeLoss(blocks, objective?.loss ?? NO_LIMIT, confidence);
  const latency = objective ? latencyOf(within, objective) : null;
  const lost = loss.bad.least;
  return {
    verdict: latency ? worstOf([loss.verdict, latency.verdict]) : null,
    loss: { ...loss, share: loss.probes > 0 ? lost / loss.probes : null },
    ...{ latency, measures, records: records.length },
    pathChanges: within.reduce((sum, { cell }) => sum + cell.pathChanges, 0),
    roundTrip: percentilesOf(measures.roundTrip),
    variation: percentilesOf(measures.variation),
    ...directionsOf(measures, loss),
  };
}

function latencyOf(pieces: readonly Piece[], { latencyMs, latencyQuantile, confidence }: Objective) {
  const histograms = pieces.map(({ cell }) => cell.measures.roundTrip);
  const judged = judgeLatency(histograms, latencyMs, latencyQuantile, confidence);
  return { ...judged, limitMs: latencyMs, quantile: latencyQuantile };
}

function directionsOf(measures: Measures, loss: ShareJudgement) {
  const { forward, back, lostForward, lostReturn, oneWayErrorMs, account } = measures;
  const hasTimes = forward.count > 0 || back.count > 0;
  const isDirected = lostForward + lostReturn > 0;
  if (!hasTimes && !isDirected) return { forward: null, back: null, oneWayErrorMs: null };
  // Where the direction of some is not known, no share of either is.
  const isWhole = isDirected && lostForward + lostReturn === account.lost;
  const direction = (latency: LatencyHistogram, lost: number): Direction => ({
    ...{ latency: percentilesOf(latency), lost },
    share: isWhole && loss.probes > 0 ? lost / loss.probes : null,
    bounds: isWhole ? asLoss(lost, loss) : null,
  });
  return {
    forward: direction(forward, lostForward),
    back: direction(back, lostReturn),
    oneWayErrorMs: hasTimes ? oneWayErrorMs : null,
  };
}

/** Bursts are taken to be as long in each direction as in both. */
function asLoss(lost: number, { probes, confidence, bursts: { designEffect } }: ShareJudgement): Bounds {
  return binomialBounds(lost / designEffect, probes / designEffect, confidence);
}

export function percentilesOf(histogram: LatencyHistogram): Percentiles {
  const at = (q: number) => (histogram.count > 0 ? histogram.quantile(q) : null);
  return { count: histogram.count, p50: at(0.5), p95: at(0.95), p99: at(0.99), 'p99.9': at(0.999) };
}

/** scheduled = received + lost + late + not sent + invalid + excluded. */
export function isAccountExact({
  scheduled,
  received,
  lost,
  late,
  notSent,
  invalid,
  excluded,
}: Account): boolean {
  return scheduled === received + lost + late + notSent + invalid + excluded;
}
