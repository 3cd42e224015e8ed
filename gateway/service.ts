import { join } from 'node:path';
import { brokerLogin } from '../core/broker-connection.ts';
import type { CommandRequest } from '../core/command.ts';
import type { ServiceContext } from '../core/context.ts';
import { asSluiceError, SluiceError } from '../core/errors.ts';
import type { GatewayEvent } from '../core/gateway-event.ts';
import type { Service } from '../core/lifecycle.ts';
import type { Log } from '../core/log.ts';
import { type GatewayCondition, ManagedGateway, type RunningGateway } from './care/managed-gateway.ts';
import type { GatewayConfig } from './config.ts';
import { Controls } from './controls/controls.ts';
import { DeviceWatch } from './device-watch.ts';
import {
  type DeviceSpec,
  type Driver,
  type DriverContext,
  GATEWAY_ITSELF,
  isWayGone,
  type Outcome,
} from './driver.ts';
import { createDriver } from './drivers/create-driver.ts';
import { prefixProblems } from './drivers/links/plan-bounds.ts';
import { PlanReception } from './drivers/links/plan-reception.ts';
import { BdSeqFile } from './edge/bd-seq-file.ts';
import { EdgeClient } from './edge/edge-client.ts';
import { EVENT, MetricTable } from './edge/metric-table.ts';
import { gatewayFolder } from './gateway-folder.ts';
import { DropWatch, diskEvent } from './outbox/condition-events.ts';
import { OutboxDriver } from './outbox/outbox-driver.ts';
import { SafeOutbox } from './outbox/safe-outbox.ts';
import { Poller } from './poller.ts';
import { type ProbeReport, probeDevice } from './probe-device.ts';
import { reportProblems, reportRules } from './report-config.ts';
import { ReportFilter } from './report-filter.ts';
import { clockSetEvent } from './time/clock-set-event.ts';
import { createGatewayClock } from './time/create-gateway-clock.ts';
import type { GatewayClock } from './time/gateway-clock.ts';

/** A gateway with everything that `config` names. Touches neither hardware nor network before `start`. */
export function createGateway(config: GatewayConfig, context: ServiceContext): Service {
  return new ManagedGateway(config, context, (...parts) => new Gateway(...parts));
}

/** From one start to one stop, with the same settings: `ManagedGateway` makes another where they change. */
class Gateway implements RunningGateway {
  readonly name: string;
  readonly #log: Log;
  readonly #drivers: readonly Driver[];
  readonly #outbox: SafeOutbox;
  readonly #table: MetricTable;
  readonly #edge: EdgeClient;
  readonly #poller: Poller;
  readonly #watch = new DeviceWatch();
  readonly #reports: ReportFilter;
  readonly #clock: GatewayClock;
  readonly #controls: Controls;
  readonly #plans: PlanReception | undefined;
  #isPlanTold = false;
  #trace: DriverContext['trace'];
  #opening: Promise<void> | undefined;
  readonly #started = new Set<Driver>();
  #isStarted = false;

