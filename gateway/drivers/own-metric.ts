import { findQuantity } from '../../core/quantities.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import type { MetricSpec, ReportRule } from '../driver.ts';

/** A number that a driver measures by itself, with no profile; every value is sent where no rule is given. */
export function ownMetric(
  measurement: string,
  field: string,
  more: { readonly point?: string; readonly zone?: string; readonly report?: ReportRule } = {},
): MetricSpec {
  const quantity = findQuantity(measurement, field)!;
  return { quantity, point: '', zone: '', link: '', class: '', dataType: DATA_TYPES.Double, ...more };
}
