import { join } from 'node:path';
import type { Cancel } from '../core/clock.ts';
import type { ServiceContext } from '../core/context.ts';
import { FolderLock } from '../core/folder-lock.ts';
import type { Service } from '../core/lifecycle.ts';
import { checkSimulator, type SimulatorConfig } from './config.ts';
import { ControlDoor } from './control-door.ts';
import { Farm, type FarmEvent } from './farm/farm.ts';
import type { FarmFault } from './farm/farm-faults.ts';
import type { Fault } from './faults.ts';
import { GnssReceiver } from './gnss/gnss-receiver.ts';
import { Journal, type Moment } from './journal.ts';
import type { LinkChange } from './links/link-config.ts';
import { SimulatedLinks } from './links/simulated-links.ts';
import { LoadFleet } from './load/load-fleet.ts';
import { SimulatedModem } from './modem/simulated-modem.ts';
import { NbiotNode } from './nbiot/nbiot-node.ts';
import { SimulatedBus } from './simulated-bus.ts';

/** A farm that lives, with its devices on serial ports. */
export interface Simulator extends Service {
  readonly farm: Farm;
  /** The serial port of a bus; there while the simulator is up. */
  portPath(bus: string): string;
  readonly journal: Journal;
  /** Since when each valve that is not closed has been so, by zone. */
  readonly openSince: ReadonlyMap<string, Moment>;
  readonly buses: ReadonlyMap<string, SimulatedBus>;
  readonly nodes: ReadonlyMap<string, NbiotNode>;
  readonly receivers: ReadonlyMap<string, GnssReceiver>;
  readonly links: SimulatedLinks;
  /** Where `load` is set. */
  readonly load: LoadFleet | undefined;
  /** Where `control` is set: its door, for `ControlClient`. */
  readonly controlPath: string;
  readonly now: () => Moment;
  /** Throws a RangeError where there is none, as all that take a bus. */
  bus(id: string): SimulatedBus;
  /** Throws a RangeError where there is none. */
  node(id: string): NbiotNode;
  receiver(id: string): GnssReceiver;
  /** What befalls the packets of a link from now on. */
  changeLink(id: string, change: LinkChange): void;
  /** Replaces what is wrong with one device; an empty list mends it. */
  setFaults(bus: string, unit: number, faults: readonly Fault[]): void;
  /** Breaks something in valves and pipes, or replaces the fault of that name; `undefined` mends it. */
  setFarmFault(id: string, fault: FarmFault | undefined): void;
  /** Pulls a line out of its adapter (its port vanishes) or plugs it in (it is there again under the same name). */
  setPlugged(bus: string, plugged: boolean): Promise<void>;
}

/** One step of valves and devices: always this long, so that the same seed lives the same life on any machine. */
const TICK_S = 0.1;

/** A machine that slept does not make up for more than this: its devices were off. */
const LONGEST_CATCH_UP_S = 60;

/** Throws `CONFIG_INVALID` where the parts of the configuration contradict each other. */
export function createSimulator(config: SimulatorConfig, context: ServiceContext): Simulator {
  checkSimulator(config);
  return new FarmSimulator(config, context);
}

class FarmSimulator implements Simulator {
  readonly name = 'simulator';
  readonly farm: Farm;
  readonly journal: Journal;
  readonly buses: ReadonlyMap<string, SimulatedBus>;
  readonly nodes: ReadonlyMap<string, NbiotNode>;
  readonly receivers: ReadonlyMap<string, GnssReceiver>;
  readonly links: SimulatedLinks;
  readonly load: LoadFleet | undefined;
  readonly controlPath: string;
  readonly openSince = new Map<string, Moment>();
  readonly #context: ServiceContext;
  readonly #door: ControlDoor | undefined;
  readonly #modem: SimulatedModem | undefined;
  #lock: FolderLock | undefined;
  #cancelTick: Cancel | undefined;
  #livedUntilMs = 0;
  #isCatchingUp = false;
  #isUp = false;

