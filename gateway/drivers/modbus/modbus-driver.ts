import { resolve } from 'node:path';
import { asSluiceError, type SluiceError } from '../../../core/errors.ts';
import { findQuantity } from '../../../core/quantities.ts';
import { DATA_TYPES } from '../../../core/sparkplug/payload.ts';
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
import { ModbusBus } from './bus.ts';
import { type ModbusConfig, modbusConfigSchema } from './config.ts';
import { createModbusDevice, type ModbusDevice, samplesOf } from './modbus-device.ts';
import { loadModbusProfile } from './profile.ts';
import { serialStream } from './serial-stream.ts';

const HEALTH_EVERY_MS = 10_000;

/** Modbus RTU on a serial port: one bus with its devices. */
export const modbusDriver: DriverKind<typeof modbusConfigSchema> = {
  schema: modbusConfigSchema,
  create: (config, context) => new ModbusDriver(config, context),
};

class ModbusDriver implements Driver {
  readonly devices: readonly DeviceSpec[];
  readonly #context: DriverContext;
  readonly #bus: ModbusBus;
  readonly #byId: ReadonlyMap<string, ModbusDevice>;
  readonly #health: ReturnType<typeof busHealth>;

  constructor(config: ModbusConfig, context: DriverContext) {
    const devices = config.devices.map((device) =>
      createModbusDevice(device, loadModbusProfile(device.profile, context.configFolder)),
    );
    const { id, baud, timeoutMs } = config;
    const { clock, log, dataFolder } = context;
    const port = resolve(dataFolder, config.port);
    this.#context = context;
    this.#bus = new ModbusBus({
      id,
      port,
      baud,
      timeoutMs,
      open: serialStream({ ...config, port }),
      clock,
      log,
    });
    this.#byId = new Map(devices.map((device) => [device.spec.id, device]));
    this.#health = busHealth(id);
    this.devices = [...devices.map(({ spec }) => spec), this.#health.spec];
  }

  async poll(deviceId: string, group: string, signal: AbortSignal): Promise<Outcome | undefined> {
    if (deviceId === GATEWAY_ITSELF)
      return this.#health.report(this.#bus.counts, this.#context.clock.nowMs());
    const device = this.#byId.get(deviceId)!;
    if (this.#bus.isResting(device.unit)) return undefined;
    const samples: Sample[] = [];
    let isReached = false;
    let error: SluiceError | undefined;
    for (const read of device.readsOfGroup.get(group) ?? []) {
      if (signal.aborted) break;
      try {
        const answer = await this.#bus.transact(device.unit, read);
        isReached = true;
        samples.push(...samplesOf(read, answer));
      } catch (thrown) {
        error = asSluiceError(thrown);
        // A device that refuses one register answers for others; one that is silent is not asked on.
        if (error.code !== 'MODBUS_EXCEPTION') break;
        isReached = true;
      }
    }
    const outcome = { device: deviceId, timeMs: this.#context.clock.nowMs(), isReached, samples };
    return error ? { ...outcome, error } : outcome;
  }

  stop(): Promise<void> {
    return this.#bus.close();
  }
}

/** How the bus itself is doing, as readings of the gateway. */
function busHealth(bus: string) {
  const metric = (field: string): MetricSpec => ({
    quantity: findQuantity('gateway', field)!,
    point: bus,
    zone: '',
    link: '',
    class: '',
    dataType: DATA_TYPES.Double,
  });
  const errors = metric('bus_errors');
  const timeouts = metric('bus_timeouts');
  const turnaround = metric('turnaround');
  let before = { answers: 0, turnaroundMs: 0 };
  return {
    spec: {
      id: GATEWAY_ITSELF,
      metrics: [errors, timeouts, turnaround],
      groups: [{ id: bus, everyMs: HEALTH_EVERY_MS }],
    },
    report(counts: ModbusBus['counts'], timeMs: number): Outcome {
      const answers = counts.transactions - counts.timeouts - counts.errors;
      const samples: Sample[] = [
        { metric: errors, value: counts.errors, quality: 'good' },
        { metric: timeouts, value: counts.timeouts, quality: 'good' },
      ];
      if (answers > before.answers) {
        const meanMs = (counts.turnaroundMs - before.turnaroundMs) / (answers - before.answers);
        samples.push({ metric: turnaround, value: meanMs, quality: 'good' });
      }
      before = { answers, turnaroundMs: counts.turnaroundMs };
      return { device: GATEWAY_ITSELF, timeMs, isReached: true, samples };
    },
  };
}
