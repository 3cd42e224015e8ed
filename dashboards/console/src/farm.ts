import type { Quantity } from '../../../core/quantities.ts';
import type { Gateway, LastReading } from './api.ts';
import { groupBy } from './group-by.ts';
import { tagsKey } from './history.ts';

/** How a value may be shown, worst last. Only a `good` or `uncertain` one may look current. `doubted`: something has happened since that it does not tell. */
export type Condition = 'good' | 'uncertain' | 'doubted' | 'old' | 'bad' | 'offline';

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

/** A valve, pump or lock. */
export interface StateMetric extends CataloguedMetric {
  /** When it closes by itself, where it is open under a lease. */
  readonly closesAtMs: number | undefined;
}

/** A zone with all that is measured in it, or a device that belongs to no zone. */
export interface Place {
  readonly kind: 'zone' | 'device';
  readonly key: string;
  readonly site: string;
  readonly name: string;
  readonly gauges: readonly CataloguedMetric[];
  readonly states: readonly StateMetric[];
}

export type Problem =
  | { readonly kind: 'offline'; readonly name: string; readonly sinceMs: number }
  | { readonly kind: 'locked'; readonly name: string }
  | { readonly kind: 'bad' | 'old'; readonly name: string; readonly metric: CataloguedMetric };

export interface Farm {
  readonly sites: readonly string[];
  readonly zones: readonly Place[];
  readonly devices: readonly Place[];
  readonly weather: readonly CataloguedMetric[];
  /** How the gateways themselves fare, by `site/gateway`: processor, bus, radio, position; and the locks of their lines. */
  readonly gateways: ReadonlyMap<string, GatewayHealth>;
  readonly others: readonly Metric[];
  readonly valves: readonly CataloguedMetric[];
  /** What is wrong, one entry per cause: the devices behind a dead gateway are not listed beside it. */
  readonly problems: readonly Problem[];
}

export interface GatewayHealth {
  readonly locks: readonly StateMetric[];
  readonly metrics: readonly Metric[];
}

/** A value that does not change is sent every ten minutes where nothing else is set; two of these, and some. */
const OLD_AFTER_MS = 25 * 60_000;
/** When a lease is over its gateway says so within seconds; where it does not, the news has not come through. */
const LEASE_NEWS_MS = 10_000;

/** Sorts whatever has been read into what a farm operator looks for; `isInDoubt` says of a state that it may not hold any more. Pure. */
export function arrangeFarm(
  readings: readonly LastReading[],
  gateways: readonly Gateway[],
  quantities: readonly Quantity[],
  nowMs: number,
  isInDoubt: (reading: LastReading) => boolean = () => false,
): Farm {
  const catalogue = new Map(quantities.map((one, order) => [nameOf(one), { quantity: one, order }]));
  const order = ({ reading }: Metric) => catalogue.get(nameOf(reading))?.order ?? quantities.length;
  const heard = new Map(gateways.flatMap(lastHeard));
  const read = newestPlaces(readings)
    // Nobody reads what is for programs.
    .filter((reading) => catalogue.get(nameOf(reading))?.quantity.kind !== 'text')
    .map((reading): Metric => {
      const found = typeof reading.value === 'number' ? catalogue.get(nameOf(reading))?.quantity : undefined;
      const heardMs = heard.get(sourceKey(reading.tags));
      const condition = conditionOf(reading, found, { heardMs, nowMs, isInDoubt });
      return {
        key: `${nameOf(reading)}|${tagsKey(reading.tags)}`,
        reading,
        quantity: found,
        condition,
        ageMs: Math.max(0, nowMs - reading.timeMs),
      };
    })
    .sort((a, b) => order(a) - order(b) || (a.key < b.key ? -1 : 1));
  const leases = read.filter(({ reading }) => reading.field === 'lease_remaining') as CataloguedMetric[];
  const metrics = read.map((one) =>
    isOverdue(one, leases, nowMs) ? { ...one, condition: 'doubted' as const } : one,
  );

  const known = new Set(gateways.map(({ site, gateway }) => `${site}/${gateway}`));
  const isOwn = (metric: Metric) => isOfGateway(metric) && known.has(gatewayKey(metric));
  const own = metrics.filter(isOwn);
  const placed = metrics.filter((metric) => isPlaced(metric) && !isOwn(metric)) as CataloguedMetric[];
  const zoned = placed.filter(({ reading }) => reading.tags.zone);
  const loose = placed.filter(({ reading }) => !reading.tags.zone);
  const weather = loose.filter(({ reading }) => reading.measurement === 'weather');
  const devices = loose.filter(({ reading }) => reading.measurement !== 'weather');
  return {
    sites: [...new Set(readings.flatMap(({ tags }) => tags.site ?? []))].sort(),
    zones: places('zone', zoned),
    devices: places('device', devices),
    weather,
    gateways: new Map([...groupBy(own, gatewayKey)].map(([key, all]) => [key, healthOf(all)])),
    others: metrics.filter((metric) => !isPlaced(metric) && !isOwn(metric)),
    valves: placed.filter(({ reading }) => reading.field === 'valve_state'),
    problems: problemsOf(gateways, placed, own),
  };
}

