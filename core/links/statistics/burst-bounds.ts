import { type Bounds, binomialBounds } from './binomial-bounds.ts';

/** Parts of one length of evidence, in order of time: of `probes[i]` of them `bad[i]` were bad. */
export interface Blocks {
  readonly probes: ArrayLike<number>;
  readonly bad: ArrayLike<number>;
}

export interface BurstBounds extends Bounds {
  /** How many times as many probes are needed here as of independent ones to know as much; 1 at least. */
  readonly designEffect: number;
  /** How many of the blocks were taken as one to find it: as long as the bursts. */
  readonly blocksAsOne: number;
}

/** Longer blocks are fewer; a variance of fewer than these says little. */
const LEAST_BLOCKS = 16;
/**
 * Bursts added to those that were seen. A few bursts show less of how long bursts get than they seem to: with so many more,
 * bounds by four of them hold as often as they say (`burst-bounds.test.ts`).
 */
const BURSTS_ADDED = 5;

/**
 * Bounds where what is bad comes in bursts: one burst of ten lost probes says of the share about as much as one lost probe. So the variance
 * of the counts of blocks is compared with that of independent probes, for blocks of one, two, four, … parts, and the
 * largest ratio (the design effect, Kish 1965) divides both counts before they are judged by the exact bounds (Korn and Graubard
 * 1998). Never narrower than those of independent probes; equal to them where nothing is bad, for then there is no burst to see.
 */
export function burstBounds(blocks: Blocks, confidence: number): BurstBounds {
  const { probes, bad } = totalOf(blocks);
  let designEffect = 1;
  let blocksAsOne = 1;
  if (bad > 0 && bad < probes) {
    const { length } = blocks.probes;
    for (let size = 1; size === 1 || length / size >= LEAST_BLOCKS; size *= 2) {
      const effect = designEffectOf(blocks, size, bad / probes);
      if (effect <= designEffect) continue;
      designEffect = effect;
      blocksAsOne = size;
    }
  }
  // No effect makes less than one probe of all.
  designEffect = Math.min(designEffect, Math.max(1, probes));
  const bounds = binomialBounds(bad / designEffect, probes / designEffect, confidence);
  return { ...bounds, designEffect, blocksAsOne };
}

function totalOf({ probes, bad }: Blocks): { readonly probes: number; readonly bad: number } {
  const total = { probes: 0, bad: 0 };
  for (let index = 0; index < probes.length; index++) {
    total.probes += probes[index]!;
    total.bad += bad[index]!;
  }
  return total;
}

/** Of blocks of `size` parts each; what is left over at the end is a block too. */
function designEffectOf({ probes, bad }: Blocks, size: number, share: number): number {
  let count = 0;
  let withBad = 0;
  let squares = 0;
  let all = 0;
  for (let from = 0; from < probes.length; from += size) {
    let probesHere = 0;
    let badHere = 0;
    for (let index = from; index < Math.min(probes.length, from + size); index++) {
      probesHere += probes[index]!;
      badHere += bad[index]!;
    }
    if (probesHere === 0) continue;
    count++;
    all += probesHere;
    if (badHere > 0) withBad++;
    squares += (badHere - share * probesHere) ** 2;
  }
  if (count < 2) return 1;
  const effect = (squares * count) / (count - 1) / (all * share * (1 - share));
  return effect <= 1 ? 1 : 1 + ((effect - 1) * (withBad + BURSTS_ADDED)) / withBad;
}
