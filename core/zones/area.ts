import { type Position, polygonsOf, type Ring } from './position.ts';
import type { ZoneGeometry } from './zone.ts';

/** WGS-84: semi-major axis in m, and flattening. */
const A_M = 6_378_137;
const F = 1 / 298.257223563;
const E = Math.sqrt(F * (2 - F));
const RAD = Math.PI / 180;

/** One mu is a fifteenth of a hectare. */
export const M2_PER_MU = 10_000 / 15;

/**
 * Area on the WGS-84 ellipsoid in m², holes taken out. Latitudes are turned into those of the sphere of equal area, on which edges are
 * great circles: for edges up to 100 km that is the geodesic area within 0.01 %.
 */
export function areaM2(geometry: ZoneGeometry): number {
  const areas = polygonsOf(geometry).map(([outer, ...holes]) =>
    holes.reduce((left, hole) => left - Math.abs(signedAreaM2(hole)), Math.abs(signedAreaM2(outer!))),
  );
  return areas.reduce((sum, one) => sum + one, 0);
}

/** Above zero where the ring runs counter-clockwise, as RFC 7946 (3.1.6) wants outer ones to. */
export function signedAreaM2(ring: Ring): number {
  let excess = 0;
  for (let i = 0; i + 1 < ring.length; i++) excess += edgeExcess(ring[i]!, ring[i + 1]!);
  return -excess * AUTHALIC_M ** 2;
}

/** Spherical excess of the quadrilateral between an edge and the equator. */
function edgeExcess([lon1, lat1]: Position, [lon2, lat2]: Position): number {
  const half = Math.tan(((lon2! - lon1!) * RAD) / 2);
  const t1 = Math.tan(authalic(lat1!) / 2);
  const t2 = Math.tan(authalic(lat2!) / 2);
  return 2 * Math.atan2(half * (t1 + t2), 1 + t1 * t2);
}

const Q_POLE = q(1);
/** Radius of the sphere with as much surface as the ellipsoid. */
const AUTHALIC_M = A_M * Math.sqrt(Q_POLE / 2);

/** Snyder, Map Projections (USGS 1395), equations 3-11 and 3-12. */
function authalic(latDeg: number): number {
  return Math.asin(Math.max(-1, Math.min(1, q(Math.sin(latDeg * RAD)) / Q_POLE)));
}

function q(sine: number): number {
  const es = E * sine;
  return (1 - E ** 2) * (sine / (1 - es ** 2) + Math.atanh(es) / E);
}
