import { expect, it } from 'vitest';
import { areaM2, signedAreaM2 } from './area.ts';
import { distanceToEdgeM, isInside, type Ring } from './position.ts';
import type { ZoneGeometry } from './zone.ts';

const polygon = (...coordinates: number[][][]): ZoneGeometry => ({ type: 'Polygon', coordinates });
const FIELD = [
  [113, 22],
  [113.01, 22],
  [113.01, 22.01],
  [113, 22.01],
  [113, 22],
];

// Of the tests of GeographicLib's Planimeter, longitude first here.
it.each([
  ['a diamond on the equator', 24_619_419_146, [[-1, 0], [0, -1], [1, 0], [0, 1], [-1, 0]]], // biome-ignore format: a table
  ['an octant', 63_758_202_715_511, [[0, 0], [90, 0], [0, 90], [0, 0]]], // biome-ignore format: a table
] as const)('measures %s as GeographicLib does', (_, expected, ring) => {
  const found = areaM2(polygon(ring.map((one) => [...one])));
  expect(found / expected).toBeGreaterThan(0.999);
  expect(found / expected).toBeLessThan(1.001);
});

it('measures a field: the arcs of its parallels and meridians on the ellipsoid', () => {
  // 0.01° there: 1 032.1 m of the parallel at 22.005° and 1 107.4 m of the meridian.
  expect(areaM2(polygon(FIELD)) / (1032.1 * 1107.43)).toBeCloseTo(1, 3);
  expect(signedAreaM2(FIELD)).toBeGreaterThan(0);
  expect(signedAreaM2([...FIELD].reverse())).toBeLessThan(0);
});

// By another way than the one that is tested: strips of the ellipsoid's own surface, between the meridians that bound them (Snyder 1987, 4-18 to 4-21).
it.each([0, 22, 45, 70, -35])(
  'measures a quadrangle at %i° as the sum of strips of the ellipsoid does',
  (south) => {
    const [a, e2] = [6_378_137, 0.00669437999014];
    const [rad, size, strips] = [Math.PI / 180, 0.02, 2_000];
    let expected = 0;
    for (let i = 0; i < strips; i++) {
      const lat = (south + ((i + 0.5) * size) / strips) * rad;
      const w2 = 1 - e2 * Math.sin(lat) ** 2;
      const meridian = (a * (1 - e2)) / w2 ** 1.5;
      const parallel = (a * Math.cos(lat)) / Math.sqrt(w2);
      expected += meridian * ((size * rad) / strips) * parallel * size * rad;
    }
    // Along a parallel in small steps, because an edge is a geodesic.
    const steps = Array.from({ length: 201 }, (_, i) => 113 + (i * size) / 200);
    const ring = [
      ...steps.map((lon) => [lon, south]),
      ...steps.toReversed().map((lon) => [lon, south + size]),
    ];
    expect(areaM2(polygon([...ring, ring[0]!])) / expected).toBeCloseTo(1, 7);
  },
);

it('takes holes out, adds parts, and does not care which way a ring runs', () => {
  const hole = FIELD.map(([lon, lat]) => [113.0025 + (lon! - 113) / 2, 22.0025 + (lat! - 22) / 2]);
  const whole = areaM2(polygon(FIELD));
  expect(areaM2(polygon(FIELD, hole)) / whole).toBeCloseTo(0.75, 4);
  expect(areaM2(polygon([...FIELD].reverse(), hole)) / whole).toBeCloseTo(0.75, 4);
  const other = FIELD.map(([lon, lat]) => [lon! + 1, lat!]);
  expect(areaM2({ type: 'MultiPolygon', coordinates: [[FIELD], [other]] }) / whole).toBeCloseTo(2, 6);
});

it('knows inside from outside, and how far the edge is', () => {
  const hole: Ring = [[113.004, 22.004], [113.006, 22.004], [113.006, 22.006], [113.004, 22.006], [113.004, 22.004]]; // biome-ignore format: a ring
  const field = polygon(FIELD, hole as number[][]);
  expect(isInside([113.002, 22.002], field)).toBe(true);
  expect(isInside([113.005, 22.005], field)).toBe(false);
  expect(isInside([112.99, 22.002], field)).toBe(false);
  expect(distanceToEdgeM([112.999, 22.005], field)).toBeCloseTo(103.1, 0);
  expect(distanceToEdgeM([113.001, 22.005], field)).toBeCloseTo(103.1, 0);
});
