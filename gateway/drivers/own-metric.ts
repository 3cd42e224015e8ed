import { findQuantity } from '../../core/quantities.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import type { MetricSpec, ReportRule } from '../driver.ts';

const TEN_MINUTES_MS = 600_000;

/** A number that a driver measures by itself, with no profile; every value is sent where no rule is given. */
export function ownMetric(
  measurement: string,
  field: string,
  more: { readonly point?: string; readonly zone?: string; readonly report?: ReportRule } = {},
): MetricSpec {
  const quantity = findQuantity(measurement, field)!;
  return { quantity, point: '', zone: '', link: '', class: '', dataType: DATA_TYPES.Double, ...more };
}

/** The fields that `deadBands` names, in the unit of each quantity; what does not move is told every ten minutes. */
export function ownMetrics<F extends string>(
  measurement: string,
  deadBands: Readonly<Record<F, number>>,
  more: { readonly zone?: string } = {},
): Record<F, MetricSpec> {
  const metrics = Object.entries<number>(deadBands).map(([field, deadBand]) => {
    const report = { deadBand, longestSilenceMs: TEN_MINUTES_MS };
    return [field, ownMetric(measurement, field, { ...more, report })];
  });
  return Object.fromEntries(metrics) as Record<F, MetricSpec>;
}
