import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hoursOf, MINUTE_MS, minutesOf } from '../../rollups/roll-up.ts';
import type { WindowSummary } from '../../rollups/window-summary.ts';
import { decodeRollUps, encodeRollUps } from './roll-up-block.ts';

const START_MS = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;

const value = fc.oneof(
  fc.integer({ min: -1_000, max: 1_000 }).map((tenths) => tenths / 10),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1e300, -1e300, 5e-324, Number.MAX_SAFE_INTEGER),
);
/** Texts too, so that there are windows without a number. */
const reading = fc.tuple(
  fc.integer({ min: 0, max: DAY_MS - 1 }),
  fc.oneof({ weight: 5, arbitrary: value }, { weight: 1, arbitrary: fc.constant('on') }),
);
const readings = fc.uniqueArray(reading, { maxLength: 60, selector: ([ms]) => ms });

function summariesOf(rows: readonly (readonly [number, number | string])[], hasPercentiles: boolean) {
  const sorted = rows.toSorted(([a], [b]) => a - b);
  const texts = new Map(sorted.flatMap(([, one], row) => (typeof one === 'string' ? [[row, one]] : [])));
  const timeMs = Float64Array.from(sorted, ([ms]) => START_MS + ms);
  const values = Float64Array.from(sorted, ([, one]) => Number(one));
  return minutesOf({ timeMs, value: values, texts }, 0, sorted.length, hasPercentiles);
}

/** Sums may lose the last bits of adding up, and nothing else may differ, not even the sign of a zero. */
function expectSame(found: readonly WindowSummary[], wanted: readonly WindowSummary[]): void {
  const plain = ({ sum: _, histogram, firstMs, lastMs, ...rest }: WindowSummary) => [
    rest,
    // Without a number there is no time of one.
    rest.count === 0 ? undefined : [firstMs, lastMs],
    histogram?.toBytes(),
  ];
  expect(found.map(plain)).toEqual(wanted.map(plain));
  found.forEach(({ sum }, row) => {
    const { sum: exact, min, max, count } = wanted[row]!;
    const error = Number.EPSILON * count * count * Math.max(Math.abs(min), Math.abs(max));
    if (sum !== exact) expect(Math.abs(sum - exact)).toBeLessThanOrEqual(error);
  });
}

it('roll-ups come back as they were, of whatever readings, and any part of them', () => {
  fc.assert(
    fc.property(readings, fc.boolean(), reading, reading, (rows, hasPercentiles, [a], [b]) => {
      const minutes = summariesOf(rows, hasPercentiles);
      const block = encodeRollUps(minutes, START_MS, MINUTE_MS);
      expectSame(decodeRollUps(block, START_MS, MINUTE_MS), minutes);
      const [fromMs, toMs] = [START_MS + Math.min(a, b), START_MS + Math.max(a, b)];
      const part = minutes.filter(({ windowMs }) => windowMs >= fromMs && windowMs < toMs);
      expectSame(decodeRollUps(block, START_MS, MINUTE_MS, fromMs, toMs), part);
      const hours = hoursOf(minutes);
      expectSame(decodeRollUps(encodeRollUps(hours, START_MS, 3_600_000), START_MS, 3_600_000), hours);
    }),
    { numRuns: 300 },
  );
});
