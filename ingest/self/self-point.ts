import { findQuantity } from '../../core/quantities.ts';
import type { SeriesKey, Tags } from '../../core/reading.ts';
import { seriesKey } from '../../core/reading.ts';

/** One value of one series of our own. */
export interface SelfPoint {
  readonly key: SeriesKey;
  readonly value: number;
}

/** Fields without a value that can be stored are left out. */
export function pointsOf(
  measurement: string,
  tags: Partial<Tags>,
  fields: Readonly<Record<string, number | null | undefined>>,
): SelfPoint[] {
  return Object.entries(fields).flatMap(([field, value]) => {
    if (value === null || value === undefined || !Number.isFinite(value)) return [];
    const unit = findQuantity(measurement, field)?.unit ?? '';
    return [{ key: seriesKey({ ...tags, measurement, field, unit }), value }];
  });
}
