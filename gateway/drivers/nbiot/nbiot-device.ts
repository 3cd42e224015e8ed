import { resourceType } from '../../../core/lwm2m/objects.ts';
import { formatPath, type Path, parsePath } from '../../../core/lwm2m/path.ts';
import type { ResourceType, ResourceValue } from '../../../core/lwm2m/value.ts';
import { unitOfSenml } from '../../../core/senml/unit.ts';
import { DATA_TYPES } from '../../../core/sparkplug/payload.ts';
import { converter } from '../../../core/units.ts';
import type { DeviceSpec, MetricSpec, Sample, WriteSpec } from '../../driver.ts';
import { metricSpec, usedGroups, usedMetrics } from '../../profiles/device-parts.ts';
import { MS_OF_TIMER_UNIT, quantityOf } from '../../profiles/profile-parts.ts';
import { ownMetric } from '../own-metric.ts';
import type { NbiotDeviceConfig } from './config.ts';
import { type NbiotProfile, type ProfileMetric, typeOfRead } from './profile.ts';

/** A node with its profile worked out: what it measures, where, and how it is asked. */
export interface NbiotDevice {
  readonly spec: DeviceSpec;
  readonly endpoint: string;
  readonly goneAfterMs: number;
  readonly points: readonly Point[];
  readonly byPath: ReadonlyMap<string, Point>;
  readonly bySenmlName: ReadonlyMap<string, Point>;
  readonly byMetric: ReadonlyMap<MetricSpec, Point>;
  readonly traffic: TrafficMetrics;
}

export interface TrafficMetrics {
  readonly received: MetricSpec;
  readonly sent: MetricSpec;
  readonly perReading: MetricSpec;
}

/** One resource and the metric that it gives. */
export interface Point {
  readonly metric: MetricSpec;
  readonly path: string;
  readonly type: ResourceType;
  readonly group: string | undefined;
  readonly observe: { readonly pminS: number; readonly pmaxS: number } | undefined;
  readonly write: PointWrite | undefined;
  /** A value as the device counts it. */
  sample(value: ResourceValue, isUncertain: boolean): Sample;
  /** A value with a unit of SenML; '' where the record has none. `undefined` where the unit cannot be converted. */
  sampleOfSenml(value: ResourceValue, unit: string, isUncertain: boolean): Sample | undefined;
}

export interface PointWrite {
  readonly path: string;
  readonly type: ResourceType;
  readonly execute: { readonly on: string; readonly off: string } | undefined;
  readonly timer: { readonly path: string; readonly type: ResourceType; readonly unitMs: number } | undefined;
  /** The device's own number for a value in the canonical unit. */
  encode(value: number | boolean): ResourceValue;
}

/** Traffic grows with every message; sent on with each would make more of it. */
const TRAFFIC_REPORT = { deadBand: 10_000, longestSilenceMs: 3_600_000 };

export function createNbiotDevice(config: NbiotDeviceConfig, profile: NbiotProfile): NbiotDevice {
  const used = usedMetrics(config, profile);
  const points = used.map((one) => createPoint(one, config));
  const groups = usedGroups(used, profile.groups);
  const traffic = trafficMetrics(config.zone ?? '');
  const metrics = [...points.map(({ metric }) => metric), traffic.received, traffic.sent, traffic.perReading];
  return {
    spec: { id: config.id, metrics, groups },
    endpoint: config.endpoint ?? config.id,
    goneAfterMs: config.goneAfterS * 1000,
    points,
    byPath: new Map(points.map((point) => [point.path, point])),
    bySenmlName: new Map(
      used.flatMap(({ read }, index) => (read.senml ? [[read.senml, points[index]!] as const] : [])),
    ),
    byMetric: new Map(points.map((point) => [point.metric, point])),
    traffic,
  };
}

/**
 * The point of a resource that the device's profile wants; `undefined` for others. A resource with several values, such
 * as the supply voltages of /3/0/7, stands for its first where the profile names no instance.
 */
