import { SluiceError } from '../../core/errors.ts';
import { formatMetricName } from '../../core/sparkplug/metric-name.ts';
import { type DeviceSpec, type Driver, GATEWAY_ITSELF, type MetricSpec, type WriteSpec } from '../driver.ts';
import type { ActuatorRules } from './actuator-state.ts';
import type { ActuatorConfig, IrrigationConfig, LineConfig } from './config.ts';
import type { LineRules } from './judge.ts';

/** Something that can be commanded. */
export interface ControlledPoint {
  readonly key: string;
  readonly device: string;
  /** Metric name. */
  readonly name: string;
  readonly metric: MetricSpec;
  readonly write: WriteSpec;
  readonly driver: Driver;
  readonly rules: ActuatorRules;
  /** 0 where an opening must name its lease. */
  readonly defaultLeaseMs: number;
}

export interface ControlledLine {
  readonly id: string;
  readonly exclusive: string | undefined;
  readonly rules: LineRules;
  readonly valves: readonly {
    readonly point: ControlledPoint;
    readonly low?: number;
    readonly high?: number;
  }[];
  readonly pump: { readonly point: ControlledPoint; readonly runDownMs: number } | undefined;
  readonly flow: MetricSpec | undefined;
  readonly pressure: MetricSpec | undefined;
}

export interface Controlled {
  readonly points: readonly ControlledPoint[];
  readonly lines: readonly ControlledLine[];
}

type Reference = { readonly device: string; readonly point?: string };
type Problems = string[];

export function pointKey(device: string, name: string): string {
  return `${device} ${name}`;
}

/**
 * Ties the settings to what the drivers have. Every writable point is controlled, named or not. Throws `CONFIG_INVALID`
 * with all mistakes that no schema can see.
 */
export function controlledPoints(config: IrrigationConfig, drivers: readonly Driver[]): Controlled {
  const problems: Problems = [];
  const devices = new Map<string, DeviceSpec>(
    drivers.flatMap((driver) => driver.devices.map((device) => [device.id, device] as const)),
  );
  const settings = new Map<MetricSpec, ActuatorConfig>();
  const metricOf = new Map<object, MetricSpec>();
  const set = (where: string, one: ActuatorConfig, isRole: (write: WriteSpec) => boolean, what: string) => {
    const metric = find(devices, one, (spec) => spec.write !== undefined && isRole(spec.write), where, what);
    if (typeof metric === 'string') problems.push(metric);
    else if (settings.has(metric)) problems.push(`${where}: ${one.device} ${one.point ?? ''} stands twice`);
    else {
      settings.set(metric, one);
      metricOf.set(one, metric);
    }
  };
  for (const [index, line] of config.lines.entries()) {
    const where = `irrigation.lines[${index}]`;
    for (const [at, valve] of line.valves.entries()) {
      set(`${where}.valves[${at}]`, valve, ({ role }) => role === 'valve', 'a valve that can be commanded');
    }
    // A main valve serves as well as a pump.
    if (line.pump) {
      const isPump = ({ role }: WriteSpec) => role !== 'setting';
      set(`${where}.pump`, line.pump, isPump, 'a pump that can be commanded');
    }
  }
  for (const [index, point] of config.points.entries()) {
    set(`irrigation.points[${index}]`, point, () => true, 'a point that can be commanded');
  }
  const points = drivers.flatMap((driver) =>
    driver.devices.flatMap((device) =>
      device.metrics
        .filter(({ write }) => write !== undefined && device.id !== GATEWAY_ITSELF)
        .map((metric) => createPoint(config, driver, device.id, metric, settings.get(metric))),
    ),
  );
  refuseTwins(config.lines, problems);
  const meters = (line: LineConfig, where: string) => ({
    flow: line.flow && meter(devices, line.flow, 'flow', `${where}.flow`, problems),
    pressure: line.pressure && meter(devices, line.pressure, 'pressure', `${where}.pressure`, problems),
  });
  const found = config.lines.map((line, index) => {
    const where = `irrigation.lines[${index}]`;
    if (line.lowPressure && !line.pressure)
      problems.push(`${where}.lowPressure: needs "pressure", the meter that it judges by`);
    return meters(line, where);
  });
  if (problems.length > 0) {
    throw new SluiceError('CONFIG_INVALID', { problems: problems.map((one) => `  ${one}`).join('\n') });
  }
  const pointOf = (one: object) => points.find(({ metric }) => metric === metricOf.get(one))!;
  const lines = config.lines.map(
    (line, index): ControlledLine => ({
      id: line.id,
      exclusive: line.exclusive,
      rules: lineRules(line),
      valves: line.valves.map((valve) => ({ point: pointOf(valve), ...valve.flowLPerMin })),
      pump: line.pump && { point: pointOf(line.pump), runDownMs: line.pump.runDownS * 1_000 },
      flow: found[index]!.flow,
      pressure: found[index]!.pressure,
    }),
  );
  return { points, lines };
}

