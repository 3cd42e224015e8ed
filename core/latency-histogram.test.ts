import { describe, expect, it } from 'vitest';
import { LatencyHistogram, MOST_BUCKETS } from './latency-histogram.ts';
import { seededRandom } from './testing/seeded-random.ts';

function of(...values: number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

const QUANTILES = [0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];

describe('LatencyHistogram', () => {
  it('answers any quantile within one per cent of what sorting gives', () => {
    const random = seededRandom(7);
    const draws: (() => number)[] = [
      () => 20 + random() * 5,
      () => Math.exp(random() * 20 - 8),
      () => -Math.log(1 - random()) * 3,
      () => (random() - 0.5) * 200,
      () => Math.round(random() * 50) / 10,
    ];
    for (const draw of draws) {
      const values = Array.from({ length: 3_000 }, draw);
      const sorted = values.toSorted((a, b) => a - b);
      const histogram = of(...values);
      expect(histogram.count).toBe(3_000);
      for (const q of QUANTILES) {
        const exact = sorted[Math.max(1, Math.ceil(q * 3_000 - 1e-9)) - 1]!;
        const error = Math.abs(histogram.quantile(q) - exact);
        expect(error, `${q} of ${exact}`).toBeLessThanOrEqual(Math.abs(exact) * 0.010_000_001);
      }
    }
  });

  it('gives the same whatever the split and the order of merging', () => {
    const random = seededRandom(11);
    for (let round = 0; round < 50; round++) {
      const values = Array.from({ length: 200 }, () =>
        random() < 0.1 ? 0 : (random() - 0.2) * 10 ** (random() * 6),
      );
      const parts = Array.from({ length: 1 + Math.floor(random() * 9) }, () => new LatencyHistogram());
      for (const value of values) parts[Math.floor(random() * parts.length)]!.add(value);
      while (parts.length > 1) {
        const [taken] = parts.splice(Math.floor(random() * parts.length), 1);
        parts[Math.floor(random() * parts.length)]!.merge(taken!);
      }
      expect(parts[0]!.toText()).toBe(of(...values).toText());
    }
  });

  it('knows zero, what is too small to matter, negative values, and what is beyond its range', () => {
    expect(of(0, -0, 1e-7, -1e-9).quantile(0.5)).toBe(0);
    expect(of(0, 1e-7).buckets).toBe(1);
    const signs = of(-100, -1, 0, 1, 100);
    expect([0, 0.4, 0.6, 0.8, 1].map((q) => Math.round(signs.quantile(q)))).toEqual([-100, -1, 0, 1, 100]);
    expect(of(1e300).quantile(1)).toBe(of(1e9).quantile(1));
    expect(of().quantile(0.5)).toBeNaN();
    expect(of().count).toBe(0);
  });

  it('has a bounded number of buckets, and few for what a path does', () => {
    const everything = new LatencyHistogram();
    for (let power = -8; power < 11; power += 0.002) {
      everything.add(10 ** power);
      everything.add(-(10 ** power));
    }
    everything.add(0);
    expect(everything.buckets).toBe(MOST_BUCKETS);
    expect(MOST_BUCKETS).toBe(3457);
    const random = seededRandom(3);
    const path = of(...Array.from({ length: 36_000 }, () => 20 + random() * 10));
    expect(path.buckets).toBeLessThan(25);
    expect(path.toBytes().length).toBeLessThan(80);
  });

  it('is written in these bytes', () => {
    const hex = (histogram: LatencyHistogram) => Buffer.from(histogram.toBytes()).toString('hex');
    expect(hex(of())).toBe('0100');
    expect(hex(of(0))).toBe('01010001');
    // Bucket ⌈ln 1 / ln γ⌉ = 0 has the key 691, as the lowest is −690; zigzag 1382 = 0b1010_1100110.
    expect(hex(of(1))).toBe('0101e60a01');
    expect(hex(of(-1))).toBe('0101e50a01');
    const many = new LatencyHistogram();
    many.add(1, 300);
    many.add(10);
    expect(hex(many)).toBe('0102e60aac02e80101');
    expect(many.toText()).toBe('AQLmCqwC6AEB');
    // The same bounds for whoever reads a stored one: 1 is the top of (0.980, 1], which answers 0.99.
    expect(of(1).quantile(1)).toBeCloseTo(0.99, 12);
    // ⌈ln 20 / ln γ⌉ = 150, and 0.99 · γ^150 = 19.88667.
    expect(of(20).quantile(1)).toBeCloseTo(19.886_67, 5);
  });

  it('comes back from bytes and from text', () => {
    const random = seededRandom(5);
    const histogram = of(...Array.from({ length: 500 }, () => (random() - 0.3) * 1_000));
    expect(LatencyHistogram.fromBytes(histogram.toBytes()).toText()).toBe(histogram.toText());
    expect(LatencyHistogram.fromText(histogram.toText()).quantile(0.9)).toBe(histogram.quantile(0.9));
  });

  it.each([
    ['', 'nothing'],
    ['0200', 'another version'],
    ['01', 'no number of buckets'],
    ['0101e60a', 'a bucket without a count'],
    ['0101e60a00', 'an empty bucket'],
    ['0102e60a010001', 'the same bucket twice'],
    ['0102e60a010101', 'a bucket that goes back'],
    ['0101e60a0100', 'bytes after the end'],
    ['0101fffff00101', 'a bucket that cannot be'],
    ['01ffff7f', 'too many buckets'],
    ['0101e60affffffffffffffffff7f', 'a count that no number holds'],
  ])('refuses %s: %s', (hex) => {
    expect(() => LatencyHistogram.fromBytes(Buffer.from(hex, 'hex'))).toThrow(RangeError);
  });
});
