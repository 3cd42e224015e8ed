import { type Static, Type } from 'typebox';
import { SluiceError } from '../core/errors.ts';
import { ID_PATTERN } from '../core/ids.ts';
import { DeviceConfig } from './devices/devices.ts';
import { FarmConfig, linesOf } from './farm/farm-config.ts';
import { faultProblems } from './farm/farm-faults.ts';
import { GnssConfig } from './gnss/gnss-config.ts';
import { LinkConfig, linkProblems } from './links/link-config.ts';
import { LoadConfig } from './load/load-config.ts';
import { NodeConfig } from './nbiot/node-config.ts';

const BusConfig = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN, description: 'Its port is <data folder>/sim/<id>.' }),
    transport: Type.Optional(
      Type.Enum(['serial', 'rtu-over-tcp', 'modbus-tcp'], {
        description: 'serial, where not set: a pseudo-terminal. The others listen on tcpPort of 127.0.0.1.',
      }),
    ),
    tcpPort: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
    baud: Type.Optional(
      Type.Integer({
        minimum: 300,
        maximum: 1_000_000,
        description: 'Answers take the time that a wire of this speed needs; without it they take none.',
      }),
    ),
    devices: Type.Array(DeviceConfig),
  },
  { additionalProperties: false },
);

const ModemConfig = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN, description: 'Its port is <data folder>/sim/<id>.' }),
    pin: Type.Optional(
      Type.String({ pattern: '^\\d{4,8}$', description: 'Asked for by its SIM; none where not set.' }),
    ),
  },
  { additionalProperties: false, description: 'A GSM modem: what is sent by it stands in the log.' },
);

export const SimulatorConfig = Type.Object(
  {
    seed: Type.Integer({ default: 1, description: 'The same seed and start time make the same farm.' }),
    startTime: Type.Optional(
      Type.String({
        pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$',
        description: 'UTC at which the farm’s sun starts to move; now where not set.',
      }),
    ),
    speed: Type.Number({
      exclusiveMinimum: 0,
      maximum: 3600,
      default: 60,
      description: 'Seconds of sun, weather and soil for each second of valves, pipes and meters.',
    }),
    control: Type.Boolean({
      default: false,
      description:
        'A door for other processes at <data folder>/sim/control.sock: see and break what is simulated.',
    }),
    ...FarmConfig.properties,
    buses: Type.Array(BusConfig, { default: [] }),
    receivers: Type.Array(GnssConfig, { default: [] }),
    modem: Type.Optional(ModemConfig),
    load: Type.Optional(LoadConfig),
    nodes: Type.Array(NodeConfig, { default: [], description: 'NB-IoT nodes, each on its own UDP socket.' }),
    links: Type.Array(LinkConfig, {
      default: [],
      maxItems: 2_000,
      description: 'Paths for UDP with delay, jitter, loss, duplicates and reordering between two others.',
    }),
  },
  { additionalProperties: false, description: 'Simulated devices on pseudo-terminals, over one farm.' },
);

export type SimulatorConfig = Static<typeof SimulatorConfig>;
export type BusConfig = SimulatorConfig['buses'][number];

/** Throws `CONFIG_INVALID` for what no schema can see: names that do not meet, numbers that contradict each other. */
export function checkSimulator(config: SimulatorConfig): void {
  const problems = [
    ...repeated(config.zones.map(({ id }) => id)).map((id) => `zones: "${id}" is there twice`),
    ...repeated(
      [...config.buses, ...config.receivers, ...(config.modem ? [config.modem] : [])].map(({ id }) => id),
    ).map((id) => `buses: "${id}" is there twice`),
    ...farmProblems(config),
    ...config.buses.flatMap((bus) => busProblems(bus, config)),
    ...nodeProblems(config),
    ...repeated(config.links.map(({ id }) => id)).map((id) => `links: "${id}" is there twice`),
    ...config.links.flatMap(linkProblems),
  ];
  if (config.startTime !== undefined && Number.isNaN(Date.parse(config.startTime))) {
    problems.push(`startTime: there is no ${config.startTime}`);
  }
  if (problems.length > 0) {
    throw new SluiceError('CONFIG_INVALID', { problems: problems.map((one) => `  ${one}`).join('\n') });
  }
}

