import { expect, test } from 'vitest';
import { calculate, calculationText, provingProbes } from './calculator.ts';

/** P(at most `lost` of `probes` are lost), added up term by term. */
function atMost(lost: number, probes: number, share: number): number {
  let term = (1 - share) ** probes;
  let sum = term;
  for (let k = 1; k <= lost; k++) {
    term *= ((probes - k + 1) / k) * (share / (1 - share));
    sum += term;
  }
  return sum;
}

test.each([
  [0.0003, 0.95, 0, 9_985],
  [0.003, 0.95, 0, 998],
  [0.01, 0.95, 0, 299],
  [0.5, 0.5, 0, 2],
])('loss below %d at %d with %d lost takes %d probes', (loss, confidence, lost, probes) => {
  expect(provingProbes(loss, confidence, lost)).toBe(probes);
});

test.each([0, 1, 2, 5, 20])('with %d lost it is the fewest that the binomial distribution allows', (lost) => {
  for (const [loss, confidence] of [
    [0.0003, 0.95],
    [0.003, 0.99],
    [0.05, 0.8],
  ] as const) {
    const probes = provingProbes(loss, confidence, lost);
    expect(atMost(lost, probes, loss)).toBeLessThan(1 - confidence);
    expect(atMost(lost, probes - 1, loss)).toBeGreaterThanOrEqual(1 - confidence - 1e-12);
  }
});

test('it is said in words, in both languages', () => {
  const { en, zh } = calculationText(calculate(0.0003, 0.95, 10));
  expect(en.split('\n').slice(0, 2)).toEqual([
    'Loss below 0.03 %, proven at 95 %:',
    '  9 985 probes without loss; at 10/s, 17 minutes',
  ]);
  expect(en).toContain('of which 1 lost; at 10/s, 27 minutes');
  expect(zh).toContain('9 985 个探测包，无丢失；每秒 10 个时需 17 分钟');
  expect(calculationText(calculate(0.0003, 0.95, 1)).en).toContain('at 1/s, 2.8 hours');
});
