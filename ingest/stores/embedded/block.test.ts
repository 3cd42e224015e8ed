import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBlock, encodeBlock } from './block.ts';
import { Points } from './points.ts';

const T0 = Date.UTC(2026, 5, 1);
const LATEST_MS = 2 ** 48;

type Row = readonly [timeMs: number, value: number | string, status: number];

function pointsOf(rows: readonly Row[]): Points {
  const points = new Points();
  for (const [timeMs, value, status] of rows) {
    if (typeof value === 'number') points.push(timeMs, value, status);
    else points.push(timeMs, Number.NaN, status, value);
  }
  return points;
}

function rowsOf(points: Points): Row[] {
  return Array.from({ length: points.length }, (_, row) => [
    points.timeMs[row]!,
    points.valueAt(row),
    points.status[row]!,
  ]);
}

function roundTrip(rows: readonly Row[]): Row[] {
  return rowsOf(decodeBlock(encodeBlock(pointsOf(rows), 0, rows.length)));
}

describe('block', () => {
  it('gives back any times, doubles, texts and statuses, bit by bit', () => {
    const time = fc.integer({ min: -LATEST_MS, max: LATEST_MS });
    const decimal = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => value / 10);
    const value = fc.oneof(
      decimal,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: 'binary' }),
    );
    const rows = fc.uniqueArray(fc.tuple(time, value, fc.integer({ min: 0, max: 15 })), {
      selector: ([timeMs]) => timeMs,
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(rows, (unordered) => {
        const ordered = unordered.toSorted(([a], [b]) => a - b);
        // toStrictEqual tells -0 from 0.
        expect(roundTrip(ordered)).toStrictEqual(ordered);
      }),
    );
  });

  it.each([
    ['whole numbers', [0, 1, -1, 2 ** 50, -(2 ** 50)]],
    ['past what integers hold exactly', [2 ** 53, 2 ** 53 + 2, -1e300]],
    ['one decimal place', [0.1, -273.1, 1e5 + 0.3]],
    ['six decimal places', [29.563_012, 106.551_556, -0.000_001]],
    ['negative zero', [-0, 0, 1]],
    ['the smallest and the greatest', [5e-324, Number.MAX_VALUE, -Number.MAX_VALUE]],
  ])('keeps %s', (_, values) => {
    const rows = values.map((value, row): Row => [T0 + row, value, 0]);
    expect(roundTrip(rows)).toStrictEqual(rows);
  });

  it('takes less than a byte for a reading of a sensor that reports in steady intervals', () => {
    const rows = Array.from({ length: 4_096 }, (_, row): Row => {
      return [T0 + row * 10_000, Math.round(250 + 20 * Math.sin(row / 300) + (row % 7) / 3) / 10, 0];
    });
    expect(encodeBlock(pointsOf(rows), 0, rows.length).length).toBeLessThan(rows.length);
  });

  it('holds only the rows that it is asked to', () => {
    const rows: Row[] = [
      [1, 'a', 0],
      [2, 2, 1],
      [3, 'c', 2],
      [4, 4, 3],
    ];
    expect(rowsOf(decodeBlock(encodeBlock(pointsOf(rows), 1, 3)))).toStrictEqual(rows.slice(1, 3));
  });

  it('notices any changed byte', () => {
    const block = encodeBlock(
      pointsOf(Array.from({ length: 50 }, (_, row): Row => [row, row / 3, 0])),
      0,
      50,
    );
    for (let at = 0; at < block.length; at++) {
      const damaged = block.slice();
      damaged[at]! ^= 0x10;
      let rows: Row[] | undefined;
      try {
        rows = rowsOf(decodeBlock(damaged));
      } catch {
        continue;
      }
      // A few bits of a zstd header mean nothing; then nothing must have changed.
      expect(rows, `byte ${at}`).toStrictEqual(rowsOf(decodeBlock(block)));
    }
    expect(() => decodeBlock(block.subarray(0, block.length - 1))).toThrow();
  });
});
