import type { LatencyHistogram } from '../../../core/latency-histogram.ts';
import { type Measures, mergeMeasures, noMeasures } from '../../../core/links/measures.ts';
import type { Objective } from '../../../core/links/mesh.ts';
import type { Blocks } from '../../../core/links/statistics/burst-bounds.ts';
import {
  judgeLatencyBlocks,
  type LatencyBlocks,
  latencyBlocksOf,
} from '../../../core/links/statistics/judge-latency.ts';
import {
  judgeLoss,
  judgePart,
  type PartJudgement,
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

/**
 * One way of the link. Its losses alone are held to the limit that both ways together have: a stateful reflector tells on which way a
 * probe was lost, and where nothing does, it may have been either (`bad`). Times there are where both clocks are synchronised; none is
 * agreed on, so they have no verdict.
 */
export interface Direction extends PartJudgement {
  readonly latency: Percentiles;
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
}

export interface Directions {
  readonly forward: Direction;
  readonly back: Direction;
  /** Largest error of the one-way times, ms. */
  readonly oneWayErrorMs: number | null;
}

/** Verdicts without an objective have no limit; their bounds are still told. */
const NO_LIMIT = 1;
const USUAL_CONFIDENCE = 0.95;

/** What figures are made of: of one link, or of several one after the other. */
export interface Digest {
  readonly measures: Measures;
  readonly pathChanges: number;
  readonly records: number;
  /** In order of time. */
  readonly loss: Blocks;
  /** Of hours; nothing without an objective. */
  readonly latency: LatencyBlocks | undefined;
}

/** Pieces in order of time. `isIn` says which of them count; of the others only how many probes they were is told, as excluded. */
export function digestOf(
  pieces: readonly Piece[],
  objective: Objective | undefined,
  isIn: (piece: Piece) => boolean,
): Digest {
  const within = pieces.filter(isIn);
  const measures = noMeasures();
  const loss = { probes: [] as number[], bad: [] as number[] };
  let pathChanges = 0;
  for (const { cell } of within) {
    mergeMeasures(measures, cell.measures);
    pathChanges += cell.pathChanges;
    for (const sent of cell.records.sent) loss.probes.push(sent);
    for (const lost of cell.records.lost) loss.bad.push(lost);
  }
  for (const piece of pieces) {
    if (isIn(piece)) continue;
    measures.account.scheduled += piece.cell.measures.account.scheduled;
    measures.account.excluded += piece.cell.measures.account.scheduled;
  }
  const histograms = within.map(({ cell }) => cell.measures.roundTrip);
  const latency = objective && latencyBlocksOf(histograms, objective.latencyMs);
  return { measures, pathChanges, records: loss.probes.length, loss, latency };
}

/** Losses by the hour: which is enough for bursts where there are many links, and a sixtieth of the memory. */
export function lossByHour(pieces: readonly Piece[], isIn: (piece: Piece) => boolean): Blocks {
  const counted = pieces.filter(isIn).map(({ cell }) => cell.measures.account);
  return {
    probes: counted.map(({ received, lost, late }) => received + lost + late),
    bad: counted.map(({ lost, late }) => lost + late),
  };
}

/** Of several one after the other: of parts of a link it is as of the whole. Links that differ widen the bounds of all together, as bursts do. */
export function joined(digests: readonly Digest[]): Digest {
  const measures = noMeasures();
  for (const one of digests) mergeMeasures(measures, one.measures);
  const latencies = digests.map(({ latency }) => latency ?? { probes: [], bad: [], mostBad: [] });
  return {
    measures,
    pathChanges: digests.reduce((sum, one) => sum + one.pathChanges, 0),
    records: digests.reduce((sum, one) => sum + one.records, 0),
    loss: joinedBlocks(digests.map(({ loss }) => loss)),
    latency: {
      probes: latencies.flatMap(({ probes }) => probes),
      bad: latencies.flatMap(({ bad }) => bad),
      mostBad: latencies.flatMap(({ mostBad }) => mostBad),
    },
  };
}

export function joinedBlocks(blocks: readonly Blocks[]): Blocks {
  return {
    probes: blocks.flatMap(({ probes }) => Array.from(probes)),
    bad: blocks.flatMap(({ bad }) => Array.from(bad)),
  };
}

/** What follows from evidence, which is all that is given. `objective` is the one that the digest was made for. */
export function figuresOf(
  { measures, pathChanges, records, loss: blocks, latency: latencies }: Digest,
  objective: Objective | undefined,
): Figures {
  const confidence = objective?.confidence ?? USUAL_CONFIDENCE;
  const loss = judgeLoss(blocks, objective?.loss ?? NO_LIMIT, confidence);
  const latency = objective && latencies ? latencyOf(latencies, objective) : null;
  const lost = loss.bad.least;
  return {
    verdict: latency ? worstOf([loss.verdict, latency.verdict]) : null,
    loss: { ...loss, share: loss.probes > 0 ? lost / loss.probes : null },
    ...{ latency, measures, records, pathChanges },
    roundTrip: percentilesOf(measures.roundTrip),
    variation: percentilesOf(measures.variation),
  };
}

function latencyOf(blocks: LatencyBlocks, { latencyMs, latencyQuantile, confidence }: Objective) {
  const judged = judgeLatencyBlocks(blocks, latencyQuantile, confidence);
  return { ...judged, limitMs: latencyMs, quantile: latencyQuantile };
}

/** Each way of what the figures are of. The matrix has no room for them, and bounds take their time. */
export function directionsOf({ measures, loss }: Figures): Directions {
  const { forward, back, lostForward, lostReturn, oneWayErrorMs, account } = measures;
  const unknown = account.lost + account.late - lostForward - lostReturn;
  const bad = (least: number) => ({ least, most: least + unknown });
  return {
    forward: { ...judgePart(loss, loss.probes, bad(lostForward)), latency: percentilesOf(forward) },
    // What was lost on the way there was never sent back.
    back: { ...judgePart(loss, loss.probes - lostForward, bad(lostReturn)), latency: percentilesOf(back) },
    oneWayErrorMs: forward.count + back.count > 0 ? oneWayErrorMs : null,
  };
}

export function percentilesOf(histogram: LatencyHistogram): Percentiles {
  const at = (q: number) => (histogram.count > 0 ? histogram.quantile(q) : null);
  return { count: histogram.count, p50: at(0.5), p95: at(0.95), p99: at(0.99), 'p99.9': at(0.999) };
}
