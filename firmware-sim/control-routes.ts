import { type Static, type TSchema, Type } from 'typebox';
import { checkConfig } from '../core/config.ts';
import { SluiceError } from '../core/errors.ts';
import { FarmFault } from './farm/farm-faults.ts';
import type { Tank } from './farm/tank.ts';
import { FaultConfig } from './faults.ts';
import { GnssFault } from './gnss/gnss-config.ts';
import { LinkChange } from './links/link-config.ts';
import { NodeFault } from './nbiot/node-config.ts';
import type { Simulator } from './service.ts';

const closed = { additionalProperties: false, minProperties: 1 } as const;
const Plug = Type.Object({ plugged: Type.Boolean() }, closed);
const Faults = Type.Array(FaultConfig);
const NodeFaults = Type.Array(NodeFault);
const GnssFaults = Type.Array(GnssFault);
const Coils = Type.Object({ address: Type.Integer({ minimum: 0 }), on: Type.Boolean() }, closed);
const Registers = Type.Object(
  {
    address: Type.Integer({ minimum: 0 }),
    values: Type.Array(Type.Integer({ minimum: 0, maximum: 0xffff }), { minItems: 1 }),
  },
  closed,
);
const TankState = Type.Object(
  {
    levelPct: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
    isCutOff: Type.Optional(Type.Boolean()),
  },
  closed,
);

type Handle = (simulator: Simulator, names: string[], body: unknown, query: URLSearchParams) => unknown;

/** Every question and order: method, path with `*` for a name, and what is done. The README lists the same. */
const ROUTES: readonly [method: string, path: string, handle: Handle][] = [
  ['GET', '/', (simulator) => stateOf(simulator)],
  ['GET', '/journal', (simulator, _, __, query) => simulator.journal.after(Number(query.get('after') ?? 0))],
  ['GET', '/load', ({ load }) => load?.report() ?? null],
  ['GET', '/faults', ({ farm }) => Object.fromEntries(farm.faults)],
  ['PUT', '/faults/*', (simulator, [id], body) => simulator.setFarmFault(id!, checked(FarmFault, body))],
  ['DELETE', '/faults/*', (simulator, [id]) => simulator.setFarmFault(id!, undefined)],
  [
    'DELETE',
    '/faults',
    (simulator) => {
      for (const id of simulator.farm.faults.keys()) simulator.setFarmFault(id, undefined);
    },
  ],
  ['PUT', '/buses/*', (simulator, [bus], body) => simulator.setPlugged(bus!, checked(Plug, body).plugged)],
  ['GET', '/buses/*/units/*', (simulator, names) => unitOf(simulator, names).device.registers],
  [
    'PUT',
    '/buses/*/units/*/faults',
    (simulator, [bus, unit], body) => simulator.setFaults(bus!, Number(unit), checked(Faults, body)),
  ],
  ['PUT', '/buses/*/units/*/coil', writeCoil],
  ['PUT', '/buses/*/units/*/registers', writeRegisters],
  [
    'PUT',
    '/nodes/*/faults',
    (simulator, [id], body) => simulator.node(id!).setFaults(checked(NodeFaults, body)),
  ],
  [
    'PUT',
    '/receivers/*/faults',
    (simulator, [id], body) => {
      simulator.receiver(id!).faults = checked(GnssFaults, body);
    },
  ],
  ['POST', '/nodes/*/move', (simulator, [id]) => simulator.node(id!).moveAddress()],
  ['POST', '/nodes/*/reboot', (simulator, [id]) => simulator.node(id!).reboot()],
  ['GET', '/links', ({ links }) => links.reports()],
  ['GET', '/links/*', ({ links }, [id]) => links.report(id!)],
  ['PUT', '/links/*', (simulator, [id], body) => simulator.changeLink(id!, checked(LinkChange, body))],
  ['PUT', '/tanks/*', ({ farm }, [id], body) => setTank(farm.tank(id!), checked(TankState, body))],
];

/** Throws `CONFIG_INVALID` for a body that does not fit, and a RangeError for what is not there. */
export async function answerControl(
  simulator: Simulator,
  method: string,
  url: URL,
  body: unknown,
): Promise<unknown> {
  const parts = url.pathname.split('/').map(decodeURIComponent);
  for (const [ofMethod, path, handle] of ROUTES) {
    const pattern = path.split('/');
    const fits =
      pattern.length === parts.length && pattern.every((one, at) => one === '*' || one === parts[at]);
    if (ofMethod !== method || !fits) continue;
    const names = parts.filter((_, at) => pattern[at] === '*');
    return await handle(simulator, names, body, url.searchParams);
  }
  throw new RangeError(`there is no ${method} ${url.pathname}`);
}

function checked<T extends TSchema>(schema: T, body: unknown): Static<T> {
  return checkConfig(schema, body);
}

/** All that can be seen, true values and not what devices tell. */
function stateOf({ farm, now, openSince, buses, nodes, receivers }: Simulator): unknown {
  return {
    now: now(),
    zones: [...farm.zones.values()].map((zone) => ({
      id: zone.id,
      isToldOpen: zone.valve.isToldOpen,
      openingRatio: zone.valve.openingRatio,
      openSince: openSince.get(zone.id) ?? null,
      flowLPerMin: zone.flowLPerMin,
      volumeL: zone.volumeL,
      moisturePct: zone.soil.moisturePct,
    })),
    lines: [...farm.lines.values()].map((line) => ({
      id: line.id,
      flowLPerMin: line.flowLPerMin,
      volumeL: line.volumeL,
      pressureKPa: line.pressureKPa,
      pump: line.pump ? { isToldToRun: line.pump.isToldToRun, frequencyHz: line.pump.frequencyHz } : null,
    })),
    tanks: [...farm.tanks].map(([id, tank]) => ({ id, levelPct: tank.levelPct, isCutOff: tank.isCutOff })),
    buses: [...buses.values()].map((bus) => ({
      id: bus.id,
      plugged: bus.isPlugged,
      units: bus.slaves.map(({ unit, faults }) => ({ unit, faults })),
    })),
    nodes: [...nodes.values()].map((node) => node.state),
    receivers: [...receivers.values()].map(({ id, faults }) => ({ id, faults })),
    faults: Object.fromEntries(farm.faults),
  };
}

function unitOf(simulator: Simulator, [bus, unit]: string[]) {
  return simulator.bus(bus!).slave(Number(unit));
}

/** As a hand at the device does, past the line. */
function writeCoil(simulator: Simulator, names: string[], body: unknown): void {
  const { device } = unitOf(simulator, names);
  const { address, on } = checked(Coils, body);
  if (!device.writeCoil || address >= device.registers.coils.length) throw refused('coil', address);
  device.writeCoil(address, on);
}

function writeRegisters(simulator: Simulator, names: string[], body: unknown): void {
  const { device } = unitOf(simulator, names);
  const { address, values } = checked(Registers, body);
  const fits = address + values.length <= device.registers.holding.length;
  if (!device.writeRegisters || !fits || device.writeRegisters(address, values) !== undefined) {
    throw refused('holding register', address);
  }
}

function refused(what: string, address: number): SluiceError {
  return new SluiceError('CONFIG_INVALID', { problems: `  the device does not take ${what} ${address} so` });
}

function setTank(tank: Tank, { levelPct, isCutOff }: Static<typeof TankState>): void {
  if (levelPct !== undefined) tank.fillTo(levelPct);
  if (isCutOff !== undefined) tank.isCutOff = isCutOff;
}
