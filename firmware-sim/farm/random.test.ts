import { describe, expect, it } from 'vitest';
import { Random, smoothNoise } from './random.ts';

describe('random numbers', () => {
  it('are uniform, normal and independent enough for weather and noise', () => {
    const random = new Random(1, 'test');
    const uniform = Array.from({ length: 20_000 }, () => random.next());
    expect(mean(uniform)).toBeCloseTo(0.5, 1);
    expect(Math.min(...uniform)).toBeLessThan(0.001);
    expect(Math.max(...uniform)).toBeGreaterThan(0.999);
    const normal = Array.from({ length: 20_000 }, () => random.gaussian());
    expect(Math.abs(mean(normal))).toBeLessThan(0.03);
    expect(mean(normal.map((value) => value ** 2))).toBeCloseTo(1, 1);
    const other = new Random(1, 'other');
    const products = uniform.map((value) => (value - 0.5) * (other.next() - 0.5) * 12);
    expect(Math.abs(mean(products))).toBeLessThan(0.03);
  });

  it('repeat for the same seed and label', () => {
    const draw = (seed: number, label: string) => new Random(seed, label).next();
    expect(draw(5, 'a')).toBe(draw(5, 'a'));
    expect(draw(5, 'a')).not.toBe(draw(5, 'b'));
    expect(draw(5, 'a')).not.toBe(draw(6, 'a'));
  });

  it('make a curve without jumps', () => {
    for (let x = -3; x < 50; x += 0.01) {
      expect(Math.abs(smoothNoise(9, x))).toBeLessThanOrEqual(1);
      expect(Math.abs(smoothNoise(9, x) - smoothNoise(9, x + 0.01))).toBeLessThan(0.04);
    }
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