/**
 * What was read before a device was placed in another zone stands under another series, which goes on no more: only the newest says
 * what is now.
 */
function newestPlaces(readings: readonly LastReading[]): LastReading[] {
  const newest = new Map<string, LastReading>();
  for (const reading of readings) {
    const key = `${nameOf(reading)}|${tagsKey({ ...reading.tags, zone: '' })}`;
    const known = newest.get(key);
    if (!known || known.timeMs < reading.timeMs) newest.set(key, reading);
  }
  return [...newest.values()];
}

/** Of machines and lines rather than of the farm; a receiver on a tractor is a device like another. */
function isOfGateway({ quantity, reading: { measurement, field, tags } }: Metric): boolean {
  if (!quantity) return false;
  if (measurement === 'gateway' || measurement === 'radio') return true;
  return !tags.device && (measurement === 'gnss' || field === 'interlock');
}

/** A gateway's health says nothing about the farm; of one that nobody watches it is listed with what nobody knows. */
function isPlaced(metric: Metric): metric is CataloguedMetric {
  return metric.quantity !== undefined && !['gateway', 'radio'].includes(metric.reading.measurement);
}

function healthOf(own: readonly Metric[]): GatewayHealth {
  const isLock = ({ reading }: Metric) => reading.field === 'interlock';
  return {
    locks: own.filter(isLock).map((lock) => ({ ...(lock as CataloguedMetric), closesAtMs: undefined })),
    metrics: own.filter((metric) => !isLock(metric)),
  };
}

/** When each gateway, and each device behind it, was last heard. */
function lastHeard({ site, gateway, lastSeenMs, devices }: Gateway): [key: string, lastSeenMs: number][] {
  return [
    [sourceKey({ site, gateway }), lastSeenMs],
    ...devices.map((one): [string, number] => [
      sourceKey({ site, gateway, device: one.device }),
      one.lastSeenMs,
    ]),
  ];
}

/**
 * A state is sent when it changes, so with its gateway watched its age alone says nothing. Anything else is old where
 * its source has been heard long after it: a node that speaks once a day is not late, and a dead one is offline.
 */
function conditionOf(
  reading: LastReading,
  quantity: Quantity | undefined,
  { heardMs, nowMs, isInDoubt }: Circumstances,
): Condition {
  if (reading.stale) return 'offline';
  if (reading.quality === 'bad') return 'bad';
  const mayBeOld = quantity?.kind === 'state' && heardMs !== undefined;
  if ((heardMs ?? nowMs) - reading.timeMs > OLD_AFTER_MS && !mayBeOld) return 'old';
  if (quantity?.kind === 'state' && isInDoubt(reading)) return 'doubted';
  return reading.quality === 'uncertain' ? 'uncertain' : 'good';
}

