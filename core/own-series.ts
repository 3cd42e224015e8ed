import { EXPECTED_MEASUREMENT, THRESHOLD_MEASUREMENT } from './thresholds/threshold.ts';

/**
 * What ingest writes of itself and of others once a minute, beside the readings of devices, so that a dashboard finds it where
 * all else is:
 *
 *     gateway   online, away, completeness, missing   by site and gateway
 *     device    online, silent                        by site, gateway and device
 *     sla       what the last hour of a link says     by site, gateway, link and class; `device` is the point where it starts, `point` where it ends
 *     pipeline  counters of what came                 by site and gateway
 *     threshold bounds of the above                   with the tags of what they bound
 *
 * Of these, what is no reading of a device or gateway is left out where somebody asks for all that there is.
 */
export const OWN_MEASUREMENTS: ReadonlySet<string> = new Set([
  'device',
  'sla',
  'pipeline',
  THRESHOLD_MEASUREMENT,
  EXPECTED_MEASUREMENT,
]);
