import { describe, expect, it } from 'vitest';
import { binomialBounds } from './binomial-bounds.ts';
import { burstBounds } from './burst-bounds.ts';

/** 0 to 1, without 0; the same for every run (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 1) / 4_294_967_297;
  };
}

/**
 * Lost probes of each record, by Gilbert and Elliott: within a burst all are lost and between bursts none, both of geometric length;
 * with a mean of one probe each loss is by itself.
 */
function simulated(
  records: number,
  perRecord: number,
  share: number,
  meanBurst: number,
  random: () => number,
) {
  const bad = new Array<number>(records).fill(0);
  const begins = meanBurst === 1 ? share : share / (1 - share) / meanBurst;
  let isBad = random() < share;
  for (let probe = 0; probe < records * perRecord; probe++) {
    if (isBad) bad[Math.floor(probe / perRecord)]!++;
    isBad = isBad && meanBurst > 1 ? random() > 1 / meanBurst : random() < begins;
  }
  return { probes: new Array<number>(records).fill(perRecord), bad };
}

const RUNS = 250;
/** Three deviations of the share that is found in so many runs. */
const SLACK = 3 * Math.sqrt((0.95 * 0.05) / RUNS);

function coverage(records: number, share: number, meanBurst: number) {
  const random = randomOf(records + meanBurst);
  const held = { upper: 0, lower: 0, independentUpper: 0 };
  for (let run = 0; run < RUNS; run++) {
    const blocks = simulated(records, 60, share, meanBurst, random);
    const bounds = burstBounds(blocks, 0.95);
    const bad = blocks.bad.reduce((sum, one) => sum + one, 0);
    if (bounds.upper >= share) held.upper++;
    if (bounds.lower <= share) held.lower++;
    if (binomialBounds(bad, records * 60, 0.95).upper >= share) held.independentUpper++;
  }
  return { upper: held.upper / RUNS, lower: held.lower / RUNS, alone: held.independentUpper / RUNS };
}

describe('bounds where loss comes in bursts', () => {
  it.each([
    [3, 0.003],
    [10, 0.003],
    [40, 0.01],
    [150, 0.06],
  ])('hold as often as they say with bursts of %d probes, where exact ones do not', (burst, share) => {
    const { upper, lower, alone } = coverage(240, share, burst);
    expect(upper).toBeGreaterThan(0.95 - SLACK);
    expect(lower).toBeGreaterThan(0.95 - SLACK);
    expect(alone).toBeLessThan(0.85);
  });

  it.each([0.0003, 0.003, 0.03])(
    'are little wider where each loss of a share of %f is by itself',
    (share) => {
      const { upper } = coverage(240, share, 1);
      expect(upper).toBeGreaterThan(0.95 - SLACK);
      const blocks = simulated(1_440, 60, share, 1, randomOf(7));
      const bad = blocks.bad.reduce((sum, one) => sum + one, 0);
      const alone = binomialBounds(bad, 86_400, 0.95);
      const { upper: wide, designEffect } = burstBounds(blocks, 0.95);
      expect(designEffect).toBeLessThan(1.8);
      expect(wide / alone.upper).toBeLessThan(1.15);
    },
  );

  it('take one burst for little more than one loss', () => {
    const probes = new Array<number>(100).fill(60);
    const bad = new Array<number>(100).fill(0);
    bad[50] = 30;
    const { lower, designEffect } = burstBounds({ probes, bad }, 0.95);
    expect(designEffect).toBeGreaterThan(30);
    expect(lower).toBeLessThan(0.0003);
    expect(binomialBounds(30, 6_000, 0.95).lower).toBeGreaterThan(0.003);
  });

  it('are the exact ones where nothing was lost, or nothing came', () => {
    const probes = new Array<number>(200).fill(50);
    const none = burstBounds({ probes, bad: new Array<number>(200).fill(0) }, 0.95);
    expect(none).toEqual({ ...binomialBounds(0, 10_000, 0.95), designEffect: 1, blocksAsOne: 1 });
    expect(burstBounds({ probes, bad: probes }, 0.95).upper).toBe(1);
    expect(burstBounds({ probes: [], bad: [] }, 0.95)).toMatchObject({ lower: 0, upper: 1 });
  });
});
