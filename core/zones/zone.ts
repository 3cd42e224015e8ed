import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../ids.ts';
import { SOILS } from './crops.ts';

const closed = { additionalProperties: false } as const;
const id = Type.String({ pattern: ID_PATTERN });

/** WGS-84, longitude before latitude, as RFC 7946 has it. Rings are closed; the first is the outer one. */
const Position = Type.Array(Type.Number(), { minItems: 2, maxItems: 3 });
const Ring = Type.Array(Position, { minItems: 4, maxItems: 10_000 });
export const ZoneGeometry = Type.Union([
  Type.Object({ type: Type.Literal('Polygon'), coordinates: Type.Array(Ring, { minItems: 1 }) }, closed),
  Type.Object(
    {
      type: Type.Literal('MultiPolygon'),
      coordinates: Type.Array(Type.Array(Ring, { minItems: 1 }), { minItems: 1 }),
    },
    closed,
  ),
]);
export type ZoneGeometry = Static<typeof ZoneGeometry>;

/** A piece of land that is watered and judged as one. `id` is what readings carry as their tag `zone`. */
export const ZoneWish = Type.Object(
  {
    site: id,
    id,
    name: Type.String({ minLength: 1, maxLength: 100, description: 'As people call it, Chinese or not' }),
    crop: Type.Optional(id),
    stage: Type.Optional(id),
    soil: Type.Optional(Type.Enum([...SOILS])),
    geometry: Type.Optional(ZoneGeometry),
    note: Type.Optional(Type.String({ maxLength: 500 })),
  },
  closed,
);
export type ZoneWish = Static<typeof ZoneWish>;

export interface Zone extends ZoneWish {
  /** Geodesic area of its geometry, m². */
  readonly areaM2?: number;
  readonly version: number;
  readonly setBy: string;
  readonly setMs: number;
}
