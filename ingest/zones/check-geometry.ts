import { SluiceError, type Words } from '../../core/errors.ts';
import { signedAreaM2 } from '../../core/zones/area.ts';
import { isInRing, type Position, polygonsOf, type Ring } from '../../core/zones/position.ts';
import type { ZoneGeometry } from '../../core/zones/zone.ts';
import { findCrossing } from './find-crossing.ts';

/** Of one zone. A field that was drawn by hand has dozens; one that a drone has traced should be simplified before. */
export const MOST_POINTS = 2_000;
/** Smaller than any bed: a ring that has collapsed. */
const LEAST_AREA_M2 = 0.1;

export interface CheckedGeometry {
  readonly geometry: ZoneGeometry;
  /** What was put right. */
  readonly mended: readonly Words[];
}

const CLOSED: Words = { en: 'a ring was closed', zh: '已闭合未闭合的环' };
const TURNED: Words = {
  en: 'a ring was turned round (RFC 7946, 3.1.6)',
  zh: '已更正环的方向（RFC 7946 第 3.1.6 条）',
};
const REPEATED: Words = { en: 'repeated points were left out', zh: '已去除重复的点' };
const HEIGHT: Words = { en: 'heights were left out', zh: '已去除高程' };

/**
 * Whatever calls itself a polygon, as rings that are closed, run the right way (RFC 7946, 3.1.6) and cross neither themselves nor each other.
 * Throws `ZONE_GEOMETRY_INVALID`, which says what cannot be mended here.
 */
export function checkGeometry(given: unknown): CheckedGeometry {
  const { type, coordinates } = (given ?? {}) as { type?: unknown; coordinates?: unknown };
  if (type !== 'Polygon' && type !== 'MultiPolygon') {
    const shown = typeof type === 'string' ? type.slice(0, 40) : '–';
    throw invalid(
      `a zone is a Polygon or a MultiPolygon, not "${shown}"`,
      `地块应为 Polygon 或 MultiPolygon，而不是“${shown}”`,
    );
  }
  const polygons = type === 'Polygon' ? [coordinates] : coordinates;
  if (!Array.isArray(polygons) || polygons.length === 0 || !polygons.every(isListOfLists))
    throw invalid('its coordinates are not lists of rings', 'coordinates 不是由环组成的列表');
  const points = polygons.flat().reduce((sum, ring) => sum + ring.length, 0);
  if (points > MOST_POINTS) {
    throw invalid(
      `it has ${points} points; simplify it to at most ${MOST_POINTS}`,
      `共有 ${points} 个点；请简化到 ${MOST_POINTS} 个以内`,
    );
  }
  const mended = new Set<Words>();
  const checked = polygons.map((rings) => checkPolygon(rings, mended));
  const geometry: ZoneGeometry =
    checked.length === 1
      ? { type: 'Polygon', coordinates: checked[0]! }
      : { type: 'MultiPolygon', coordinates: checked };
  const crossing = findCrossing(polygonsOf(geometry).flat());
  if (crossing) {
    const at = crossing.map((degrees) => degrees.toFixed(6)).join(', ');
    throw invalid(
      `its outline crosses itself near ${at} (longitude, latitude)`,
      `边界在 ${at}（经度, 纬度）附近自相交`,
    );
  }
  // Only now: an outline like a bow tie encloses as much on the one side as on the other.
  if (
    polygonsOf(geometry)
      .flat()
      .some((ring) => Math.abs(signedAreaM2(ring)) < LEAST_AREA_M2)
  )
    throw invalid('a ring encloses no area', '一个环没有围成面积');
  return { geometry, mended: [...mended] };
}

function isListOfLists(rings: unknown): rings is unknown[][] {
  return Array.isArray(rings) && rings.length > 0 && rings.every(Array.isArray);
}

function checkPolygon(rings: readonly unknown[][], mended: Set<Words>): number[][][] {
  const [outer, ...holes] = rings.map((ring, index) => checkRing(ring, index === 0, mended));
  for (const hole of holes) {
    if (!isInRing(hole[0]!, outer!) && !isInRing(hole[1]!, outer!))
      throw invalid('a hole lies outside of its outline', '有一个空洞位于边界之外');
  }
  return [outer!, ...holes];
}

function checkRing(given: readonly unknown[], isOuter: boolean, mended: Set<Words>): number[][] {
  const all = given.map(checkPosition);
  if (given.some((one) => (one as unknown[]).length > 2)) mended.add(HEIGHT);
  const ring = all.filter((one, index) => index === 0 || !isSame(one, all[index - 1]!));
  if (ring.length < all.length) mended.add(REPEATED);
  if (!isSame(ring[0], ring.at(-1)) || ring.length === 1) {
    ring.push([...(ring[0] ?? [])]);
    mended.add(CLOSED);
  }
  if (ring.length < 4)
    throw invalid('a ring needs at least three different points', '一个环至少需要三个不同的点');
  const lons = ring.map(([lon]) => lon!);
  if (Math.max(...lons) - Math.min(...lons) > 180) {
    throw invalid(
      'it crosses the 180th meridian; cut it there into a MultiPolygon (RFC 7946, 3.1.9)',
      '跨越了 180° 经线；请在该处切分为 MultiPolygon（RFC 7946 第 3.1.9 条）',
    );
  }
  const area = signedAreaM2(ring);
  if (area > 0 !== isOuter) {
    ring.reverse();
    mended.add(TURNED);
  }
  return ring;
}

function checkPosition(given: unknown): number[] {
  const [lon, lat] = Array.isArray(given) ? (given as unknown[]) : [];
  if (typeof lon !== 'number' || typeof lat !== 'number' || !Number.isFinite(lon) || !Number.isFinite(lat))
    throw invalid('a position is not a longitude and a latitude', '有一个位置不是由经度和纬度组成');
  const shown = `[${lon}, ${lat}]`;
  if (Math.abs(lat) > 90 && Math.abs(lon) <= 90 && Math.abs(lat) <= 180) {
    throw invalid(
      `${shown} looks like latitude first; GeoJSON has longitude before latitude`,
      `${shown} 看起来是纬度在前；GeoJSON 要求经度在前、纬度在后`,
    );
  }
  if (Math.abs(lon) > 180 || Math.abs(lat) > 90) {
    throw invalid(
      `${shown} is no longitude and latitude in degrees; it may be projected: save it as WGS-84 (EPSG:4326)`,
      `${shown} 不是以度为单位的经纬度，可能是投影坐标：请另存为 WGS-84（EPSG:4326）`,
    );
  }
  return [lon, lat];
}

function isSame(one: Position | undefined, other: Position | undefined): boolean {
  return one !== undefined && other !== undefined && one[0] === other[0] && one[1] === other[1];
}

function invalid(en: string, zh: string): SluiceError {
  return new SluiceError('ZONE_GEOMETRY_INVALID', { reason: { en, zh } });
}

/** Whether all of it reads as latitude first where it is known about where the site lies. */
export function isSwapped(rings: readonly Ring[], near: Position): boolean {
  const [lon, lat] = rings[0]![0]!;
  const apart = (x: number, y: number) => Math.max(Math.abs(x - near[0]!), Math.abs(y - near[1]!));
  return apart(lon!, lat!) > 5 && apart(lat!, lon!) < 5;
}
