import { expect, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import type { Settings } from './farm.ts';
import { BUS, type CommandReply, IrrigationRig } from './irrigation-rig.ts';

/*
 * The interlocks on simulated water, with every program a process of its own and all commands through the API: two main
 * lines on one well, of which the river has a pump.
 */
const POLL_MS = 500;
const GUARD = { exclusive: 'well', holdOffS: 2, staleAfterS: 4, flowAfterS: 2 };

function twoLines({ simulator, gateway }: Settings): void {
  const supply = { pressureKPa: 300, pressureAtRatedFlowKPa: 220, ratedFlowLPerMin: 80 };
  simulator.lines = [
    { id: 'main', supply },
    { id: 'river', supply, pump: { rampHzPerS: 1000 } },
  ];
  simulator.tanks = [];
  const zone = { areaM2: 15, valveFlowLPerMin: 30, valveTravelS: 1 };
  simulator.zones = [
    { ...zone, id: 'north', line: 'main' },
    { ...zone, id: 'south', line: 'main' },
    { ...zone, id: 'bank', line: 'river' },
  ];
  simulator.buses = [
    {
      id: BUS,
      baud: 19_200,
      devices: [
        { unit: 3, kind: 'valve-controller-8', valves: ['north', 'south', 'bank'], maxRunS: 600 },
        { unit: 4, kind: 'flow-meter', line: 'main' },
        { unit: 5, kind: 'flow-meter', line: 'river' },
        { unit: 6, kind: 'pump-drive', line: 'river' },
      ],
    },
  ];
  const everyMs = POLL_MS;
  const points = { v1: { zone: 'north' }, v2: { zone: 'south' }, v3: { zone: 'bank' } };
  const [bus] = gateway.drivers;
  bus.baud = 19_200;
  bus.timeoutMs = 200;
  bus.devices = [
    { id: 'valves', unit: 3, profile: 'valve-controller-8', points, everyMs },
    { id: 'flow-main', unit: 4, profile: 'flow-meter', everyMs },
    { id: 'flow-river', unit: 5, profile: 'flow-meter', everyMs },
    { id: 'drive', unit: 6, profile: 'pump-drive', everyMs },
  ];
  const valve = { device: 'valves', settleS: 2, flowLPerMin: { high: 60 } };
  gateway.irrigation = {
    lines: [
      {
        ...GUARD,
        id: 'main',
        flow: { device: 'flow-main' },
        pressure: { device: 'flow-main' },
        leak: { afterS: 2 },
        noFlow: { afterS: 2, belowLPerMin: 2 },
        lowPressure: { belowKPa: 20, afterS: 1 },
        valves: [
          { ...valve, point: 'v1' },
          { ...valve, point: 'v2' },
        ],
      },
      {
        ...GUARD,
        id: 'river',
        flow: { device: 'flow-river' },
        noFlow: { afterS: 30 },
        valves: [{ ...valve, point: 'v3' }],
        pump: { device: 'drive', runDownS: 1, settleS: 2 },
      },
    ],
  };
}

interface Safety {
  readonly rule: string;
  readonly isRaised: boolean;
}

class Operator {
  readonly rig: IrrigationRig;
  #sent = 0;

  constructor(rig: IrrigationRig) {
    this.rig = rig;
  }

  /** What became of it, and why. */
  async send(device: string, metric: string, value: boolean | number, leaseS: number): Promise<string> {
    const id = `i${++this.#sent}`;
    const wish = { id, device, metric, value, leaseS, validForS: 20 };
    await eventually(() => this.rig.ask(wish), { withinMs: 60_000, everyMs: 200 });
    const reply = await eventually(
      async () => {
        const one = await this.rig.command(id);
        return one?.state !== 'pending' && one;
      },
      { withinMs: 60_000, everyMs: 50 },
    );
    return inShort(reply);
  }

  open(point: string, leaseS = 60): Promise<string> {
    return this.send('valves', `irrigation/valve_state/${point}`, true, leaseS);
  }

  close(point: string): Promise<string> {
    return this.send('valves', `irrigation/valve_state/${point}`, false, 0);
  }

  acknowledge(line: string): Promise<string> {
    return this.send('', `irrigation/interlock/${line}`, 0, 0);
  }

  /** Waits until the latest word on `rule` is this. */
  async hears(rule: string, isRaised = true): Promise<void> {
    await eventually(
      async () => {
        const all = await this.rig.events<Safety & { timeMs: number }>('safety');
        const last = all
          .filter((event) => event.rule === rule)
          .sort((a, b) => a.timeMs - b.timeMs)
          .at(-1);
        if (last?.isRaised !== isRaised)
          throw new Error(`${rule}: ${JSON.stringify(last)} of ${JSON.stringify(all)}`);
        return true;
      },
      { withinMs: 60_000, everyMs: 100 },
    );
  }

  async seesOpenings(...expected: readonly number[]): Promise<void> {
    await eventually(
      async () => {
        const now = await this.rig.openings();
        if (now.join() !== expected.join()) throw new Error(now.join());
        return true;
      },
      { withinMs: 20_000, everyMs: 100 },
    );
  }
}

function inShort({ state, reason }: CommandReply): string {
  return reason?.code === undefined ? state : `${state} ${reason.code}`;
}

const INTERLOCKED = 'refused COMMAND_INTERLOCKED';

const RULES = 'leak, burst, no flow, low pressure, silent meter, stuck valve, pump and two lines on one well';

// Safety gets no second try.
test(RULES, { retry: 0, timeout: 240_000 }, async () => {
  const rig = await IrrigationRig.start(twoLines);
  const operator = new Operator(rig);
  const { open, close, acknowledge, hears, seesOpenings } = bound(operator);

  // Two lines that share a well, and a pump with nothing open.
  // Before the meters have spoken nothing is opened.
  await eventually(async () => (await open('v3')) === 'applied', { withinMs: 60_000 });
  expect(await open('v1')).toBe(INTERLOCKED);
  expect(await operator.send('drive', 'irrigation/pump_frequency_setpoint', 50, 60)).toBe('applied');
  const startPump = () => operator.send('drive', 'irrigation/pump_state', true, 60);
  expect(await startPump()).toBe('applied');
  expect(await close('v3')).toBe('applied');
  // The drive sees its register at its next tick, so what is compared is when each end was confirmed.
  const ended = await eventually(async () => {
    const all = await rig.events<{ metric: string; cause: string; timeMs: number }>('lease-ended');
    const pump = all.find(({ metric, cause }) => metric.endsWith('pump_state') && cause === 'interlock');
    const shut = all.find(({ metric, cause }) => metric.endsWith('/v3') && cause === 'closed');
    return pump && shut && { pumpMs: pump.timeMs, shutMs: shut.timeMs };
  });
  expect(ended.shutMs).toBeGreaterThanOrEqual(ended.pumpMs);
  await eventually(async () => (await rig.journal()).some(({ event }) => event === 'stopped'));
  expect(await startPump()).toBe(INTERLOCKED);

  // A burst behind an open valve: closed, and shut until a person has looked.
  expect(await open('v1')).toBe('applied');
  await rig.setFault('pipe', { kind: 'burst', line: 'main', zone: 'north', flowLPerMin: 150 });
  await hears('high-flow');
  await seesOpenings(0, 0, 0);
  expect(await open('v2')).toBe(INTERLOCKED);
  await rig.mend('pipe');
  expect(await acknowledge('main')).toBe('applied');
  await hears('high-flow', false);

  // Every dripper clogged: water stands, and after a while the line is free again.
  expect(await open('v1')).toBe('applied');
  await rig.setFault('drippers', { kind: 'clogged', zone: 'north', share: 1 });
  await hears('no-flow');
  await seesOpenings(0, 0, 0);
  await rig.mend('drippers');
  await hears('no-flow', false);

  // The supply is gone.
  expect(await open('v2')).toBe('applied');
  await rig.setFault('drought', { kind: 'dry', line: 'main' });
  await hears('low-pressure');
  await seesOpenings(0, 0, 0);
  await rig.mend('drought');
  await hears('low-pressure', false);

  // A leak with nothing open: it latches, and cannot be acknowledged while it runs.
  await rig.setFault('hole', { kind: 'leak', line: 'main', flowLPerMin: 12 });
  await hears('leak');
  expect(await open('v1')).toBe(INTERLOCKED);
  expect(await acknowledge('main')).toBe(INTERLOCKED);
  // Nor does a gateway that is killed forget it.
  await rig.end('gateway', 'SIGKILL');
  rig.run('gateway');
  await rig.mend('hole');
  expect(await open('v1')).toMatch(/^refused COMMAND_/);
  await eventually(async () => (await acknowledge('main')) === 'applied', { withinMs: 60_000 });
  await hears('leak', false);
  await eventually(async () => (await open('v1')) === 'applied', { withinMs: 60_000 });

  // The meter falls silent: nothing is opened unseen.
  await rig.setDeviceFaults(4, [{ kind: 'dead' }]);
  await hears('meter-silent');
  expect(await open('v2')).toBe(INTERLOCKED);
  await rig.setDeviceFaults(4, []);
  await hears('meter-silent', false);
  expect(await close('v1')).toBe('applied');
  await seesOpenings(0, 0, 0);

  // A valve that stands open though it takes every close.
  await rig.setFault('jam', { kind: 'stuck', zone: 'south', at: 'open' });
  await hears('cannot-close');
  await rig.mend('jam');
  await hears('cannot-close', false);
  await seesOpenings(0, 0, 0);

  // Stopped while the line is out: in time, saying so. Started while it is out: closed when it is back.
  await eventually(async () => (await open('v1')) === 'applied', { withinMs: 60_000 });
  await rig.plug(false);
  const stoppingMs = Date.now();
  await rig.end('gateway', 'SIGTERM');
  // It has 4.5 s for its stop, then it ends all the same, and a busy machine takes its time for that; Docker kills after 10 s.
  expect(Date.now() - stoppingMs).toBeLessThan(10_000);
  expect(rig.outputOf('gateway')).toMatch(/MAY STAND OPEN/);
  rig.run('gateway');
  await rig.plug(true);
  await seesOpenings(0, 0, 0);
});

function bound(operator: Operator) {
  return {
    open: operator.open.bind(operator),
    close: operator.close.bind(operator),
    acknowledge: operator.acknowledge.bind(operator),
    hears: operator.hears.bind(operator),
    seesOpenings: operator.seesOpenings.bind(operator),
  };
}
