import { expect, it } from 'vitest';
import { type BlockSpan, placePoints } from './place-points.ts';
import { Points } from './points.ts';

const LONG = 4_096;

function placed(times: number[], spans: [firstMs: number, lastMs: number, rows: number][]) {
  const points = new Points();
  for (const timeMs of times) points.push(timeMs, 0, 0);
  const blocks = spans.map(([firstMs, lastMs, rows], id): BlockSpan => ({ id, firstMs, lastMs, rows }));
  return placePoints(points, blocks).map(({ block, from, to }) => [block?.id, times.slice(from, to)]);
}

it('makes one new block where there is none', () => {
  expect(placed([1, 2, 3], [])).toEqual([[undefined, [1, 2, 3]]]);
});

it('lets a short block take in what follows it, and leaves a full one alone', () => {
  expect(placed([30, 40], [[10, 20, 5]])).toEqual([[0, [30, 40]]]);
  expect(placed([30, 40], [[10, 20, LONG]])).toEqual([[undefined, [30, 40]]]);
});

it('touches only the blocks that late points fall into', () => {
  const blocks: [number, number, number][] = [
    [10, 20, LONG],
    [30, 40, LONG],
    [50, 60, LONG],
  ];
  expect(placed([15, 70], blocks)).toEqual([
    [0, [15]],
    [undefined, [70]],
  ]);
  expect(placed([5, 20, 25, 45, 50, 61], blocks)).toEqual([
    [undefined, [5]],
    [0, [20]],
    [undefined, [25]],
    [undefined, [45]],
    [2, [50]],
    [undefined, [61]],
  ]);
});
