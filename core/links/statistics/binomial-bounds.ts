import { regularisedBeta } from './regularised-beta.ts';

/**
 * Each bound by itself holds with the confidence: the true share is above `upper` in at most 1 − confidence of all cases, and below
 * `lower` in as many. Both at once hold with 2·confidence − 1.
 */
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/**
 * Exact one-sided bounds (Clopper and Pearson 1934) for the share that `bad` of `probes` independent trials show. One-sided, because
 * an objective asks one question, whether a share is below a limit: so 9 985 probes without loss prove less than 0.03 % at
 * 95 %, and 998 less than 0.3 %. Counts need not be whole: those of an effective number of probes are not. Without a
 * probe nothing is known: from 0 to 1.
 */
export function binomialBounds(bad: number, probes: number, confidence: number): Bounds {
  return {
    lower: lowerBound(bad, probes, confidence),
    upper: upperBound(bad, probes, confidence),
  };
}

/** See `binomialBounds`. */
export function upperBound(bad: number, probes: number, confidence: number): number {
  if (bad >= probes) return 1;
  if (bad === 0) return -Math.expm1(Math.log1p(-confidence) / probes);
  return betaQuantile(confidence, bad + 1, probes - bad);
}

/** See `binomialBounds`. */
export function lowerBound(bad: number, probes: number, confidence: number): number {
  if (bad <= 0) return 0;
  if (bad >= probes) return Math.exp(Math.log1p(-confidence) / probes);
  return betaQuantile(1 - confidence, bad, probes - bad + 1);
}

/** By halving, so it cannot run away; ends where the neighbours are 1e-12 of each other apart. */
function betaQuantile(probability: number, a: number, b: number): number {
  const mean = a / (a + b);
  // Nearly all of it is within ten deviations of the mean: each half of the rest costs a continued fraction.
  const deviation = Math.sqrt((mean * (1 - mean)) / (a + b + 1));
  let low = Math.max(0, mean - 10 * deviation);
  let high = Math.min(1, mean + 10 * deviation);
  if (regularisedBeta(low, a, b) > probability) low = 0;
  if (regularisedBeta(high, a, b) < probability) high = 1;
  while (high - low > 1e-12 * high) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (regularisedBeta(middle, a, b) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
