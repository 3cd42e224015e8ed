import { CARE_METRIC } from '../../core/gateway-event.ts';
import { LEDGER_METRICS } from '../../core/ledger.ts';
import { PLAN_METRIC, PLAN_VERSION_METRIC } from '../../core/links/link-plan.ts';

const PROTOCOL_METRICS: ReadonlySet<string> = new Set([
  'bdSeq',
  CARE_METRIC,
  PLAN_METRIC,
  PLAN_VERSION_METRIC,
  ...Object.values(LEDGER_METRICS),
]);

/** Metrics that steer the protocol and measure nothing. */
export function isProtocolMetric(name: string): boolean {
  return PROTOCOL_METRICS.has(name) || name.startsWith('Node Control/') || name.startsWith('Device Control/');
}
