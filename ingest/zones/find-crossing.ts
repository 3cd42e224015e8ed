import type { Position, Ring } from '../../core/zones/position.ts';

interface Edge {
  readonly from: Position;
  readonly to: Position;
  readonly west: number;
  readonly east: number;
  /** Which ring, and which edge of how many: neighbours meet at a point and may. */
  readonly ring: number;
  readonly at: number;
  readonly of: number;
}

/**
 * Where two edges that are not neighbours cross or touch, of one ring or of two; `undefined` where none do. Rings that merely touch at a corner
 * are let be. Edges are looked at from west to east, so that each is compared with those beside it only.
 */
export function findCrossing(rings: readonly Ring[]): Position | undefined {
  const edges = rings.flatMap(edgesOf).sort((a, b) => a.west - b.west);
  let open: Edge[] = [];
  for (const edge of edges) {
    open = open.filter(({ east }) => east >= edge.west);
    for (const other of open) {
      const found = isNeighbour(edge, other) ? foldedBack(edge, other) : crossing(edge, other);
      if (found) return found;
    }
    open.push(edge);
  }
  return undefined;
}

function edgesOf(ring: Ring, index: number): Edge[] {
  return ring.slice(1).map((to, at) => {
    const from = ring[at]!;
    const [west, east] = [Math.min(from[0]!, to[0]!), Math.max(from[0]!, to[0]!)];
    return { from, to, west, east, ring: index, at, of: ring.length - 1 };
  });
}

function isNeighbour(one: Edge, other: Edge): boolean {
  const apart = Math.abs(one.at - other.at);
  return one.ring === other.ring && (apart === 1 || apart === one.of - 1);
}

/** Neighbours overlap where the outline turns back on itself. */
function foldedBack(one: Edge, other: Edge): Position | undefined {
  const [first, second] = isSame(one.to, other.from) ? [one, other] : [other, one];
  const [ax, ay] = [first.to[0]! - first.from[0]!, first.to[1]! - first.from[1]!];
  const [bx, by] = [second.to[0]! - second.from[0]!, second.to[1]! - second.from[1]!];
  return ax * by - ay * bx === 0 && ax * bx + ay * by < 0 ? first.to : undefined;
}

function crossing(one: Edge, other: Edge): Position | undefined {
  const isCorner = [one.from, one.to].some((end) => isSame(end, other.from) || isSame(end, other.to));
  if (isCorner && one.ring !== other.ring) return undefined;
  const a = side(other, one.from);
  const b = side(other, one.to);
  const c = side(one, other.from);
  const d = side(one, other.to);
  if (a * b > 0 || c * d > 0) return undefined;
  if (a === 0 && b === 0)
    return overlaps(one, other) ? (isWithin(one.from, other) ? one.from : other.from) : undefined;
  const share = a === b ? 0 : a / (a - b);
  const [x, y] = [0, 1].map((axis) => one.from[axis]! + share * (one.to[axis]! - one.from[axis]!));
  return [x!, y!];
}

/** Above zero where `point` lies to the left of the edge, 0 on its line. */
function side({ from, to }: Edge, [x, y]: Position): number {
  return (to[0]! - from[0]!) * (y! - from[1]!) - (to[1]! - from[1]!) * (x! - from[0]!);
}

/** Of edges on one line. Two zones, or parts of one, may share the line without sharing any of it. */
function overlaps(one: Edge, other: Edge): boolean {
  if (one.ring !== other.ring) return false;
  return isWithin(one.from, other) || isWithin(one.to, other) || isWithin(other.from, one);
}

function isWithin([x, y]: Position, { from, to, west, east }: Edge): boolean {
  const [south, north] = [Math.min(from[1]!, to[1]!), Math.max(from[1]!, to[1]!)];
  return x! >= west && x! <= east && y! >= south && y! <= north;
}

function isSame(one: Position, other: Position): boolean {
  return one[0] === other[0] && one[1] === other[1];
}
