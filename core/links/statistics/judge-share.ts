import { type Bounds, lowerBound, upperBound } from './binomial-bounds.ts';
import { type Blocks, type BurstBounds, burstBounds } from './burst-bounds.ts';

export const VERDICTS = ['pass', 'breach', 'insufficient'] as const;
export type Verdict = (typeof VERDICTS)[number];

/**
 * What evidence says of a share that is to be below `limit`: `pass` where even the upper bound is below it, `breach` where even the
 * lower bound is above it, else `insufficient` evidence for either.
 */
export interface ShareJudgement {
  readonly verdict: Verdict;
  /** 0 to 1. */
  readonly limit: number;
  readonly confidence: number;
  readonly probes: number;
  /** Of those, surely bad, and bad at most: they differ where it is not known of some. */
  readonly bad: { readonly least: number; readonly most: number };
  /** As if each probe had its own fate. */
  readonly independent: Bounds;
  /** As the blocks show that the bad ones come together. */
  readonly bursts: BurstBounds;
  /** The wider of the two, by which the verdict goes. */
  readonly bounds: Bounds;
}

/** Loss: `blocks` are records of evidence in order of time, of which probes were sent and are lost or late. */
export function judgeLoss(blocks: Blocks, limit: number, confidence: number): ShareJudgement {
  return judgeShare(blocks, blocks.bad, limit, confidence);
}

/**
 * As `judgeLoss`, where of some it is not known whether they are bad: `blocks.bad` are those that surely are, `mostBad` adds the
 * others. A verdict is one that holds either way.
 */
export function judgeShare(
  { probes, bad }: Blocks,
  mostBad: ArrayLike<number>,
  limit: number,
  confidence: number,
): ShareJudgement {
  const total = sum(probes);
  const least = sum(bad);
  const isSame = mostBad === bad;
  const most = isSame ? least : sum(mostBad);
  const few = burstBounds({ probes, bad }, confidence);
  const many = isSame ? few : burstBounds({ probes, bad: mostBad }, confidence);
  const independent = boundsOf({ least, most }, total, confidence, 1);
  const wider = many.designEffect > few.designEffect ? many : few;
  const bursts = { ...wider, lower: few.lower, upper: many.upper };
  const bounds = widerOf(independent, bursts);
  const verdict = verdictOf(bounds, limit);
  return { verdict, limit, confidence, probes: total, bad: { least, most }, independent, bursts, bounds };
}

/** What evidence says of a part of what was judged as a whole. */
export type PartJudgement = Pick<ShareJudgement, 'verdict' | 'probes' | 'bad' | 'bounds'>;

/**
 * One way of a link, of whose records the whole only is kept: what is bad is taken to come in bursts as long as those of `whole`; where
 * nothing is bad there is no burst. Held to the limit and the confidence of the whole.
 */
export function judgePart(
  { limit, confidence, bursts: { designEffect } }: ShareJudgement,
  probes: number,
  bad: ShareJudgement['bad'],
): PartJudgement {
  const independent = boundsOf(bad, probes, confidence, 1);
  const isInBursts = bad.most > 0 && designEffect > 1;
  const bounds = isInBursts
    ? widerOf(independent, boundsOf(bad, probes, confidence, designEffect))
    : independent;
  return { verdict: verdictOf(bounds, limit), probes, bad, bounds };
}

/** Exact, whatever is true of those that are unknown; each `effect` probes say as much as one. */
function boundsOf(
  { least, most }: ShareJudgement['bad'],
  probes: number,
  confidence: number,
  effect: number,
): Bounds {
  return {
    lower: lowerBound(least / effect, probes / effect, confidence),
    upper: upperBound(most / effect, probes / effect, confidence),
  };
}

function widerOf(one: Bounds, other: Bounds): Bounds {
  return { lower: Math.min(one.lower, other.lower), upper: Math.max(one.upper, other.upper) };
}

function verdictOf({ lower, upper }: Bounds, limit: number): Verdict {
  return upper < limit ? 'pass' : lower > limit ? 'breach' : 'insufficient';
}

/** The verdict on several objectives at once: a breach of one is a breach, and a pass is one of all. */
export function worstOf(verdicts: Iterable<Verdict>): Verdict {
  let worst: Verdict | undefined;
  for (const one of verdicts) {
    if (one === 'breach') return 'breach';
    if (worst !== 'insufficient') worst = one;
  }
  return worst ?? 'insufficient';
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < values.length; index++) total += values[index]!;
  return total;
}
