import fc from 'fast-check';
import { expect, it } from 'vitest';
import { scaleFor } from './scale-for.ts';

it('does not blow noise up, starts at zero where zero is near, and never shows less than there is', () => {
  expect(scaleFor(21.5, 21.6, 2)).toEqual([expect.closeTo(20.35), expect.closeTo(22.75)]);
  expect(scaleFor(0, 62, 2)[0]).toBe(0);
  expect(scaleFor(null, null, 2)).toEqual([0, 2]);
  const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const [bottom, top] = scaleFor(low, high, 2);
      expect(bottom).toBeLessThanOrEqual(low);
      expect(top).toBeGreaterThanOrEqual(high);
      expect(top - bottom).toBeGreaterThanOrEqual(2);
    }),
  );
});