  constructor(config: SimulatorConfig, context: ServiceContext) {
    this.#context = context;
    const startMs = config.startTime === undefined ? context.clock.nowMs() : Date.parse(config.startTime);
    this.journal = new Journal(this.now);
    this.farm = new Farm(config, {
      seed: config.seed,
      startMs,
      skySpeed: config.speed,
      notice: (event) => this.#notice(event),
    });
    this.buses = new Map(
      config.buses.map((bus) => {
        const portPath = join(context.dataFolder, 'sim', bus.id);
        return [bus.id, new SimulatedBus(bus, this.farm, config.seed, portPath, context)];
      }),
    );
    this.nodes = new Map(
      config.nodes.map((node) => [node.id, new NbiotNode(node, this.farm, config.seed, context)]),
    );
    this.receivers = new Map(
      config.receivers.map((one) => [one.id, new GnssReceiver(one, config.place, config.seed, context)]),
    );
    if (config.modem) {
      const { id, pin } = config.modem;
      const path = join(context.dataFolder, 'sim', id);
      this.#modem = new SimulatedModem(path, context.clock, (sms) => context.log.info(sms, 'an SMS'));
      if (pin !== undefined) Object.assign(this.#modem, { pin }).faults.sim = 'pin';
    }
    this.links = new SimulatedLinks(config.links, config.seed, context.log);
    this.load = config.load && new LoadFleet(config.load, config.seed, context);
    this.controlPath = join(context.dataFolder, 'sim', 'control.sock');
    if (config.control) this.#door = new ControlDoor(this.controlPath, this, context.log);
  }

  /** What a tick brings happens at the tick’s time, though a busy machine may live through it a little later. */
  readonly now = (): Moment => {
    const { clock } = this.#context;
    const nowMs = clock.monotonicMs();
    const monotonicMs = this.#isCatchingUp ? this.#livedUntilMs : nowMs;
    return { monotonicMs, utcMs: clock.nowMs() - (nowMs - monotonicMs) };
  };

  async start(): Promise<void> {
    try {
      // A second simulator would take the ports of the first away.
      this.#lock ??= new FolderLock(join(this.#context.dataFolder, 'simulator'));
      for (const bus of this.buses.values()) await bus.open();
      for (const receiver of this.receivers.values()) await receiver.open();
      await this.#modem?.plug();
      for (const node of this.nodes.values()) await node.open();
      await this.links.open();
      await this.#door?.open();
      this.load?.start();
    } catch (error) {
      await this.#closeAll();
      throw error;
    }
    this.#livedUntilMs = this.#context.clock.monotonicMs();
    this.#isUp = true;
    this.#planTick();
  }

  async stop(): Promise<void> {
    this.#isUp = false;
    this.#cancelTick?.();
    this.#cancelTick = undefined;
    await this.#closeAll();
  }

  portPath(bus: string): string {
    return this.bus(bus).portPath;
  }

  setFaults(bus: string, unit: number, faults: readonly Fault[]): void {
    this.bus(bus).setFaults(unit, faults);
  }

  setFarmFault(id: string, fault: FarmFault | undefined): void {
    if (fault) this.farm.setFault(id, fault);
    else this.farm.clearFault(id);
    this.journal.add({ fault: id, event: fault ? 'set' : 'mended' });
  }

  async setPlugged(bus: string, plugged: boolean): Promise<void> {
    const line = this.bus(bus);
    if (!this.#isUp) throw new RangeError('the simulator is not up');
    this.journal.add({ bus, event: plugged ? 'plugged' : 'unplugged' });
    await (plugged ? line.open() : line.close());
  }

  changeLink(id: string, change: LinkChange): void {
    this.links.change(id, change);
    this.journal.add({ link: id, event: 'changed' });
  }

  node(id: string): NbiotNode {
    const node = this.nodes.get(id);
    if (!node) throw new RangeError(`the simulator has no node ${id}`);
    return node;
  }

  receiver(id: string): GnssReceiver {
    const receiver = this.receivers.get(id);
    if (!receiver) throw new RangeError(`the simulator has no receiver ${id}`);
    return receiver;
  }

  bus(id: string): SimulatedBus {
    const bus = this.buses.get(id);
    if (!bus) throw new RangeError(`the simulator has no bus ${id}`);
    return bus;
  }

  #planTick(): void {
    this.#cancelTick = this.#context.clock.after(TICK_S * 1000, () => {
      this.#catchUp();
      this.#planTick();
    });
  }

  #catchUp(): void {
    const nowMs = this.#context.clock.monotonicMs();
    this.#livedUntilMs = Math.max(this.#livedUntilMs, nowMs - LONGEST_CATCH_UP_S * 1000);
    this.#isCatchingUp = true;
    while (this.#livedUntilMs + TICK_S * 1000 <= nowMs) {
      this.#livedUntilMs += TICK_S * 1000;
      for (const bus of this.buses.values()) bus.step(TICK_S);
      for (const node of this.nodes.values()) node.step(TICK_S);
      this.farm.step(TICK_S);
    }
    this.#isCatchingUp = false;
  }

  #notice(event: FarmEvent): void {
    this.journal.add(event);
    if (event.event === 'opened') this.openSince.set(event.zone, this.now());
    if (event.event === 'closed') this.openSince.delete(event.zone);
  }

  async #closeAll(): Promise<void> {
    await this.load?.stop();
    await this.#door?.close();
    await this.links.close();
    for (const node of this.nodes.values()) await node.close();
    for (const receiver of this.receivers.values()) await receiver.close();
    await this.#modem?.unplug();
    for (const bus of this.buses.values()) await bus.close();
    this.#lock?.release();
    this.#lock = undefined;
  }
}
