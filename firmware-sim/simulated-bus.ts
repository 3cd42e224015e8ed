import type { ServiceContext } from '../core/context.ts';
import type { BusConfig } from './config.ts';
import { createDevice } from './devices/devices.ts';
import type { Farm } from './farm/farm.ts';
import { Random } from './farm/random.ts';
import type { Fault } from './faults.ts';
import { type Slave, SlaveBus, type SlaveBusOptions } from './modbus-slave.ts';
import { conversePerMbap } from './transports/modbus-tcp.ts';
import { SerialTransport } from './transports/serial-transport.ts';
import { TcpTransport } from './transports/tcp-transport.ts';
import type { Transport } from './transports/transport.ts';

/** One line of the farm: its devices, and the pseudo-terminal or TCP port on which they are reached. */
export class SimulatedBus {
  readonly #config: BusConfig;
  readonly #context: ServiceContext;
  readonly #slaves: readonly Slave[];
  #lastTurn: Promise<void> = Promise.resolve();
  readonly #transport: Transport;
  #isOpen = false;

  constructor(config: BusConfig, farm: Farm, seed: number, portPath: string, context: ServiceContext) {
    this.#config = config;
    this.#context = context;
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
    const random = new Random(seed, `bus ${config.id}`);
    const line = { slaves: this.#slaves, clock: context.clock, random, baud: config.baud };
    this.#transport = createTransport(config, line, portPath, context);
  }

  /** Path of the port, or host and port: the same from start to start. */
  get portPath(): string {
    return this.#transport.address;
  }

  get id(): string {
    return this.#config.id;
  }

  get isPlugged(): boolean {
    return this.#isOpen;
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
    if (this.#isOpen) return;
    await this.#transport.open();
    this.#isOpen = true;
    this.#context.log.info(
      { bus: this.#config.id, units: this.#slaves.length },
      `simulated Modbus on ${this.portPath}`,
    );
  }

  async #closePort(): Promise<void> {
    this.#isOpen = false;
    // Also where opening failed half way.
    await this.#transport.close();
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

function createTransport(
  { transport, tcpPort }: BusConfig,
  line: Omit<SlaveBusOptions, 'send'>,
  portPath: string,
  context: ServiceContext,
): Transport {
  switch (transport ?? 'serial') {
    case 'serial':
      return new SerialTransport(portPath, line, context);
    case 'rtu-over-tcp':
      return new TcpTransport(tcpPort!, (send) => new SlaveBus({ ...line, send }));
    case 'modbus-tcp':
      return new TcpTransport(tcpPort!, (send, hangUp) => conversePerMbap(line, send, hangUp));
  }
}
