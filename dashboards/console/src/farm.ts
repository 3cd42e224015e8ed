import type { Quantity } from '../../../core/quantities.ts';
import type { Gateway, LastReading } from './api.ts';
import { groupBy } from './group-by.ts';
import { tagsKey } from './history.ts';

/** How a value may be shown, worst last. Only a `good` or `uncertain` one may look current. */

export type Condition = 'good' | 'uncertain' | 'old' | 'bad' | 'offline';

export interface Metric {
  readonly key: string;
  readonly reading: LastReading;
  /** Absent where the catalogue does not know it, or its value is not a number. */
  readonly quantity: Quantity | undefined;
  readonly condition: Condition;
  readonly ageMs: number;
}

export interface CataloguedMetric extends Metric {
  readonly quantity: Quantity;
}

/** A zone with all that is measured in it, or a device that belongs to no zone. */
export interface Place {
  readonly kind: 'zone' | 'device';
  readonly key: string;
  readonly site: string;
  readonly name: string;
  readonly gauges: readonly CataloguedMetric[];
  readonly states: readonly CataloguedMetric[];
}

export type Problem =
  | { readonly kind: 'offline'; readonly name: string; readonly sinceMs: number }
  | { readonly kind: 'bad' | 'old'; readonly name: string; readonly metric: CataloguedMetric };

export interface Farm {
  readonly sites: readonly string[];
  readonly zones: readonly Place[];
  readonly devices: readonly Place[];
  readonly weather: readonly CataloguedMetric[];
  readonly others: readonly Metric[];
  readonly valves: readonly CataloguedMetric[];
  /** What is wrong, one entry per cause: the devices behind a dead gateway are not listed beside it. */
  readonly problems: readonly Problem[];
}

/** Slow sensors report every few minutes; beyond this a value is not what it is now. */
const OLD_AFTER_MS = 10 * 60_000;

/** Sorts whatever has been read into what a farm operator looks for. Pure. */
export function arrangeFarm(
  readings: readonly LastReading[],
  gateways: readonly Gateway[],
  quantities: readonly Quantity[],
  nowMs: number,
): Farm {
  const catalogue = new Map(quantities.map((one, order) => [nameOf(one), { quantity: one, order }]));
  const order = ({ reading }: Metric) => catalogue.get(nameOf(reading))?.order ?? quantities.length;
  const known = new Set(gateways.map(({ site, gateway }) => `${site}/${gateway}`));
  const metrics = readings
    .map((reading): Metric => {
      const found = typeof reading.value === 'number' ? catalogue.get(nameOf(reading))?.quantity : undefined;
      const ageMs = Math.max(0, nowMs - reading.timeMs);
      const isWatched = known.has(`${reading.tags.site}/${reading.tags.gateway}`);
      const condition = conditionOf(reading, ageMs, found?.kind === 'state' && isWatched);
      return {
        key: `${nameOf(reading)}|${tagsKey(reading.tags)}`,
        reading,
        quantity: found,
        condition,
        ageMs,
      };
    })
    .sort((a, b) => order(a) - order(b) || (a.key < b.key ? -1 : 1));

  const placed = metrics.filter(isPlaced);
  const zoned = placed.filter(({ reading }) => reading.tags.zone);
  const loose = placed.filter(({ reading }) => !reading.tags.zone);
  const weather = loose.filter(({ reading }) => reading.measurement === 'weather');
  const devices = loose.filter(({ reading }) => reading.measurement !== 'weather');
  return {
    sites: [...new Set(readings.flatMap(({ tags }) => tags.site ?? []))].sort(),
    zones: places('zone', zoned),
    devices: places('device', devices),
    weather,
    others: metrics.filter((metric) => !isPlaced(metric)),
    valves: placed.filter(({ reading }) => reading.field === 'valve_state'),
    problems: problemsOf(gateways, placed),
  };
}

/** A gateway's own health says nothing about the farm, and is listed with what the catalogue does not know. */
function isPlaced(metric: Metric): metric is CataloguedMetric {
  return metric.quantity !== undefined && metric.reading.measurement !== 'gateway';
}

/** A state is sent when it changes, so with its gateway watched its age alone says nothing. */
function conditionOf(reading: LastReading, ageMs: number, mayBeOld: boolean): Condition {
  if (reading.stale) return 'offline';
  if (reading.quality === 'bad') return 'bad';
  if (ageMs > OLD_AFTER_MS && !mayBeOld) return 'old';
  return reading.quality === 'uncertain' ? 'uncertain' : 'good';
}

function places(kind: Place['kind'], metrics: readonly CataloguedMetric[]): Place[] {
  const groups = groupBy(metrics, ({ reading: { tags } }) =>
    kind === 'zone' ? `${tags.site}/${tags.zone}` : `${tags.site}/${tags.gateway}/${tags.device}`,
  );
  return [...groups]
    .map(([key, all]): Place => {
      const { tags } = all[0]!.reading;
      return {
        kind,
        key,
        site: tags.site ?? '',
        name: (kind === 'zone' ? tags.zone : (tags.device ?? tags.gateway)) ?? '',
        gauges: all.filter(({ quantity }) => quantity.kind !== 'state'),
        states: all.filter(({ quantity }) => quantity.kind === 'state'),
      };
    })
    .sort((a, b) => a.key.localeCompare(b.key, 'en', { numeric: true }));
}

function problemsOf(gateways: readonly Gateway[], metrics: readonly CataloguedMetric[]): Problem[] {
  const offline = gateways.flatMap(({ gateway, online, sinceMs, devices }): Problem[] => {
    if (!online) return [{ kind: 'offline', name: gateway, sinceMs }];
    return devices
      .filter((one) => !one.online)
      .map((one) => ({ kind: 'offline', name: one.device, sinceMs: one.sinceMs }));
  });
  const doubtful = metrics.flatMap((metric): Problem[] => {
    const { condition, reading } = metric;
    const name = reading.tags.zone ?? reading.tags.device ?? '';
    return condition === 'bad' || condition === 'old' ? [{ kind: condition, name, metric }] : [];
  });
  return [...offline, ...doubtful];
}

function nameOf({ measurement, field }: { measurement: string; field: string }): string {
  return `${measurement}/${field}`;
}