interface Circumstances {
  readonly heardMs: number | undefined;
  readonly nowMs: number;
  isInDoubt(reading: LastReading): boolean;
}

function places(kind: Place['kind'], metrics: readonly CataloguedMetric[]): Place[] {
  const groups = groupBy(metrics, ({ reading: { tags } }) =>
    kind === 'zone' ? `${tags.site}/${tags.zone}` : `${tags.site}/${tags.gateway}/${tags.device}`,
  );
  return [...groups]
    .map(([key, all]): Place => {
      const { tags } = all[0]!.reading;
      const states = all.filter(({ quantity }) => quantity.kind === 'state');
      const gauges = all.filter(({ quantity }) => quantity.kind !== 'state' && quantity.kind !== 'text');
      const leases = new Set(states.map((state) => leaseOf(state, gauges)));
      return {
        kind,
        key,
        site: tags.site ?? '',
        name: (kind === 'zone' ? tags.zone : (tags.device ?? tags.gateway)) ?? '',
        gauges: gauges.filter((metric) => !leases.has(metric)),
        states: states.map((state) => ({ ...state, closesAtMs: closesAt(state, gauges) })),
      };
    })
    .sort((a, b) => a.key.localeCompare(b.key, 'en', { numeric: true }));
}

/** What is left of the lease under which a point is open; it is shown with the point, not beside it. */
function leaseOf(
  { reading: { tags } }: CataloguedMetric,
  gauges: readonly CataloguedMetric[],
): CataloguedMetric | undefined {
  return gauges.find(
    ({ reading }) =>
      reading.field === 'lease_remaining' &&
      sourceKey(reading.tags) === sourceKey(tags) &&
      reading.tags.point === tags.point,
  );
}

function closesAt(state: CataloguedMetric, gauges: readonly CataloguedMetric[]): number | undefined {
  const lease = leaseOf(state, gauges);
  const leftS = Number(lease?.reading.value ?? 0);
  const isCurrent = lease?.condition === 'good' && state.condition === 'good' && state.reading.value !== 0;
  return isCurrent && leftS > 0 ? lease.reading.timeMs + 1_000 * leftS : undefined;
}

/** Still read as open though its lease is over, and nothing newer has come. */
function isOverdue(metric: Metric, leases: readonly CataloguedMetric[], nowMs: number): boolean {
  if (metric.quantity?.kind !== 'state') return false;
  const closesAtMs = closesAt(metric as CataloguedMetric, leases);
  return closesAtMs !== undefined && nowMs - closesAtMs > LEASE_NEWS_MS;
}

function problemsOf(
  gateways: readonly Gateway[],
  metrics: readonly CataloguedMetric[],
  own: readonly Metric[],
): Problem[] {
  const offline = gateways.flatMap(({ gateway, online, sinceMs, devices }): Problem[] => {
    if (!online) return [{ kind: 'offline', name: gateway, sinceMs }];
    return devices
      .filter((one) => !one.online)
      .map((one) => ({ kind: 'offline', name: one.device, sinceMs: one.sinceMs }));
  });
  const doubtful = metrics.flatMap((metric): Problem[] => {
    const { condition, reading } = metric;
    const name = reading.tags.zone ?? reading.tags.device ?? reading.tags.gateway ?? '';
    return condition === 'bad' || condition === 'old' ? [{ kind: condition, name, metric }] : [];
  });
  const locked = own.flatMap(({ reading: { field, value, stale, tags } }): Problem[] => {
    return field === 'interlock' && value !== 0 && !stale ? [{ kind: 'locked', name: tags.point ?? '' }] : [];
  });
  return [...locked, ...offline, ...doubtful];
}

function gatewayKey({ reading: { tags } }: Metric): string {
  return `${tags.site}/${tags.gateway}`;
}

function sourceKey({ site, gateway, device = '' }: LastReading['tags']): string {
  return `${site}/${gateway}/${device}`;
}

function nameOf({ measurement, field }: { measurement: string; field: string }): string {
  return `${measurement}/${field}`;
}
