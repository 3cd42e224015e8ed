import { asSluiceError, SluiceError } from '../../../core/errors.ts';
import { ACKNOWLEDGE, type ModbusRequest } from '../../../core/modbus/pdu.ts';
import {
  type DeviceSpec,
  type Driver,
  type DriverContext,
  GATEWAY_ITSELF,
  type Outcome,
  type Sample,
  type WriteRequest,
  type WriteResult,
} from '../../driver.ts';
import { pointProblems } from '../../profiles/device-parts.ts';
import { type BusOptions, ModbusBus } from './bus.ts';
import { BusHealth } from './bus-health.ts';
import type { ModbusDeviceConfig } from './config.ts';
import { createModbusDevice, type ModbusDevice, samplesOf } from './modbus-device.ts';
import { loadModbusProfile, type ModbusProfile } from './profile.ts';

/** Settings that every way to a bus has. */
export interface BusConfig {
  readonly id: string;
  readonly timeoutMs: number;
  readonly devices: readonly ModbusDeviceConfig[];
}

/** What sets one way to a bus apart from the others. */
export type Way = Pick<BusOptions, 'port' | 'baud' | 'open' | 'silenceMs' | 'framing' | 'network'>;

/** One bus with its devices, however it is reached. */
export class ModbusDriver implements Driver {
  readonly devices: readonly DeviceSpec[];
  readonly #context: DriverContext;
  readonly #bus: ModbusBus;
  readonly #byId: ReadonlyMap<string, ModbusDevice>;
  readonly #health: BusHealth;

  constructor(config: BusConfig, way: Way, context: DriverContext) {
    const { id, timeoutMs } = config;
    const { clock, log, configFolder } = context;
    const profiles = config.devices.map(({ profile }) => loadModbusProfile(profile, configFolder));
    refuseMistakes(config, profiles);
    const devices = config.devices.map((device, index) => createModbusDevice(device, profiles[index]!));
    this.#context = context;
    this.#bus = new ModbusBus({ ...way, id, timeoutMs, clock, log, trace: () => context.trace });
    this.#byId = new Map(devices.map((device) => [device.spec.id, device]));
    this.#health = new BusHealth(id, clock.monotonicMs());
    this.devices = [...devices.map(({ spec }) => spec), this.#health.spec];
  }

  trouble(): SluiceError | undefined {
    return this.#bus.trouble;
  }

  async poll(deviceId: string, group: string, signal: AbortSignal): Promise<Outcome | undefined> {
    if (deviceId === GATEWAY_ITSELF) {
      const { clock } = this.#context;
      return this.#health.report(this.#bus.counts, clock.monotonicMs(), clock.nowMs());
    }
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
        // A device that refuses one register answers for others; one that is silent, also where a gateway says so in
        // its place, is not asked on.
        if (error.code !== 'MODBUS_EXCEPTION' || this.#bus.isResting(device.unit)) break;
        isReached = true;
      }
    }
    const outcome = { device: deviceId, timeMs: this.#context.clock.nowMs(), isReached, samples };
    return error ? { ...outcome, error } : outcome;
  }

  /**
   * The timer first, so that what opens also closes if all else fails; then the command; then what the device holds,
   * which alone decides: the answer to a command may be lost, or be that of an earlier one that came late.
   */
  async write({ device: id, metric, value, leaseMs, notAfterMs }: WriteRequest): Promise<WriteResult> {
    const device = this.#byId.get(id)!;
    const { timer, command, readBack, held } = device.writes.get(metric)!.plan(value, leaseMs);
    const send = (request: ModbusRequest, latestMs?: number) =>
      this.#bus.transact(device.unit, request, 'command', latestMs);
    if (timer) await send(timer, notAfterMs);
    const doubt = await send(command, notAfterMs).then(
      () => undefined,
      (thrown) => {
        const error = asSluiceError(thrown);
        if (!mayHaveActed(error)) throw error;
        return error;
      },
    );
    const answer = await send(readBack).catch((thrown) => {
      throw doubt ?? thrown;
    });
    const { value: now, isTaken } = held(answer);
    if (isTaken) return { kind: 'done', value: now };
    if (doubt) throw doubt;
    const name = [metric.quantity.measurement, metric.quantity.field, metric.point].filter(Boolean).join('/');
    throw new SluiceError('WRITE_NOT_TAKEN', {
      device: id,
      metric: name,
      value: String(value),
      held: String(now),
    });
  }

  stop(): Promise<void> {
    return this.#bus.close();
  }
}

/** Whether a command may have reached its device all the same; exception 5 says that it is still being carried out. */
function mayHaveActed({ code, details }: SluiceError): boolean {
  return (
    code === 'MODBUS_TIMEOUT' ||
    code === 'MODBUS_BAD_FRAME' ||
    (code === 'MODBUS_EXCEPTION' && details.exception === ACKNOWLEDGE)
  );
}

/** What no schema can see: two devices at one address, points that the profile does not have. */
function refuseMistakes({ id, devices }: BusConfig, profiles: readonly ModbusProfile[]): void {
  const units = devices.map(({ unit }) => unit);
  const doubles = units
    .filter((unit, index) => units.indexOf(unit) !== index)
    .map((unit) => `  bus ${id}: unit ${unit} stands twice; two devices cannot share an address`);
  const strangers = devices.flatMap((device, index) => pointProblems(device, profiles[index]!));
  const problems = [...doubles, ...strangers];
  if (problems.length > 0) throw new SluiceError('CONFIG_INVALID', { problems: problems.join('\n') });
}