  constructor(config: GatewayConfig, context: ServiceContext, onCare: (text: string) => void) {
    // What no schema can see.
    refuse(
      doubles(
        'driver',
        config.drivers.map(({ id }) => id),
      ),
    );
    refuse(reportProblems(config.report));
    this.#reports = new ReportFilter(reportRules(config.report));
    const { site, gateway } = config;
    const { configFolder, dataFolder } = context;
    this.name = `gateway ${gateway}`;
    const folder = gatewayFolder(dataFolder, config);
    this.#log = context.log;
    const clock = createGatewayClock(config.clock, context.clock, folder, this.#log);
    this.#clock = clock;
    clock.onChange((change) => {
      const event = clockSetEvent(change, clock.nowMs());
      if (event) this.emit(event);
    });
    this.onCare = onCare;
    this.#outbox = new SafeOutbox({
      folder: join(folder, 'outbox'),
      config: config.outbox,
      clock,
      stamps: clock,
      log: this.#log,
    });
    this.#outbox.onLedgerChanged = () => this.#edge.rebirth();
    this.#outbox.onTrouble = (error) => this.emit(diskEvent(error, clock.nowMs()));
    const drops = new DropWatch(this.#log);
    const deliver = (outcome: Outcome) => {
      try {
        this.#deliver(outcome);
      } catch (thrown) {
        // A value that does not fit its declared type is a mistake of that driver, and stays with it.
        this.#log.error({ device: outcome.device, err: thrown }, asSluiceError(thrown).message);
      }
    };
    const traceNow = () => this.#trace;
    const driverContext: DriverContext = {
      clock,
      log: this.#log,
      configFolder,
      dataFolder,
      ownFolder: folder,
      deliver,
      settleWrite: (id, end) => this.#controls.settleWrite(id, end),
      observeTime: (observation) => clock.observe(observation),
      clockStatus: () => clock.status(),
      get trace() {
        return traceNow();
      },
    };
    const configured = config.drivers.map((one) => createDriver(one, driverContext));
    this.#controls = new Controls({
      irrigation: config.irrigation,
      drivers: configured,
      clock,
      log: this.#log,
      folder,
      emit: (event) => this.emit(event),
      isAllKept: () => this.#outbox.isAllKept,
      isClockGood: () => clock.stamp(clock.nowMs()).clock === 'synced',
      deliver,
    });
    const { readings } = this.#controls;
    this.#plans = this.#planReception(configured, folder);
    const outboxDriver = new OutboxDriver(this.#outbox, clock, (status) => {
      const event = drops.look(status, clock.nowMs());
      if (event) this.emit(event);
    });
    this.#drivers = [...configured, readings, outboxDriver];
    const devices = this.#drivers.flatMap((driver) => driver.devices);
    refuse(
      doubles(
        'device',
        devices.map(({ id }) => id),
      ),
    );
    this.#table = new MetricTable(this.#tableDevices());
    this.#edge = new EdgeClient({
      site,
      gateway,
      url: config.broker.url,
      login: brokerLogin(config.broker, configFolder),
      primaryHost: config.primaryHost,
      table: this.#table,
      outbox: this.#outbox,
      bdSeqFile: new BdSeqFile(folder),
      clock,
      log: this.#log,
      onCommand: (request) => this.onCommand(request),
      onCare: (text) => this.onCare(text),
      onPlan: (text) => this.#onPlan(text),
      planVersion: () => this.#plans?.version,
    });
    this.#poller = new Poller(this.#drivers, clock, deliver);
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#clock.start();
    // A long backlog takes a while to read, which is no reason to leave a valve open.
    this.#opening ??= this.#outbox.open();
    // A driver that cannot start must not leave the valves of the others open, nor one that takes its time.
    const starts = Promise.allSettled(this.#drivers.map((driver) => this.#startDriver(driver, signal)));
    // Safe before anything else: before any poll, and before any command can come.
    await this.#controls.start(signal);
    const failed = (await starts).find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    await this.#opening;
    if (this.#isStarted || signal.aborted) return;
    this.#isStarted = true;
    this.#edge.start();
    this.#poller.start();
  }

  async #startDriver(driver: Driver, signal: AbortSignal): Promise<void> {
    if (this.#started.has(driver)) return;
    await driver.start?.(signal);
    this.#started.add(driver);
  }

  async stop(): Promise<void> {
    // While the drivers still reach their devices.
    await this.#controls.stop();
    const polls = this.#poller.stop();
    await Promise.all(this.#drivers.map((driver) => driver.stop()));
    await polls;
    await this.#edge.stop();
    await this.#opening;
    await this.#outbox.close();
    this.#clock.stop();
  }

  /**
   * Tells the hosts at least once: it survives `kill -9` from when this returns, unless the outbox is not open yet or the
   * disk takes nothing. May be called from the moment that drivers are started.
   */
  readonly emit = (event: GatewayEvent): void => {
    // An event tells its time itself, and waits for no better one.
    const { timeMs, clock } = this.#clock.stamp(this.#clock.nowMs());
    const samples = [{ metric: EVENT, value: JSON.stringify(event), quality: 'good' as const }];
    this.#outbox.add({ device: GATEWAY_ITSELF, stamp: { timeMs, clock }, samples });
    this.#outbox.flush();
    this.#edge.pump();
  };

  /** A command has come in for one of the devices, or for a lock of the gateway's own. */
  readonly onCommand = (request: CommandRequest): void => this.#controls.handle(request);

  /** Takes the text of a `Care/Request`, not looked into yet. */
  readonly onCare: (text: string) => void;

  get devices(): readonly string[] {
    return deviceIds(this.#drivers);
  }

  #tableDevices(): DeviceSpec[] {
    return [...this.#drivers.flatMap(({ devices }) => devices), ...this.#controls.readings.leases];
  }

  #planReception(configured: readonly Driver[], folder: string): PlanReception | undefined {
    const takers = configured.filter(takesPlans);
    const [driver, second] = takers;
    if (second) refuse(['drivers: two of them take plans of links; keep one']);
    if (!driver) return undefined;
    refuse(prefixProblems(driver.takesPlans.bounds).map((one) => `drivers: plan.to: ${one}`));
    const plans = new PlanReception({
      ...{ folder, driver, log: this.#log },
      nowMs: () => this.#clock.nowMs(),
      others: () =>
        new Set(deviceIds([...configured.filter((one) => one !== driver), this.#controls.readings])),
      allowReflection: (addresses) => {
        for (const one of configured) one.allowReflection?.(addresses);
      },
      replaced: (before) => this.#replaced(driver, before),
      emit: (event) => this.emit(event),
    });
    plans.takeUp();
    return plans;
  }

  /** Everything else goes on: what was polled is polled, and what is open stays open. */
  #replaced(driver: Driver, before: readonly string[]): void {
    this.#table.replace(this.#tableDevices());
    const now = new Set(driver.devices.map(({ id }) => id));
    const gone = before.filter((id) => !now.has(id));
    for (const device of gone) {
      this.#watch.forget(device);
      this.#reports.forget(device);
    }
    this.#edge.devicesReplaced(gone);
  }

  #onPlan(text: string): void {
    if (this.#plans) this.#plans.take(text);
    else if (!this.#isPlanTold)
      this.#log.warn({}, 'a plan of links is passed over: no driver here takes one');
    this.#isPlanTold = true;
  }

  condition(): GatewayCondition {
    return { isOnline: this.#edge.isOnline, devicesUp: this.#watch.devicesUp };
  }

  probe(device: string, signal: AbortSignal): Promise<ProbeReport> {
    const driver = this.#drivers.find(({ devices }) => devices.some(({ id }) => id === device))!;
    return probeDevice(driver, device, this.#clock, signal, (trace) => {
      this.#trace = trace;
    });
  }

  trouble(): SluiceError | undefined {
    const troubles = [this.#edge.trouble, this.#outbox.trouble()];
    return (
      troubles.find((error) => error) ??
      this.#drivers.map((driver) => driver.trouble?.()).find((error) => error)
    );
  }

  #deliver(heard: Outcome): void {
    const outcome = this.#controls.observe(heard);
    const { device, timeMs, samples, error } = outcome;
    const stamp = this.#outbox.stamp(timeMs);
    const kept = this.#table.record(samples, stamp);
    if (!this.#table.has(device)) {
      // The last that is told of a link that is no longer planned.
      if (kept.length > 0) this.#outbox.add({ device, stamp, samples: kept });
      this.#edge.pump();
      return;
    }
    const change = this.#watch.observe(outcome);
    if (change.isErrorNew && error) this.#warn(device, error);
    if (change.device === 'up' && device !== GATEWAY_ITSELF) {
      this.#log.info({ device }, `${device} answers`);
      this.#reports.forget(device);
      this.#edge.deviceUp(device);
    }
    const worth = new Set(this.#reports.pass(device, samples, timeMs));
    const news = kept.filter((_, at) => worth.has(samples[at]!));
    if (news.length > 0) this.#outbox.add({ device, stamp, samples: news });
    this.#edge.pump();
    if (change.device === 'down') {
      this.#log.warn({ device, ...(error ? { code: error.code } : {}) }, `${device} is down`);
      this.#edge.deviceDown(device);
    }
  }

  /** A port that is away is no news of each device on it: the bus has said so. */
  #warn(device: string, error: SluiceError): void {
    if (!isWayGone(error)) this.#log.warn({ device, code: error.code }, error.message);
  }
}

function deviceIds(drivers: readonly Driver[]): string[] {
  const ids = drivers.flatMap(({ devices }) => devices.map(({ id }) => id));
  return [...new Set(ids)].filter((id) => id !== GATEWAY_ITSELF);
}

function takesPlans(driver: Driver): driver is Driver & Required<Pick<Driver, 'takesPlans'>> {
  return driver.takesPlans !== undefined;
}

function doubles(kind: 'device' | 'driver', ids: readonly string[]): string[] {
  return ids
    .filter((id, index) => id !== GATEWAY_ITSELF && ids.indexOf(id) !== index)
    .map((id) => `drivers: the ${kind} id "${id}" stands twice; each needs its own`);
}

function refuse(problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new SluiceError('CONFIG_INVALID', { problems: problems.map((one) => `  ${one}`).join('\n') });
}
