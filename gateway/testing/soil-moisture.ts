import { findQuantity } from '../../core/quantities.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import type { MetricSpec } from '../driver.ts';

/** For tests: a metric of a device that has just this one. */
export const soilMoisture: MetricSpec = {
  quantity: findQuantity('soil', 'moisture')!,
  point: '',
  zone: '',
  link: '',
  class: '',
  dataType: DATA_TYPES.Double,
};
