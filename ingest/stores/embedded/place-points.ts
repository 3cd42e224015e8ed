import type { Points } from './points.ts';

/** Where a block lies; blocks of one series never overlap. */
export interface BlockSpan {
  readonly id: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly rows: number;
}

/** Rows `from` to `to` (exclusive) of the new points that go together, with a block or without one. */
export interface Placement {
  readonly block: BlockSpan | undefined;
  readonly from: number;
  readonly to: number;
}

/** A block with fewer rows takes in what follows it. */
const SHORT_BLOCK_ROWS = 1024;

/**
 * Says which blocks new points must be merged with, so that blocks stay free of overlap and none stays short for
 * long, and one late reading does not rewrite all that lies between it and now. `points` and `blocks` are in order.
 */
export function placePoints(points: Points, blocks: readonly BlockSpan[]): Placement[] {
  const placements: Placement[] = [];
  let from = 0;
  const place = (block: BlockSpan | undefined, isBefore: (timeMs: number) => boolean) => {
    let to = from;
    while (to < points.length && isBefore(points.timeMs[to]!)) to++;
    if (to > from) placements.push({ block, from, to });
    from = to;
  };
  const first = blocks[0];
  place(undefined, (timeMs) => first === undefined || timeMs < first.firstMs);
  blocks.forEach((block, index) => {
    const nextMs = blocks[index + 1]?.firstMs ?? Number.POSITIVE_INFINITY;
    const endMs = block.rows < SHORT_BLOCK_ROWS ? nextMs : block.lastMs + 1;
    place(block, (timeMs) => timeMs < endMs);
    place(undefined, (timeMs) => timeMs < nextMs);
  });
  return placements;
}
