import { distanceToEdgeM, isInside, type Position } from '../../core/zones/position.ts';
import type { Zone } from '../../core/zones/zone.ts';

/** A receiver errs by some metres: only beyond this has it left, so that one beside an edge stays where it is. */
export const LEAVES_BEYOND_M = 10;

/**
 * The zone that something at `at` is in, having been in `current`: that one until it is well outside, else any that it is inside of, the
 * first by name where zones overlap.
 */
export function stepPosition(
  current: string | undefined,
  at: Position,
  zones: readonly Zone[],
): string | undefined {
  const here = zones.find(({ id }) => id === current)?.geometry;
  if (here && (isInside(at, here) || distanceToEdgeM(at, here) <= LEAVES_BEYOND_M)) return current;
  return zones.find(({ geometry }) => geometry && isInside(at, geometry))?.id;
}
