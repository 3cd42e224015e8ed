import { expect, it } from 'vitest';
import { checkGeometry } from './check-geometry.ts';

type Ring = number[][];
const box = (west: number, south: number, size: number): Ring => [
  [west, south],
  [west + size, south],
  [west + size, south + size],
  [west, south + size],
  [west, south],
];
const FIELD = box(113, 22, 0.01);
const polygon = (...coordinates: unknown[]) => ({ type: 'Polygon', coordinates });
const reasonOf = (given: unknown) => {
  try {
    checkGeometry(given);
  } catch (error) {
    return (error as Error).message;
  }
  return 'taken';
};

it('leaves a good outline as it is, holes, parts and all', () => {
  const hole = box(113.002, 22.002, 0.002).reverse();
  expect(checkGeometry(polygon(FIELD, hole))).toEqual({ geometry: polygon(FIELD, hole), mended: [] });
  const parts = { type: 'MultiPolygon', coordinates: [[FIELD], [box(113.02, 22, 0.01)]] };
  expect(checkGeometry(parts)).toEqual({ geometry: parts, mended: [] });
});

it('mends an open ring, one that runs the wrong way, repeated points and heights', () => {
  const drawn = [...FIELD].reverse().slice(0, 4).flatMap((one) => [[...one, 12], [...one, 12]]); // biome-ignore format: a ring
  const { geometry, mended } = checkGeometry(polygon(drawn));
  expect(geometry).toEqual(polygon(FIELD));
  expect(mended.map(({ en }) => en)).toEqual([
    'heights were left out',
    'repeated points were left out',
    'a ring was closed',
    'a ring was turned round (RFC 7946, 3.1.6)',
  ]);
});

it.each([
  ['crosses itself', polygon([[113, 22], [113.01, 22.01], [113.01, 22], [113, 22.01], [113, 22]]), /crosses itself near 113\.005000, 22\.005000/], // biome-ignore format: a table
  ['turns back on itself', polygon([[113, 22], [113.02, 22], [113.01, 22], [113.01, 22.01], [113, 22]]), /crosses itself/], // biome-ignore format: a table
  ['touches itself', polygon([[113, 22], [113.02, 22], [113.02, 22.02], [113.01, 22], [113, 22.02], [113, 22]]), /crosses itself near 113\.01/], // biome-ignore format: a table
  ['has a hole that reaches over its edge', polygon(FIELD, box(113.005, 22.005, 0.01)), /crosses itself/],
  ['has a hole elsewhere', polygon(FIELD, box(114, 22, 0.01)), /a hole lies outside/],
  ['has parts that overlap', { type: 'MultiPolygon', coordinates: [[FIELD], [box(113.005, 22.005, 0.01)]] }, /crosses itself/], // biome-ignore format: a table
  ['crosses the antimeridian', polygon([[179, 0], [-179, 0], [-179, 1], [179, 1], [179, 0]]), /crosses the 180th meridian/], // biome-ignore format: a table
  ['has latitude first', polygon(FIELD.map(([lon, lat]) => [lat, lon])), /looks like latitude first/],
  ['is projected', polygon(box(12_623_000, 2_574_000, 50)), /may be projected: save it as WGS-84/],
  ['has two points', polygon([[113, 22], [113.01, 22]]), /at least three different points/], // biome-ignore format: a table
  ['is no larger than a hand', polygon(box(113, 22, 0.000001)), /encloses no area/],
  ['has too many points', polygon(Array.from({ length: 2_001 }, (_, i) => [113 + Math.cos(i) / 100, 22])), /it has 2001 points/], // biome-ignore format: a table
  [
    'has texts for numbers',
    polygon([
      ['113', '22'],
      [1, 2],
      [2, 2],
    ]),
    /not a longitude and a latitude/,
  ],
  ['is a point', { type: 'Point', coordinates: [113, 22] }, /not "Point"/],
  ['is nothing', null, /not "–"/],
  ['has no rings', polygon(), /not lists of rings/],
])('refuses one that %s', (_, given, words) => {
  expect(reasonOf(given)).toMatch(words);
});

it('judges a ring of as many points as it may have without keeping others waiting', () => {
  const circle = Array.from({ length: 1_999 }, (_, i) => {
    const angle = (i / 1_999) * 2 * Math.PI;
    return [113 + Math.cos(angle) / 100, 22 + Math.sin(angle) / 100];
  });
  const startedMs = performance.now();
  expect(checkGeometry(polygon(circle)).geometry.coordinates[0]).toHaveLength(2_000);
  expect(performance.now() - startedMs).toBeLessThan(500);
});
