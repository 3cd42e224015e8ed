import {
  type DeviceSpec,
  type Driver,
  type DriverContext,
  type DriverKind,
  GATEWAY_ITSELF,
  type MetricSpec,
  type Outcome,
  type Sample,
} from '../../driver.ts';
import { ownMetrics } from '../own-metric.ts';
import { SystemConfig } from './config.ts';
import { findMachine, type Machine } from './machine.ts';

/** How the machine is doing on which the gateway runs, as readings of the gateway. */
export const systemDriver: DriverKind<typeof SystemConfig> = {
  schema: SystemConfig,
  create: (config, context) => new SystemDriver(config, context, findMachine()),
};

/** What a value must move by to be news, in the unit of its quantity. */
const DEAD_BANDS = {
  cpu: 10,
  memory: 2,
  disk: 1,
  process_memory: 20,
  temperature: 2,
  signal: 3,
  clock_synced: 0,
  clock_offset: 100,
} as const;
type Field = keyof typeof DEAD_BANDS;

export class SystemDriver implements Driver {
  readonly devices: readonly DeviceSpec[];
  readonly #context: DriverContext;
  readonly #machine: Machine;
  readonly #metrics: ReadonlyMap<Field, MetricSpec>;

  constructor(config: SystemConfig, context: DriverContext, machine: Machine) {
    this.#context = context;
    this.#machine = machine;
    const missing: Field[] = (['temperature', 'signal'] as const).filter((field) => !machine[field]);
    const metrics = Object.entries(ownMetrics('gateway', DEAD_BANDS)) as [Field, MetricSpec][];
    this.#metrics = new Map(metrics.filter(([field]) => !missing.includes(field)));
    const groups = [{ id: config.id, everyMs: config.everyMs }];
    this.devices = [{ id: GATEWAY_ITSELF, metrics: [...this.#metrics.values()], groups }];
    if (missing.length > 0)
      context.log.info({ missing }, 'this machine has no sensor for some of its readings');
  }

  async poll(): Promise<Outcome> {
    const { clock, clockStatus, dataFolder } = this.#context;
    const { isSynced, systemOffsetMs } = clockStatus();
    const values: Readonly<Record<Field, number | undefined>> = {
      cpu: this.#machine.cpu(),
      memory: this.#machine.memory(),
      disk: await this.#machine.disk(dataFolder),
      process_memory: process.memoryUsage.rss() / 1e6,
      temperature: this.#machine.temperature?.(),
      signal: await this.#machine.signal?.(),
      clock_synced: isSynced ? 1 : 0,
      clock_offset: systemOffsetMs,
    };
    const samples = [...this.#metrics].flatMap(([field, one]): Sample[] => {
      const value = values[field];
      return value === undefined ? [] : [{ metric: one, value, quality: 'good' }];
    });
    return { device: GATEWAY_ITSELF, timeMs: clock.nowMs(), isReached: true, samples };
  }

  async stop(): Promise<void> {}
}
