import { mostSpecific, scopeHolds } from '../../../../../core/thresholds/scope.ts';
import type { Threshold } from '../../../../../core/thresholds/threshold.ts';
import type { Zone } from '../../../../../core/zones/zone.ts';
import type { SetTags } from '../../api.ts';
import type { CataloguedMetric, StateMetric } from '../../farm.ts';
import type { Judged } from './api.ts';

/** A zone in a word. `unjudged`: nobody has set bounds for its moisture. */
export type ZoneWord = 'watering' | 'dry' | 'wet' | 'fine' | 'unjudged' | 'unknown';

export interface MoistureBounds {
  /** Ids of those that judge. */
  readonly thresholds: readonly string[];
  readonly low?: number;
  readonly high?: number;
}

interface ZoneFacts {
  readonly zone: Pick<Zone, 'crop' | 'stage'> | undefined;
  readonly gauges: readonly CataloguedMetric[];
  readonly states: readonly StateMetric[];
}

/** What a zone is called, worst first where its sensors differ: dry before wet. Nothing is judged by a value that is not current. */
export function zoneWord(
  { zone, gauges, states }: ZoneFacts,
  thresholds: readonly Threshold[],
  judged: readonly Judged[],
): ZoneWord {
  if (states.some((state) => isValve(state) && isCurrent(state) && state.reading.value !== 0))
    return 'watering';
  const moistures = gauges.filter((metric) => isMoisture(metric) && isCurrent(metric));
  if (moistures.length === 0) return 'unknown';
  const words = moistures.map(({ reading: { tags, value } }) => {
    const bounds = boundsFor(tags, zone, thresholds);
    if (!bounds) return 'unjudged';
    return sideOf(Number(value), bounds, isWrong(tags, bounds, judged));
  });
  return (['dry', 'wet', 'unjudged', 'fine'] as const).find((one) => words.includes(one))!;
}

/** What stays wrong until it is back past the second bound is told by who judges; what is beyond the first is wrong in any case. */
function sideOf(value: number, { low, high }: MoistureBounds, wrong: boolean): 'dry' | 'wet' | 'fine' {
  if (low !== undefined && value < low) return 'dry';
  if (high !== undefined && value > high) return 'wet';
  if (!wrong) return 'fine';
  if (high === undefined) return 'dry';
  return low !== undefined && value - low < high - value ? 'dry' : 'wet';
}

/**
 * What judges a sensor, as ingest has it: of each severity the most specific. Between them what all of those call well; undefined where nobody
 * has set any.
 */
export function boundsFor(
  tags: SetTags,
  zone: ZoneFacts['zone'],
  thresholds: readonly Threshold[],
): MoistureBounds | undefined {
  const of = { ...tags, crop: zone?.crop, stage: zone?.stage };
  const held = thresholds.filter(({ enabled, measurement, field, scope, rule }) => {
    const isMoistures = measurement === 'soil' && field === 'moisture' && rule.kind === 'bounds';
    return enabled && isMoistures && scopeHolds(scope, of);
  });
  const judging = mostSpecific(held);
  if (judging.length === 0) return undefined;
  const bounds = judging.flatMap(({ rule }) => (rule.kind === 'bounds' ? [rule] : []));
  const lows = bounds.flatMap(({ low }) => low?.raise ?? []);
  const highs = bounds.flatMap(({ high }) => high?.raise ?? []);
  return {
    thresholds: judging.map(({ id }) => id),
    ...(lows.length > 0 && { low: Math.max(...lows) }),
    ...(highs.length > 0 && { high: Math.min(...highs) }),
  };
}

function isWrong(tags: SetTags, { thresholds }: MoistureBounds, judged: readonly Judged[]): boolean {
  return judged.some((one) => {
    const { site, gateway, device, point } = one.tags;
    return (
      thresholds.includes(one.threshold) &&
      site === tags.site &&
      gateway === tags.gateway &&
      device === tags.device &&
      point === tags.point
    );
  });
}

export function isMoisture({ reading: { measurement, field } }: CataloguedMetric): boolean {
  return measurement === 'soil' && field === 'moisture';
}

export function isValve({ reading: { field } }: CataloguedMetric): boolean {
  return field === 'valve_state';
}

export function isCurrent({ condition }: Pick<CataloguedMetric, 'condition'>): boolean {
  return condition === 'good' || condition === 'uncertain';
}
