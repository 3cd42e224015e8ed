import type { Threshold, ThresholdScope } from '../../../../../core/thresholds/threshold.ts';
import type { Zone } from '../../../../../core/zones/zone.ts';
import type { SetTags } from '../../api.ts';
import type { CataloguedMetric, StateMetric } from '../../farm.ts';
import type { Judged } from './api.ts';

/** A zone in a word. `unjudged`: nobody has set bounds for its moisture. */
export type ZoneWord = 'watering' | 'dry' | 'wet' | 'fine' | 'unjudged' | 'unknown';

export interface MoistureBounds {
  readonly threshold: string;
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

/** Of the thresholds that hold, the most specific: device before zone before crop and stage before site. */
export function boundsFor(
  tags: SetTags,
  zone: ZoneFacts['zone'],
  thresholds: readonly Threshold[],
): MoistureBounds | undefined {
  const held = thresholds
    .filter(({ enabled, measurement, field, scope }) => {
      return enabled && measurement === 'soil' && field === 'moisture' && holds(scope, tags, zone);
    })
    .sort((a, b) => rank(b.scope) - rank(a.scope));
  for (const { id, rule } of held) {
    if (rule.kind !== 'bounds') continue;
    const { low, high } = rule;
    return { threshold: id, ...(low && { low: low.raise }), ...(high && { high: high.raise }) };
  }
  return undefined;
}

function holds(scope: ThresholdScope, tags: SetTags, zone: ZoneFacts['zone']): boolean {
  const { crop, stage, ...place } = scope;
  if (crop !== undefined && crop !== zone?.crop) return false;
  if (stage !== undefined && stage !== zone?.stage) return false;
  return Object.entries(place).every(([tag, value]) => tags[tag as keyof SetTags] === value);
}

/** One key outweighs all behind it; the same weights as in ingest/thresholds/assign.ts, so that the page shows the bounds that judge. */
function rank(scope: ThresholdScope): number {
  const weights: [keyof ThresholdScope, number][] = [
    ['device', 64],
    ['zone', 32],
    ['gateway', 16],
    ['crop', 8],
    ['stage', 4],
    ['site', 2],
    ['point', 1],
  ];
  return weights.reduce((sum, [key, weight]) => sum + (scope[key] === undefined ? 0 : weight), 0);
}

function isWrong(tags: SetTags, { threshold }: MoistureBounds, judged: readonly Judged[]): boolean {
  return judged.some((one) => {
    const { site, gateway, device, point } = one.tags;
    return (
      one.threshold === threshold &&
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