function farmProblems(config: SimulatorConfig): string[] {
  const lines = linesOf(config);
  const lineIds = new Set(lines.map(({ id }) => id));
  const zoneIds = new Set(config.zones.map(({ id }) => id));
  const tankIds = new Set(config.tanks.map(({ id }) => id));
  return [
    ...repeated(lines.map(({ id }) => id)).map((id) => `lines: "${id}" is there twice`),
    ...repeated(config.tanks.map(({ id }) => id)).map((id) => `tanks: "${id}" is there twice`),
    ...lines.flatMap(({ id, supply, tank }) => [
      ...(supply.pressureAtRatedFlowKPa > supply.pressureKPa
        ? [
            `${config.lines.length > 0 ? `line ${id}: ` : ''}supply: pressureAtRatedFlowKPa must not be above pressureKPa`,
          ]
        : []),
      ...(tank !== undefined && !tankIds.has(tank) ? [`line ${id}: there is no tank "${tank}"`] : []),
    ]),
    ...config.zones.flatMap((zone) => [
      ...zoneProblems(zone),
      ...(zone.line !== undefined && !lineIds.has(zone.line)
        ? [`zone ${zone.id}: there is no line "${zone.line}"; lines: ${[...lineIds].join(', ')}`]
        : []),
    ]),
    ...config.faults.flatMap((fault, index) =>
      faultProblems(fault, zoneIds, lineIds).map((problem) => `faults[${index}]: ${problem}`),
    ),
  ];
}

function zoneProblems(zone: SimulatorConfig['zones'][number]): string[] {
  const inOrder = zone.wiltingPointPct < zone.fieldCapacityPct && zone.fieldCapacityPct < zone.saturationPct;
  return inOrder
    ? []
    : [`zone ${zone.id}: wiltingPointPct, fieldCapacityPct and saturationPct must rise in this order`];
}

function busProblems(
  { id, devices, transport = 'serial', tcpPort }: BusConfig,
  config: SimulatorConfig,
): string[] {
  const twice = repeated(devices.map(({ unit }) => unit)).map(
    (unit) => `bus ${id}: two devices have unit ${unit}`,
  );
  const needsPort = transport !== 'serial';
  return [
    ...twice,
    ...(needsPort && tcpPort === undefined ? [`bus ${id}: ${transport} needs a tcpPort`] : []),
    ...(!needsPort && tcpPort !== undefined ? [`bus ${id}: tcpPort needs a transport over TCP`] : []),
    ...devices.flatMap((device) => placeProblems(device, config).map((problem) => `bus ${id}: ${problem}`)),
    ...devices.flatMap((device) => programmeProblems(id, device)),
  ];
}

function nodeProblems(config: SimulatorConfig): string[] {
  const twice = repeated(config.nodes.map(({ id }) => id)).map((id) => `nodes: "${id}" is there twice`);
  const ofEach = config.nodes.flatMap((node) => {
    const problems = placeProblems(node, config);
    if (node.kind === 'nbiot-soil-node' && node.zone === undefined)
      problems.push('zone: missing; it must be set');
    return problems.map((problem) => `node ${node.id}: ${problem}`);
  });
  return [...twice, ...ofEach];
}

/** Parts of the farm that a device or a node names and the farm does not have. */
function placeProblems(device: DeviceConfig | NodeConfig, config: SimulatorConfig): string[] {
  const lines = linesOf(config);
  const unknown = (what: string, id: string | undefined, known: readonly { id: string }[]) =>
    id === undefined || known.some((one) => one.id === id)
      ? []
      : [`there is no ${what} "${id}"; ${what}s: ${known.map((one) => one.id).join(', ') || 'none'}`];
  const named = device as { zone?: string; valves?: string[]; line?: string; tank?: string };
  const problems = [
    ...[named.zone, ...(named.valves ?? [])].flatMap((zone) => unknown('zone', zone, config.zones)),
    ...unknown('line', named.line, lines),
    ...unknown('tank', named.tank, config.tanks),
  ];
  if (device.kind === 'pump-drive' && problems.length === 0) {
    const line = lines.find(({ id }) => id === (device.line ?? lines[0]!.id))!;
    if (!line.pump) problems.push(`unit ${device.unit} drives the pump of line ${line.id}, which has none`);
  }
  return problems;
}

/** Each opening ends by itself, but one that begins before the last has ended may keep a valve open for ever. */
function programmeProblems(bus: string, device: DeviceConfig): string[] {
  if (!('valves' in device) || !device.programme) return [];
  const { unit, maxRunS, programme } = device;
  const { cycleS, openings } = programme;
  return [...new Set(openings.map(({ valve }) => valve))].flatMap((valve) => {
    const ofValve = openings.filter((opening) => opening.valve === valve);
    const openS = ofValve.reduce((sum, { forS }) => sum + Math.min(forS, maxRunS), 0);
    if (openS < cycleS) return [];
    const problem = `its openings take ${openS} s of a cycle of ${cycleS} s`;
    return [`bus ${bus}: unit ${unit}: valve ${valve} may never close: ${problem}`];
  });
}

function repeated<T>(values: readonly T[]): T[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
