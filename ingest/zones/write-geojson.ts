import type { Position } from '../../core/zones/position.ts';
import type { Zone, ZoneGeometry } from '../../core/zones/zone.ts';
import { toGcj02 } from './gcj02.ts';

export const DATUMS = ['wgs84', 'gcj02'] as const;
export type Datum = (typeof DATUMS)[number];

/** A tenth of a millimetre, and no digits that mean nothing. */
const DECIMALS = 9;

/**
 * A FeatureCollection of the zones that have an outline. `datum` says which coordinates they are, for what reads the file later: GCJ-02 is not
 * what RFC 7946 asks for, and is refused when it is imported.
 */
export function writeGeoJson(zones: readonly Zone[], datum: Datum): object {
  return {
    type: 'FeatureCollection',
    datum,
    features: zones
      .filter(({ geometry }) => geometry)
      .map(({ site, id, name, crop, stage, soil, note, areaM2, geometry }) => ({
        type: 'Feature',
        id: `${site}/${id}`,
        properties: { site, id, name, crop, stage, soil, note, areaM2 },
        geometry: datum === 'wgs84' ? geometry : shifted(geometry!),
      })),
  };
}

function shifted(geometry: ZoneGeometry): ZoneGeometry {
  const ring = (positions: readonly Position[]) =>
    positions.map(([lon, lat]) => toGcj02(lon!, lat!).map((one) => Number(one.toFixed(DECIMALS))));
  return geometry.type === 'Polygon'
    ? { type: 'Polygon', coordinates: geometry.coordinates.map(ring) }
    : { type: 'MultiPolygon', coordinates: geometry.coordinates.map((rings) => rings.map(ring)) };
}
