import { type BOUND_SERIES, boundField, THRESHOLD_MEASUREMENT } from '../../../core/thresholds/threshold.ts';
import { column, type InfluxTarget, series, type TargetParts } from './target.ts';

/** A bound of a quantity as it stood over time, one line for each set of tags. */
export function boundSeries(
  refId: string,
  quantity: { readonly measurement: string; readonly field: string },
  side: 'low' | 'high',
  parts: Omit<TargetParts, 'from' | 'select' | 'every'>,
): InfluxTarget {
  const what: (typeof BOUND_SERIES)[number] = side;
  const select = [column(boundField(quantity, what), 'last')];
  return series(refId, { from: THRESHOLD_MEASUREMENT, select, every: '$__interval', ...parts });
}
