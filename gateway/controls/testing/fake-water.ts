import { pino } from 'pino';
import { Type } from 'typebox';
import type { CommandRequest } from '../../../core/command.ts';
import { checkConfig } from '../../../core/config.ts';
import { SluiceError } from '../../../core/errors.ts';
import type { GatewayEvent } from '../../../core/gateway-event.ts';
import { findQuantity } from '../../../core/quantities.ts';
import { DATA_TYPES } from '../../../core/sparkplug/payload.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import type {
  DeviceSpec,
  Driver,
  MetricSpec,
  Outcome,
  Sample,
  WriteRequest,
  WriteResult,
} from '../../driver.ts';
import { IrrigationConfig } from '../config.ts';
import { Controls } from '../controls.ts';

const metric = (
  quantity: string,
  point: string,
  zone: string,
  more: Partial<MetricSpec> = {},
): MetricSpec => {
  const [measurement = '', field = ''] = quantity.split('/');
  const found = findQuantity(measurement, field)!;
  return { quantity: found, point, zone, link: '', class: '', dataType: DATA_TYPES.Double, ...more };
};
const valve = (point: string, zone: string) =>
  metric('irrigation/valve_state', point, zone, {
    dataType: DATA_TYPES.Boolean,
    write: { role: 'valve', safeValue: false, hasDeviceTimer: false },
  });

const V1 = valve('v1', 'north');
const V2 = valve('v2', 'south');
const W1 = valve('w1', 'hill');
const PUMP = metric('irrigation/pump_state', '', '', {
  dataType: DATA_TYPES.Boolean,
  write: { role: 'pump', safeValue: false, hasDeviceTimer: false },
});
const DOSE = metric('irrigation/dose_ec', '', '', {
  write: { role: 'setting', safeValue: 0, min: 500, max: 3_000, hasDeviceTimer: false },
});
const FLOW = metric('irrigation/flow', '', '');
const PRESSURE = metric('irrigation/pressure', '', '');

export const METRICS = { V1, V2, W1, PUMP, DOSE, FLOW, PRESSURE };

const Settings = Type.Object({ irrigation: IrrigationConfig }, { additionalProperties: false });
const WRITE_MS = 50;

/** Devices that hold what they were last told, with the faults that a test switches on. */
export class FakeWater implements Driver {
  readonly devices: readonly DeviceSpec[] = [
    { id: 'valves', metrics: [V1, V2], groups: [] },
    { id: 'hill', metrics: [W1], groups: [] },
    { id: 'drive', metrics: [PUMP], groups: [] },
    { id: 'doser', metrics: [DOSE], groups: [] },
    { id: 'meter', metrics: [FLOW, PRESSURE], groups: [] },
  ];
  readonly clock: FakeClock;
  readonly held = new Map<MetricSpec, number | boolean>([
    [V1, false],
    [V2, false],
    [W1, false],
    [PUMP, false],
    [DOSE, 0],
  ]);
  /** Every change of what is held, in order: `valves v1 true`. */
  readonly acts: string[] = [];
  readonly asked: WriteRequest[] = [];
  readonly silent = new Set<string>();
  readonly sleeping = new Set<string>();
  /** What the device keeps although it was told something else. */
  readonly stuck = new Map<MetricSpec, number | boolean>();
  writeMs = WRITE_MS;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  write(request: WriteRequest): Promise<WriteResult> {
    this.asked.push(request);
    if (this.sleeping.has(request.device)) return Promise.resolve({ kind: 'queued' });
    return new Promise((resolve, reject) => {
      this.clock.after(this.writeMs, () => {
        if (this.silent.has(request.device)) {
          reject(new SluiceError('MODBUS_TIMEOUT', { unit: 1, bus: 'fake', timeoutMs: this.writeMs }));
          return;
        }
        this.put(request.metric, request.value);
        resolve({ kind: 'done', value: this.held.get(request.metric)! });
      });
    });
  }

  put(one: MetricSpec, value: number | boolean): void {
    const next = this.stuck.get(one) ?? value;
    if (this.held.get(one) === next) return;
    this.held.set(one, next);
    const device = this.devices.find(({ metrics }) => metrics.includes(one))!;
    this.acts.push(`${device.id}${one.point ? ` ${one.point}` : ''} ${next}`);
  }

  async stop(): Promise<void> {}
}

/** Controls over fake water, a fake clock, and all that they tell. */
export function setUpControls(
  irrigation: unknown = {},
  folder = temporaryFolder(),
  water = new FakeWater(new FakeClock()),
) {
  const { clock } = water;
  const events: GatewayEvent[] = [];
  const lines: string[] = [];
  let isClockGood = true;
  let isAllKept = true;
  const controls: Controls = new Controls({
    irrigation: checkConfig(Settings, { irrigation: structuredClone(irrigation) }).irrigation,
    drivers: [water],
    clock,
    log: pino({}, { write: (line) => lines.push(line) }),
    folder,
    emit: (event) => events.push(event),
    isAllKept: () => isAllKept,
    isClockGood: () => isClockGood,
    deliver: (outcome) => controls.observe(outcome),
  });
  const see = (device: string, samples: readonly [MetricSpec, Sample['value']][]): Outcome =>
    controls.observe({
      device,
      timeMs: clock.nowMs(),
      isReached: true,
      samples: samples.map(([one, value]) => ({ metric: one, value, quality: 'good' })),
    });
  /** What a poll of every device that answers would show. */
  const poll = () => {
    for (const { id, metrics } of water.devices) {
      if (water.silent.has(id)) continue;
      const held = metrics.filter((one) => water.held.has(one));
      see(
        id,
        held.map((one) => [one, water.held.get(one)!]),
      );
    }
  };
  /** Time goes on with a poll and the meters every second. */
  const live = async (forMs: number, meters: { flow?: number; pressure?: number } = {}) => {
    for (let left = forMs; left > 0; left -= 1_000) {
      await clock.advance(Math.min(1_000, left));
      poll();
      if (meters.flow !== undefined) see('meter', [[FLOW, meters.flow]]);
      if (meters.pressure !== undefined) see('meter', [[PRESSURE, meters.pressure]]);
    }
  };
  const start = async () => {
    const started = controls.start();
    await clock.advance(500);
    await started;
  };
  let sent = 0;
  const command = (parts: Partial<CommandRequest> = {}): string => {
    const id = parts.id ?? `c${++sent}`;
    controls.handle({
      id,
      device: 'valves',
      metric: 'irrigation/valve_state/v1',
      value: true,
      leaseMs: 60_000,
      expiresAtMs: 0,
      issuer: 'tester',
      ...parts,
    });
    return id;
  };
  return {
    clock,
    water,
    controls,
    events,
    folder,
    see,
    poll,
    live,
    start,
    command,
    logged: () => lines.map((line) => JSON.parse(line) as { msg: string; code?: string }),
    setClockGood: (isGood: boolean) => {
      isClockGood = isGood;
    },
    setAllKept: (isKept: boolean) => {
      isAllKept = isKept;
    },
    outcomes: () =>
      events.flatMap((event) => (event.kind === 'command' ? [`${event.command} ${event.outcome}`] : [])),
    reasons: () => events.flatMap((event) => (event.kind === 'command' ? [event.reason?.code] : [])),
    alarms: () =>
      events.flatMap((event) => (event.kind === 'safety' ? [`${event.rule} ${event.isRaised}`] : [])),
    ended: () =>
      events.flatMap((event) =>
        event.kind === 'lease-ended' ? [`${event.cause} ${event.isConfirmed}`] : [],
      ),
  };
}
