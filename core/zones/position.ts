import type { ZoneGeometry } from './zone.ts';

/** Longitude, latitude and, where given, height; degrees on WGS-84. */
export type Position = readonly number[];
export type Ring = readonly Position[];

const RAD = Math.PI / 180;
/** Mean radius; for distances of metres the ellipsoid makes no difference that a receiver could see. */
const EARTH_M = 6_371_009;

/** Each polygon as its rings, the outer one first. */
export function polygonsOf(geometry: ZoneGeometry): readonly (readonly Ring[])[] {
  return geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
}

/** Inside an outer ring and in none of its holes. What lies on an edge may count as either. */
export function isInside(position: Position, geometry: ZoneGeometry): boolean {
  return polygonsOf(geometry).some(
    ([outer, ...holes]) => isInRing(position, outer!) && !holes.some((hole) => isInRing(position, hole)),
  );
}

/** By crossings of a line from the position to the east. */
export function isInRing([lon, lat]: Position, ring: Ring): boolean {
  let isIn = false;
  for (let i = 0; i + 1 < ring.length; i++) {
    const [lon1, lat1] = ring[i]!;
    const [lon2, lat2] = ring[i + 1]!;
    if (lat1! > lat! === lat2! > lat!) continue;
    if (lon! < lon1! + ((lat! - lat1!) / (lat2! - lat1!)) * (lon2! - lon1!)) isIn = !isIn;
  }
  return isIn;
}

/** Metres to the nearest edge, from inside or outside. Good within some kilometres. */
export function distanceToEdgeM(position: Position, geometry: ZoneGeometry): number {
  let leastM = Number.POSITIVE_INFINITY;
  for (const ring of polygonsOf(geometry).flat()) {
    for (let i = 0; i + 1 < ring.length; i++)
      leastM = Math.min(leastM, distanceToSegmentM(position, ring[i]!, ring[i + 1]!));
  }
  return leastM;
}

function distanceToSegmentM(from: Position, a: Position, b: Position): number {
  const [ax, ay] = metresFrom(from, a);
  const [bx, by] = metresFrom(from, b);
  const [dx, dy] = [bx - ax, by - ay];
  const length2 = dx ** 2 + dy ** 2;
  const along = length2 === 0 ? 0 : Math.max(0, Math.min(1, -(ax * dx + ay * dy) / length2));
  return Math.hypot(ax + along * dx, ay + along * dy);
}

/** East and north of `origin`, in metres, on a plane that touches the earth there; the short way where 180° lies between them. */
export function metresFrom(origin: Position, position: Position): readonly [number, number] {
  const degrees = position[0]! - origin[0]!;
  const turned = degrees > 180 ? degrees - 360 : degrees < -180 ? degrees + 360 : degrees;
  return [turned * RAD * EARTH_M * Math.cos(origin[1]! * RAD), (position[1]! - origin[1]!) * RAD * EARTH_M];
}