export function pointAt({ byPath }: NbiotDevice, path: Path): Point | undefined {
  return (
    byPath.get(formatPath(path)) ?? (path[3] === 0 ? byPath.get(formatPath(path.slice(0, 3))) : undefined)
  );
}

function createPoint(one: ProfileMetric, config: NbiotDeviceConfig): Point {
  const { read, group, observe } = one;
  // The profile has been checked: quantities exist, types are known, units convert.
  const quantity = quantityOf(one)!;
  const type = typeOfRead(one)!;
  const isBoolean = type === 'boolean';
  const dataType = isBoolean ? DATA_TYPES.Boolean : DATA_TYPES.Double;
  const metric = metricSpec(one, config, dataType, writeSpec(one));
  const range = one.range ?? ([quantity.min, quantity.max] as const);
  const { scale, offset, unit = quantity.unit } = read;
  const convert = converter(unit, quantity.unit)!;
  const judged = (value: number, isUncertain: boolean): Sample => {
    if (!Number.isFinite(value)) return { metric, value: null, quality: 'bad' };
    const isInside = value >= range[0] && value <= range[1];
    return { metric, value, quality: isInside ? (isUncertain ? 'uncertain' : 'good') : 'bad' };
  };
  const sample = (value: ResourceValue, isUncertain: boolean): Sample => {
    if (isBoolean) {
      const truth = typeof value === 'number' ? value !== 0 : value;
      if (typeof truth !== 'boolean') return { metric, value: null, quality: 'bad' };
      return { metric, value: truth, quality: isUncertain ? 'uncertain' : 'good' };
    }
    const number = typeof value === 'boolean' ? Number(value) : value;
    return judged(typeof number === 'number' ? convert(number * scale + offset) : Number.NaN, isUncertain);
  };
  return {
    metric,
    path: read.path,
    type,
    group,
    observe: observe && {
      pminS: config.observe?.pminS ?? observe.pminS,
      pmaxS: config.observe?.pmaxS ?? observe.pmaxS,
    },
    write: pointWrite(one, type),
    sample,
    sampleOfSenml(value, given, isUncertain) {
      // "%" is a ratio in SenML, but devices also send per cent under it: then only the profile can tell.
      if (isBoolean || given === '' || typeof value !== 'number' || (given === '%' && unit === '%')) {
        return sample(value, isUncertain);
      }
      const fromGiven = converter(unitOfSenml(given), quantity.unit);
      return fromGiven && judged(fromGiven(value), isUncertain);
    },
  };
}

function writeSpec({ write }: ProfileMetric): WriteSpec | undefined {
  if (!write) return undefined;
  const { role, safe, min, max, timer } = write;
  return {
    role,
    safeValue: safe,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    hasDeviceTimer: timer !== undefined,
  };
}

function pointWrite(one: ProfileMetric, readType: ResourceType): PointWrite | undefined {
  const { write, read } = one;
  if (!write) return undefined;
  const { unit: canonical } = quantityOf(one)!;
  // Conversions are linear, so two points of the way here give the way back.
  const convert = converter(read.unit ?? canonical, canonical)!;
  const zero = convert(0);
  const slope = convert(1) - zero;
  const path = write.path ?? read.path;
  const type = write.type ?? readType;
  return {
    path,
    type,
    execute: write.execute,
    timer: write.timer && {
      path: write.timer.path,
      type: write.timer.type ?? resourceType(parsePath(write.timer.path) ?? []) ?? 'integer',
      unitMs: MS_OF_TIMER_UNIT[write.timer.unit],
    },
    encode(value) {
      if (typeof value === 'boolean') return value;
      const raw = ((value - zero) / slope - read.offset) / read.scale;
      return type === 'integer' ? Math.round(raw) : raw;
    },
  };
}

function trafficMetrics(zone: string): TrafficMetrics {
  const metric = (field: string, report = TRAFFIC_REPORT) => ownMetric('radio', field, { zone, report });
  return {
    received: metric('bytes_received'),
    sent: metric('bytes_sent'),
    perReading: metric('bytes_per_reading', { ...TRAFFIC_REPORT, deadBand: 5 }),
  };
}
