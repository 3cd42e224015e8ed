import { describe, expect, it } from 'vitest';
import { binomialBounds, upperBound } from './binomial-bounds.ts';

/** Of P(X ≤ bad) and P(X ≥ bad) as sums of fractions of whole numbers, solved to 2^-60. */
const EXACT = [
  [1, 2, 0.025320565519103555, 0.9746794344808964],
  [1, 10, 0.005116196891823743, 0.39416330243650477],
  [3, 10, 0.08726443391415029, 0.6066242161054134],
  [2, 30, 0.011975800965209116, 0.195326043654926],
  [5, 40, 0.050570328340825754, 0.24503051264971196],
  [39, 40, 0.8868116390552625, 0.9987184894771247],
] as const;

describe('exact bounds', () => {
  it.each(EXACT)('of %d bad in %d are those of exact sums', (bad, probes, lower, upper) => {
    const bounds = binomialBounds(bad, probes, 0.95);
    expect(bounds.lower).toBeCloseTo(lower, 12);
    expect(bounds.upper).toBeCloseTo(upper, 12);
  });

  it('at 97.5 % are the published two-sided ones at 95 %', () => {
    const { lower, upper } = binomialBounds(10, 100, 0.975);
    expect(lower).toBeCloseTo(0.0490047, 7);
    expect(upper).toBeCloseTo(0.1762226, 7);
  });

  it('prove 0.03 % from 9 985 probes without loss on, and 0.3 % from 998', () => {
    expect(upperBound(0, 9_985, 0.95)).toBeLessThan(0.0003);
    expect(upperBound(0, 9_984, 0.95)).toBeGreaterThan(0.0003);
    expect(upperBound(0, 998, 0.95)).toBeLessThan(0.003);
    expect(upperBound(0, 997, 0.95)).toBeGreaterThan(0.003);
  });

  it('know nothing of nothing, and less than all of everything', () => {
    expect(binomialBounds(0, 0, 0.95)).toEqual({ lower: 0, upper: 1 });
    const all = binomialBounds(7, 7, 0.95);
    expect(all.upper).toBe(1);
    expect(all.lower).toBeCloseTo(0.05 ** (1 / 7), 12);
  });

  it.each([1e6, 1e9])('of %d probes are close to those of the normal and Poisson distributions', (probes) => {
    const share = 0.0003;
    const deviation = Math.sqrt((share * (1 - share)) / probes);
    const many = binomialBounds(share * probes, probes, 0.95);
    expect(Math.abs((many.upper - share) / deviation / 1.645 - 1)).toBeLessThan(0.06);
    expect(Math.abs((share - many.lower) / deviation / 1.645 - 1)).toBeLessThan(0.06);
    // Half of the χ² quantiles with 4 and 2 degrees of freedom.
    const one = binomialBounds(1, probes, 0.95);
    expect(one.upper * probes).toBeCloseTo(4.743865, 3);
    expect(one.lower * probes).toBeCloseTo(0.0512933, 5);
  });

  it('are of each other by symmetry, and grow with what was bad', () => {
    let before = 0;
    for (const bad of [0, 1, 2, 50, 500, 999, 1_000]) {
      const { lower, upper } = binomialBounds(bad, 1_000, 0.99);
      const mirrored = binomialBounds(1_000 - bad, 1_000, 0.99);
      expect(mirrored.upper).toBeCloseTo(1 - lower, 10);
      expect(upper).toBeGreaterThan(before);
      before = upper;
    }
  });
});
