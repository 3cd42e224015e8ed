import type { DeviceSurroundings } from '../devices/device.ts';
import { Measured } from '../devices/measured.ts';
import { meterAt } from '../devices/metered.ts';
import { lookAtSoil } from '../devices/soil-sensor.ts';
import type { NodeConfig } from './node-config.ts';
import type { Resource } from './resources.ts';

/** What a kind of node measures, and under which resources it tells it. */
export interface NodeKind {
  readonly measured: Measured<string>;
  readonly resources: Readonly<Record<string, Resource>>;
}

/** A lithium cell of a node that reports every few minutes lasts some ten years: what a test sees of it is nothing. */
const FULL_BATTERY_PCT = 96;
const CELL_V = 3.6;

export function createNodeKind(config: NodeConfig, surroundings: DeviceSurroundings): NodeKind {
  return config.kind === 'nbiot-soil-node'
    ? soilNode(config.zone!, surroundings)
    : waterMeter(config, surroundings);
}

function soilNode(zone: string, surroundings: DeviceSurroundings): NodeKind {
  const lookAt = lookAtSoil(zone, surroundings);
  // The object for conductivity counts in S/m, as SenML does.
  const look = () => {
    const { ec, ...seen } = lookAt();
    return { ...seen, ec: ec / 10_000, ...radioAndBattery(surroundings) };
  };
  const measured = new Measured<string>(look, surroundings.faultRandom);
  const resource = (channel: string, name: string, unit: string, digits: number) =>
    measuredResource(measured, channel, { name, unit }, digits);
  return {
    measured,
    resources: {
      '/3303/0/5700': resource('temperature', 'temperature', 'Cel', 1),
      '/3303/0/5701': { type: 'string', read: () => 'Cel' },
      '/3320/0/5700': resource('moisture', 'moisture', '/100', 1),
      '/3320/0/5701': { type: 'string', read: () => '%' },
      '/3327/0/5700': resource('ec', 'ec', 'S/m', 5),
      '/3327/0/5701': { type: 'string', read: () => 'S/m' },
      ...describingItself(measured, 'soil node'),
    },
  };
}

function waterMeter(config: NodeConfig, surroundings: DeviceSurroundings): NodeKind {
  const meter = meterAt(surroundings.farm, {
    ...(config.line === undefined ? {} : { line: config.line }),
    ...(config.zone === undefined ? {} : { zone: config.zone }),
  });
  const line = surroundings.farm.line(config.line);
  const look = () => ({
    volume: meter.volumeL / 1000,
    flow: meter.flowLPerMin,
    pressure: line.pressureKPa,
    ...radioAndBattery(surroundings),
  });
  const measured = new Measured<string>(look, surroundings.faultRandom);
  return {
    measured,
    resources: {
      '/3346/0/5700': measuredResource(measured, 'flow', { name: 'flow', unit: 'L/min' }, 1),
      '/3323/0/5700': measuredResource(measured, 'pressure', { name: 'pressure', unit: 'kPa' }, 1),
      '/3424/0/1': measuredResource(measured, 'volume', { name: 'volume', unit: 'm3' }, 3),
      ...describingItself(measured, 'water meter'),
    },
  };
}

function radioAndBattery({ random }: DeviceSurroundings) {
  return {
    battery: FULL_BATTERY_PCT,
    voltage: 1000 * (CELL_V + 0.005 * random.gaussian()),
    signal: -95 + 2 * random.gaussian(),
  };
}

function describingItself(measured: Measured<string>, model: string): Record<string, Resource> {
  const whole = (channel: string) => () => Math.round(measured.values[channel]!);
  return {
    '/3/0/0': { type: 'string', read: () => 'Sluice' },
    '/3/0/1': { type: 'string', read: () => `simulated ${model}` },
    '/3/0/7': { type: 'integer', read: whole('voltage') },
    '/3/0/9': { type: 'integer', read: whole('battery'), senml: { name: 'battery', unit: '%EL' } },
    '/4/0/2': { type: 'integer', read: whole('signal'), senml: { name: 'signal', unit: 'dBm' } },
  };
}

function measuredResource(
  measured: Measured<string>,
  channel: string,
  senml: NonNullable<Resource['senml']>,
  digits: number,
): Resource {
  return { type: 'float', read: () => Number(measured.values[channel]!.toFixed(digits)), senml };
}