function createPoint(
  config: IrrigationConfig,
  driver: Driver,
  device: string,
  metric: MetricSpec,
  one: ActuatorConfig | undefined,
): ControlledPoint {
  const { measurement, field } = metric.quantity;
  const name = formatMetricName({ measurement, field, point: metric.point });
  const write = metric.write!;
  return {
    key: pointKey(device, name),
    device,
    name,
    metric,
    write,
    driver,
    rules: {
      safeValue: Number(write.safeValue),
      maxRunMs: (one?.maxRunS ?? config.maxLeaseS) * 1_000,
      settleMs: (one?.settleS ?? 15) * 1_000,
      unleased: one?.unleased ?? 'close',
    },
    defaultLeaseMs: (one?.defaultLeaseS ?? 0) * 1_000,
  };
}

function lineRules(line: LineConfig): LineRules {
  const { leak, noFlow, lowPressure } = line;
  return {
    leak: { above: leak.aboveLPerMin, afterMs: leak.afterS * 1_000 },
    noFlow: { below: noFlow.belowLPerMin, afterMs: noFlow.afterS * 1_000 },
    flowAfterMs: line.flowAfterS * 1_000,
    ...(lowPressure
      ? { lowPressure: { below: lowPressure.belowKPa, afterMs: lowPressure.afterS * 1_000 } }
      : {}),
    holdOffMs: line.holdOffS * 1_000,
    staleAfterMs: line.staleAfterS * 1_000,
    refusesWhenBlind: line.whenBlind === 'refuse',
  };
}

function meter(
  devices: ReadonlyMap<string, DeviceSpec>,
  reference: Reference,
  field: 'flow' | 'pressure',
  where: string,
  problems: Problems,
): MetricSpec | undefined {
  const isMeter = ({ quantity }: MetricSpec) =>
    quantity.measurement === 'irrigation' && quantity.field === field;
  const metric = find(devices, reference, isMeter, where, `irrigation/${field}`);
  if (typeof metric !== 'string') return metric;
  problems.push(metric);
  return undefined;
}

/** The one metric that is meant, or what is wrong with the reference. */
function find(
  devices: ReadonlyMap<string, DeviceSpec>,
  { device, point }: Reference,
  accept: (metric: MetricSpec) => boolean,
  where: string,
  what: string,
): MetricSpec | string {
  const spec = devices.get(device);
  if (!spec) {
    const known = [...devices.keys()].filter((id) => id !== GATEWAY_ITSELF);
    return `${where}.device: there is no device "${device}"; devices: ${known.join(', ') || 'none'}`;
  }
  const accepted = spec.metrics.filter(accept);
  const matching = accepted.filter((metric) => point === undefined || metric.point === point);
  if (matching.length === 1) return matching[0]!;
  const names = accepted.map((metric) => metric.point).filter((name) => name !== '');
  if (accepted.length === 0) return `${where}: device "${device}" has no ${what}`;
  if (matching.length > 1) return `${where}.point: missing; "${device}" has ${names.join(', ')}`;
  return `${where}.point: "${device}" has no ${what} at "${point}"; it has ${names.join(', ') || 'one without a point'}`;
}

function refuseTwins(lines: readonly LineConfig[], problems: Problems): void {
  const ids = lines.map(({ id }) => id);
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) {
    problems.push(`irrigation.lines: the line id "${id}" stands twice; each needs its own`);
  }
}
