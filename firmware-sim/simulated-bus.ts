import type { ServiceContext } from '../core/context.ts';
import type { BusConfig } from './config.ts';
import { createDevice } from './devices/devices.ts';
import type { Farm } from './farm/farm.ts';
import { Random } from './farm/random.ts';
import type { Fault } from './faults.ts';
import { type Slave, SlaveBus } from './modbus-slave.ts';
import { placeLink, removeLink } from './port-link.ts';
import { Pty } from './pty.ts';

/** One serial line of the farm: its devices, and the pseudo-terminal on which they are reached. */
export class SimulatedBus {
  /** Stays the same from start to start. */
  readonly portPath: string;
  readonly #config: BusConfig;
  readonly #context: ServiceContext;
  readonly #random: Random;
  readonly #slaves: readonly Slave[];
  #lastTurn: Promise<void> = Promise.resolve();
  #open: { readonly pty: Pty; readonly slaves: SlaveBus } | undefined;

  constructor(config: BusConfig, farm: Farm, seed: number, portPath: string, context: ServiceContext) {
    this.#config = config;
    this.#context = context;
    this.portPath = portPath;
    this.#random = new Random(seed, `bus ${config.id}`);
    this.#slaves = config.devices.map((device): Slave => {
      const name = `bus ${config.id} unit ${device.unit}`;
      const random = new Random(seed, name);
      const faultRandom = new Random(seed, `${name} faults`);
      return {
        unit: device.unit,
        device: createDevice(device, { farm, random, faultRandom }),
        answerDelayMs: device.answerDelayMs ?? 0,
        faults: device.faults ?? [],
      };
    });
  }

  get id(): string {
    return this.#config.id;
  }

  get isPlugged(): boolean {
    return this.#open !== undefined;
  }

  /** The line's devices, pulled out or not: they keep their power. */
  get slaves(): readonly Slave[] {
    return this.#slaves;
  }

  slave(unit: number): Slave {
    const slave = this.#slaves.find((one) => one.unit === unit);
    if (!slave) throw new RangeError(`bus ${this.#config.id} has no unit ${unit}`);
    return slave;
  }

  /** Makes the port, or makes it anew after `close`; harmless where it is there. */
  open(): Promise<void> {
    return this.#inTurn(() => this.#openPort());
  }

  /** Takes the port away, as a line that is pulled out of its adapter; the devices live on. */
  close(): Promise<void> {
    return this.#inTurn(() => this.#closePort());
  }

  /** Pulling out and plugging in take a moment: one after the other, however fast they are asked for. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#lastTurn.then(work);
    this.#lastTurn = done.catch(() => {});
    return done;
  }

  async #openPort(): Promise<void> {
    if (this.#open) return;
    const { clock, log } = this.#context;
    const pty = await Pty.open(clock, {
      // Through a name of an earlier run somebody may be there before the slaves are.
      receive: (bytes) => this.#open?.slaves.receive(bytes),
      lost: (error) => log.error({ bus: this.#config.id }, `simulated port lost: ${error.message}`),
    });
    const slaves = new SlaveBus({
      slaves: this.#slaves,
      clock,
      random: this.#random,
      baud: this.#config.baud,
      send: (bytes) => pty.write(bytes),
    });
    this.#open = { pty, slaves };
    placeLink(this.portPath, pty.path);
    log.info({ bus: this.#config.id, units: this.#slaves.length }, `simulated Modbus on ${this.portPath}`);
  }

  async #closePort(): Promise<void> {
    if (!this.#open) return;
    const { pty, slaves } = this.#open;
    this.#open = undefined;
    removeLink(this.portPath, pty.path);
    slaves.stop();
    await pty.close();
  }

  step(durationS: number): void {
    for (const { device } of this.#slaves) device.step(durationS);
  }

  setFaults(unit: number, faults: readonly Fault[]): void {
    const slave = this.slave(unit);
    slave.device.setFaults?.(faults);
    slave.faults = faults;
  }
}
