import { randomUUID } from 'node:crypto';
import type { Cancel, Clock } from '../../core/clock.ts';
import type { CommandRequest } from '../../core/command.ts';
import { asSluiceError, SluiceError, type Words } from '../../core/errors.ts';
import { eventReason, type GatewayEvent } from '../../core/gateway-event.ts';
import { isId } from '../../core/ids.ts';
import type { Log } from '../../core/log.ts';
import { type Driver, LONGEST_INTERVAL_MS, type Outcome, type WriteEnd } from '../driver.ts';
import { stepActuator } from './actuator.ts';
import {
  type ActuatorEffect,
  type ActuatorInput,
  type ActuatorState,
  isReady,
  isSame,
  mayBeOpen,
  NEW_ACTUATOR,
  nextDueMs,
  type Trouble,
} from './actuator-state.ts';
import { CommandDesk } from './command-desk.ts';
import type { IrrigationConfig } from './config.ts';
import { ControlReadings } from './control-readings.ts';
import { type ControlledPoint, controlledPoints, pointKey } from './controlled-points.ts';
import { DeviceLane, type LaneEnd } from './device-lane.ts';
import type { LineEffect } from './judge.ts';
import { FRESH_MS, LineWatch } from './line-watch.ts';
import { valueProblem } from './value-problem.ts';
import { ACKNOWLEDGED, LAST_VALVE, lineWords, OVER, otherLine, pointWords } from './words.ts';

export interface ControlsOptions {
  readonly irrigation: IrrigationConfig;
  readonly drivers: readonly Driver[];
  readonly clock: Clock;
  readonly log: Log;
  /** Where the command book is kept. */
  readonly folder: string;
  emit(event: GatewayEvent): void;
  /** Whether all that was emitted would outlive the process by now. */
  isAllKept(): boolean;
  /** Whether UTC can be trusted well enough to say that a command has expired. */
  isClockGood(): boolean;
  /** For the locks of the lines, when they change. */
  deliver(outcome: Outcome): void;
}

interface Actuator {
  readonly point: ControlledPoint;
  readonly lane: DeviceLane;
  readonly watch: LineWatch | undefined;
  state: ActuatorState;
  cancel: Cancel | undefined;
}

/** How long the start waits for devices to confirm that they are safe; those that are silent are tried on and on. */
const START_WAIT_MS = 5_000;
/** Less than what a service has for its stop, so that drivers and session can still end in order. */
const STOP_WAIT_MS = 3_000;
/** Of it, how long a valve may wait for its pump. */
const STOP_PUMP_MS = 1_000;
const JUDGE_EVERY_MS = 1_000;
/** So many tries of one device have failed until it counts as dead. */
const DEAD_AFTER_FAILURES = 3;
/** Each dead device of a bus makes the tries of the others rarer by this much, or together they leave it no time. */
const SPREAD_MS = 5_000;
const MOST_SPREAD_MS = 60_000;

/**
 * Everything that opens goes through here, and everything that is open is closed from here: commands with their leases,
 * interlocks, the safe start and the safe stop. It decides little itself: `stepActuator` and `judgeLine` do, and this
 * carries out what they say, closes first. A failure to report or to record never keeps anything from being closed.
 *
 * It is long because start, stop, commands, writes, pump and lines all act on the same points, and the order in which they
 * do is what is safe about them: whoever looks for what can open or close something reads this one file.
 */
export class Controls {
  /** Lease times and locks, as a driver among the others. */
  readonly readings: ControlReadings;
  readonly #options: ControlsOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #desk: CommandDesk;
  readonly #actuators: ReadonlyMap<string, Actuator>;
  readonly #watches: readonly LineWatch[];
  /** Commands that have no outcome yet. */
  readonly #requests = new Map<string, CommandRequest>();
  /** Writes without an end, among them those that sleeping devices have not taken yet. */
  readonly #open = new Map<string, { readonly actuator: Actuator; readonly write: number }>();
  /** Per device the points that do not confirm that they are closed: one alarm, not eight. */
  readonly #unclosed = new Map<string, Set<string>>();
  readonly #pumpTimers = new Map<LineWatch, Cancel>();
  readonly #lookers = new Set<() => void>();
  readonly #boot = randomUUID().slice(0, 8);
  #writes = 0;
  #cancelJudge: Cancel | undefined;
  #isStarted = false;
  #isStopping = false;
  #isStopped = false;

  /** Throws `CONFIG_INVALID` where the settings name what the drivers do not have. Touches nothing before `start`. */
  constructor(options: ControlsOptions) {
    const { points, lines } = controlledPoints(options.irrigation, options.drivers);
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#desk = new CommandDesk(options);
    const stateOf = (point: ControlledPoint) => this.#actuators.get(point.key)!.state;
    this.#watches = lines.map((line) => new LineWatch(line, stateOf));
    const lanes = new Map(points.map(({ device }) => [device, new DeviceLane(options.clock)]));
    this.#actuators = new Map(
      points.map((point): [string, Actuator] => {
        const watch = this.#watches.find((one) => one.has(point));
        const lane = lanes.get(point.device)!;
        return [point.key, { point, lane, watch, state: NEW_ACTUATOR, cancel: undefined }];
      }),
    );
    this.readings = new ControlReadings(points, this.#watches, stateOf, options.clock);
  }

  /**
   * Brings everything to its safe value; returns when all have confirmed, the wait for the silent ones is over, or
   * `signal` is given.
   */
  async start(signal?: AbortSignal): Promise<void> {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const all = this.#pumpsFirst();
    for (const actuator of all) this.#step(actuator, { kind: 'close', cause: 'start' });
    this.#desk.open(this.#options.folder);
    for (const watch of this.#watches) {
      watch.begin(this.#clock.monotonicMs(), this.#desk.raised(watch.line.id));
    }
    for (const request of this.#desk.unfinished()) {
      this.#desk.report(request, 'failed', { reason: new SluiceError('COMMAND_INTERRUPTED') });
    }
    const isTried = ({ state: { closing } }: Actuator) =>
      !closing || closing.failures > 0 || closing.isQueued;
    const look = () => this.#look();
    signal?.addEventListener('abort', look, { once: true });
    await this.#until(() => signal?.aborted || this.#isStopping || all.every(isTried), START_WAIT_MS);
    signal?.removeEventListener('abort', look);
    if (!this.#isStopping) this.#judgeOnAndOn();
  }

  /** Closes what it had opened. What could not be closed within the time is told in the log. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const reason = new SluiceError('GATEWAY_STOPPING');
    const all = this.#pumpsFirst();
    const opened = all.filter(({ state }) => state.openSinceMs !== undefined);
    for (const actuator of opened) this.#step(actuator, { kind: 'close', cause: 'closed', reason });
    const isDone = ({ state: { phase, closing } }: Actuator) => phase === 'closed' || closing?.isQueued;
    await this.#until(() => opened.every(isDone), STOP_WAIT_MS);
    // Also what was found at the start, and has not confirmed since.
    for (const actuator of all) {
      const { point, state } = actuator;
      // What its device opened by itself, where that is allowed, was never to be closed.
      const isLetBe = !opened.includes(actuator) && !state.closing;
      if (state.phase === 'unknown' || !mayBeOpen(state) || isLetBe) continue;
      const where = { device: point.device, metric: point.name };
      this.#log.error(where, `${point.name} of ${point.device} MAY STAND OPEN: it could not be closed`);
    }
    this.#isStopped = true;
    this.#cancelJudge?.();
    for (const cancel of this.#pumpTimers.values()) cancel();
    for (const actuator of this.#actuators.values()) actuator.cancel?.();
    this.#desk.close();
  }

  /** Looks at what a device says before it goes out, and adds what the controls know of its points. */
  observe(outcome: Outcome): Outcome {
    const isFresh = Math.abs(this.#clock.nowMs() - outcome.timeMs) < FRESH_MS;
    const own = [...this.#actuators.values()].filter(({ point }) => point.device === outcome.device);
    for (const { metric, value, quality } of isFresh ? outcome.samples : []) {
      const actuator = own.find(({ point }) => point.metric === metric);
      if (!actuator || quality === 'bad' || value === null || typeof value === 'string') continue;
      this.#step(actuator, { kind: 'seen', value: Number(value) });
    }
    if (isFresh) for (const watch of this.#watches) watch.observe(outcome, this.#clock.monotonicMs());
    // A device that is there again is closed at once.
    if (outcome.isReached) for (const actuator of own) this.#step(actuator, { kind: 'reached' });
    if (this.#cancelJudge) for (const watch of this.#watches) this.#judge(watch);
    return this.readings.addTo(outcome);
  }

  /** Each command ends in one outcome; a repeat of its id is told the same and does nothing. Never throws. */
  handle(request: CommandRequest): void {
    try {
      this.#handle(request);
    } catch (thrown) {
      this.#log.error({ err: thrown, command: request.id }, asSluiceError(thrown).message);
    }
  }

  /** The end of a write that a sleeping device had to wait for, perhaps asked for by an earlier run. */
  settleWrite(id: string, end: WriteEnd): void {
    const open = this.#open.get(id);
    if (open) {
      this.#open.delete(id);
      this.#step(open.actuator, endInput(open.write, end));
      return;
    }
    const before = this.#desk.find(id);
    const actuator = before && this.#actuators.get(pointKey(before.device, before.metric));
    // What it opened has no lease any more.
    const isOpen = actuator && end.kind === 'done' && !isSafe(actuator.point, Number(end.value));
    if (isOpen) this.#step(actuator, { kind: 'stray' });
  }

  /** No valve closes against a running pump. */
  #pumpsFirst(): Actuator[] {
    const all = [...this.#actuators.values()];
    const isPump = ({ point, watch }: Actuator) => watch?.line.pump?.point === point;
    return [...all.filter(isPump), ...all.filter((one) => !isPump(one))];
  }

  #handle(request: CommandRequest): void {
    // Nothing would be kept of it any more. Its host sends it again, and the next run acts.
    if (this.#isStopped) return;
    const { id, device, metric } = request;
    if (!isId(id)) {
      this.#desk.report(request, 'refused', { reason: new SluiceError('COMMAND_ID_INVALID') });
      return;
    }
    if (this.#requests.has(id) || this.#desk.isRepeat(id)) return;
    const recordError = this.#desk.record(request);
    const watch = this.readings.watchOf(device, metric);
    const actuator = this.#actuators.get(pointKey(device, metric));
    const reason = this.#problem(request, actuator, watch, recordError);
    if (reason) {
      const outcome = reason.code === 'COMMAND_EXPIRED' ? 'expired' : 'refused';
      this.#desk.report(request, outcome, { reason });
    } else if (watch) {
      this.#acknowledge(request, watch);
    } else if (actuator) {
      this.#requests.set(id, request);
      this.#act(request, actuator);
    }
  }

  #act({ id, value, leaseMs: askedMs, expiresAtMs }: CommandRequest, actuator: Actuator): void {
    if (isSafe(actuator.point, Number(value))) {
      this.#step(actuator, { kind: 'close', cause: 'closed', command: id });
      return;
    }
    const leaseMs = askedMs === 0 ? actuator.point.defaultLeaseMs : askedMs;
    // Without an expiry, it must have reached its device while its lease would still run.
    const withinMs = expiresAtMs === 0 ? leaseMs : expiresAtMs - this.#clock.nowMs();
    const notAfterMs = this.#clock.monotonicMs() + withinMs;
    this.#step(actuator, { kind: 'open', command: id, value: Number(value), leaseMs, notAfterMs });
  }

  /** Why a command may not be acted on. */
  #problem(
    request: CommandRequest,
    actuator: Actuator | undefined,
    watch: LineWatch | undefined,
    recordError: SluiceError | undefined,
  ): SluiceError | undefined {
    const { device, metric, value, leaseMs } = request;
    if (!actuator && !watch) return new SluiceError('COMMAND_POINT_UNKNOWN', { device, metric });
    const problem = valueProblem(actuator?.point.write ?? { safeValue: 0, min: 0, max: 0 }, value);
    if (problem) return new SluiceError('COMMAND_VALUE_INVALID', { value: String(value), problem });
    const isClose = !actuator || isSafe(actuator.point, Number(value));
    const late = this.#lateness(request, isClose);
    if (late || isClose) return late;
    return recordError ?? this.#refusal(actuator, leaseMs === 0 ? actuator.point.defaultLeaseMs : leaseMs);
  }

  #lateness({ expiresAtMs }: CommandRequest, isClose: boolean): SluiceError | undefined {
    if (expiresAtMs === 0) return undefined;
    if (!this.#options.isClockGood()) return isClose ? undefined : new SluiceError('COMMAND_CLOCK_UNSYNCED');
    const lateMs = this.#clock.nowMs() - expiresAtMs;
    return lateMs < 0 ? undefined : new SluiceError('COMMAND_EXPIRED', { lateS: Math.ceil(lateMs / 1_000) });
  }

  /** Why it may not be opened now. */
  #refusal({ point, state, watch }: Actuator, leaseMs: number): SluiceError | undefined {
    const nowMs = this.#clock.monotonicMs();
    if (this.#isStopping) return new SluiceError('GATEWAY_STOPPING');
    if (!(leaseMs > 0)) return new SluiceError('COMMAND_LEASE_MISSING');
    const { maxRunMs } = point.rules;
    const openSinceMs = state.openSinceMs ?? state.strangeSinceMs ?? nowMs;
    const leftMs = maxRunMs - (nowMs - openSinceMs);
    if (leaseMs > Math.min(leftMs, LONGEST_INTERVAL_MS)) {
      const leftS = Math.max(0, Math.floor(leftMs / 1_000));
      return new SluiceError('COMMAND_LEASE_TOO_LONG', {
        leaseS: leaseMs / 1_000,
        leftS,
        maxRunS: maxRunMs / 1_000,
      });
    }
    if (!isReady(state)) return new SluiceError('COMMAND_POINT_BUSY');
    const other = watch && this.#watches.find((one) => one.excludes(watch) && one.isOpen);
    const why = other ? otherLine(other.line.id) : watch?.refusal(point, nowMs);
    return why && new SluiceError('COMMAND_INTERLOCKED', { why });
  }

  #acknowledge(request: CommandRequest, watch: LineWatch): void {
    for (const effect of watch.acknowledge()) this.#lineEffect(watch, effect, ACKNOWLEDGED);
    const [left] = watch.waitingForAPerson;
    const reason = left && new SluiceError('COMMAND_INTERLOCKED', { why: lineWords(watch.line.id, left) });
    this.#desk.report(request, reason ? 'refused' : 'applied', reason && { reason });
  }

  #step(actuator: Actuator, input: ActuatorInput): void {
    // The ends of writes that its driver gave up: no write and no timer may come of them now.
    if (this.#isStopped) return;
    const nowMs = this.#clock.monotonicMs();
    const { state, effects } = stepActuator(actuator.point.rules, actuator.state, input, nowMs);
    actuator.state = state;
    actuator.cancel?.();
    const wantedMs = nextDueMs(actuator.point.rules, state);
    const dueMs = wantedMs === undefined ? undefined : wantedMs + this.#spreadMs(actuator);
    // Timers may be a little early, and count at most 24.8 days.
    const waitMs =
      dueMs === undefined ? 0 : Math.min(Math.max(1, Math.ceil(dueMs - nowMs)), LONGEST_INTERVAL_MS);
    actuator.cancel =
      dueMs === undefined
        ? undefined
        : this.#clock.after(waitMs, () => this.#step(actuator, { kind: 'time' }));
    // What opens or closes goes before what is told.
    const isWrite = ({ kind }: ActuatorEffect) => kind === 'write';
    for (const effect of [...effects.filter(isWrite), ...effects.filter((one) => !isWrite(one))]) {
      this.#perform(actuator, effect);
    }
    if (actuator.watch) this.#planPump(actuator.watch);
    this.#look();
  }

  #look(): void {
    for (const look of this.#lookers) look();
  }

  /** One that is heard again is closed at once, however long its next try would have been off. */
  #spreadMs({ point, state }: Actuator): number {
    const isDead = (closing: ActuatorState['closing']) => (closing?.failures ?? 0) >= DEAD_AFTER_FAILURES;
    if (!isDead(state.closing)) return 0;
    const others = [...this.#actuators.values()].filter(
      (one) =>
        one.point.driver === point.driver && one.point.device !== point.device && isDead(one.state.closing),
    );
    const devices = new Set(others.map((one) => one.point.device));
    return Math.min(SPREAD_MS * devices.size, MOST_SPREAD_MS);
  }

  #perform(actuator: Actuator, effect: ActuatorEffect): void {
    switch (effect.kind) {
      case 'write':
        if (effect.leaseMs === 0) this.#closeAfterPump(actuator, effect);
        else this.#write(actuator, effect);
        return;
      case 'outcome':
        this.#outcome(effect);
        return;
      case 'lease-ended': {
        const { device, name: metric } = actuator.point;
        const { kind, command, cause, isConfirmed, reason } = effect;
        const why = reason ? { reason: eventReason(reason) } : {};
        this.#desk.tell({ ...this.#newEvent(), kind, command, device, metric, cause, isConfirmed, ...why });
        return;
      }
      case 'trouble':
        this.#pointTrouble(actuator.point, effect.trouble, effect.isRaised);
        return;
    }
  }

  /** No valve closes against a running pump, and none waits for one that does not stop. */
  #closeAfterPump(actuator: Actuator, effect: Extract<ActuatorEffect, { kind: 'write' }>): void {
    const pumpOf = actuator.watch?.line.pump;
    const pump = pumpOf && this.#actuators.get(pumpOf.point.key);
    const isLast = !actuator.watch?.isAnotherOpen(actuator.point);
    if (!pump || pump === actuator || !isLast || pump.state.phase === 'closed') {
      this.#write(actuator, effect);
      return;
    }
    const reason = new SluiceError('COMMAND_INTERLOCKED', { why: LAST_VALVE });
    if (!pump.state.closing) this.#step(pump, { kind: 'close', cause: 'interlock', reason });
    // It may have been told long ago, and the valve has waited then.
    const sinceMs = pump.state.closing?.sinceMs ?? this.#clock.monotonicMs();
    const leftMs = Math.max(0, sinceMs + pumpOf.runDownMs - this.#clock.monotonicMs());
    const isAtStop = this.#isStopping;
    const isOver = () => pump.state.phase === 'closed' || (this.#isStopping && !isAtStop);
    void this.#until(isOver, isAtStop ? Math.min(leftMs, STOP_PUMP_MS) : leftMs).then(() =>
      this.#write(actuator, effect),
    );
  }

  #write(actuator: Actuator, effect: Extract<ActuatorEffect, { kind: 'write' }>): void {
    const { point, lane } = actuator;
    const { write, leaseMs, notAfterMs, command } = effect;
    const id = command || `own-${this.#boot}-${++this.#writes}`;
    const value = typeof point.write.safeValue === 'boolean' ? effect.value !== 0 : effect.value;
    this.#open.set(id, { actuator, write });
    lane.add({
      isClose: leaseMs === 0,
      notAfterMs,
      isWanted: () => leaseMs === 0 || actuator.state.asked?.write === write,
      write: async () => {
        if (!point.driver.write)
          throw new SluiceError('COMMAND_POINT_UNKNOWN', { device: point.device, metric: point.name });
        return point.driver.write({
          id,
          device: point.device,
          metric: point.metric,
          value,
          leaseMs,
          notAfterMs,
        });
      },
      end: (end) => {
        if (end.kind !== 'queued') this.#open.delete(id);
        this.#step(actuator, endInput(write, end));
      },
      late: () => {
        if (leaseMs > 0) this.#step(actuator, { kind: 'stray' });
      },
    });
  }

  #outcome({ command, outcome, leaseEndsAtMs, reason }: Extract<ActuatorEffect, { kind: 'outcome' }>): void {
    const request = this.#requests.get(command);
    this.#requests.delete(command);
    if (!request) return;
    const leaseEndsMs =
      leaseEndsAtMs === undefined
        ? undefined
        : Math.round(this.#clock.nowMs() + leaseEndsAtMs - this.#clock.monotonicMs());
    this.#desk.report(request, outcome, {
      ...(leaseEndsMs === undefined ? {} : { leaseEndsMs }),
      ...(reason ? { reason } : {}),
    });
  }

  #pointTrouble(point: ControlledPoint, rule: Trouble, isRaised: boolean): void {
    const { device, name: metric } = point;
    if (rule === 'cannot-close') {
      const unclosed = this.#unclosed.get(device) ?? new Set();
      this.#unclosed.set(device, unclosed);
      const wasAlarmed = unclosed.size > 0;
      if (isRaised) unclosed.add(metric);
      else unclosed.delete(metric);
      if (wasAlarmed === unclosed.size > 0) return;
    }
    const zone = point.metric.zone ? { zone: point.metric.zone } : {};
    const reason = isRaised ? pointWords(rule) : OVER;
    this.#log[isRaised ? 'error' : 'info']({ device, metric, rule }, `${device}: ${rule}: ${reason.en}`);
    this.#desk.tell({
      ...this.#newEvent(),
      kind: 'safety',
      rule,
      isRaised,
      device,
      metric,
      ...zone,
      closed: [],
      reason,
    });
  }

  #judgeOnAndOn(): void {
    for (const watch of this.#watches) this.#judge(watch);
    this.#desk.settle();
    this.#cancelJudge = this.#clock.after(JUDGE_EVERY_MS, () => this.#judgeOnAndOn());
  }

  #judge(watch: LineWatch): void {
    for (const effect of watch.judge(this.#clock.monotonicMs())) this.#lineEffect(watch, effect, OVER);
    const rival = this.#watches.find((one) => one !== watch && one.excludes(watch) && one.isOpen);
    const isClash = rival !== undefined && watch.isOpen;
    if (isClash !== watch.isClashing) {
      watch.isClashing = isClash;
      this.#tellClash(watch, isClash);
    }
    if (!watch.isShut && !isClash) return;
    const why = isClash ? otherLine(rival.line.id) : lineWords(watch.line.id, watch.raised[0]!);
    this.#closeStrangers(watch, new SluiceError('COMMAND_INTERLOCKED', { why }));
  }

  /** What somebody else has opened where nothing may be open. */
  #closeStrangers(watch: LineWatch, reason: SluiceError): void {
    for (const actuator of this.#actuators.values()) {
      if (actuator.watch !== watch || actuator.state.strangeSinceMs === undefined) continue;
      if (!actuator.state.closing) this.#step(actuator, { kind: 'close', cause: 'interlock', reason });
    }
  }

  #tellClash(watch: LineWatch, isRaised: boolean): void {
    const rule = 'exclusive-lines';
    const words = isRaised ? pointWords(rule) : OVER;
    this.#log[isRaised ? 'error' : 'info']({ line: watch.line.id, rule }, `${watch.line.id}: ${words.en}`);
    this.#desk.tell({ ...this.#newEvent(), kind: 'safety', rule, isRaised, closed: [], reason: words });
  }

  #lineEffect(watch: LineWatch, effect: LineEffect, over: Words): void {
    const { id } = watch.line;
    const rule = effect.kind === 'raised' ? effect.raised.rule : effect.rule;
    const words = effect.kind === 'raised' ? lineWords(id, effect.raised) : over;
    const closed =
      effect.kind === 'raised' ? effect.raised.closes.map((key) => this.#actuators.get(key)!) : [];
    const reason = new SluiceError('COMMAND_INTERLOCKED', { why: words });
    for (const actuator of closed) this.#step(actuator, { kind: 'close', cause: 'interlock', reason });
    this.#desk.saveRaised(id, watch.waitingForAPerson);
    const isRaised = effect.kind === 'raised';
    this.#log[isRaised ? 'error' : 'info'](
      { line: id, rule },
      isRaised ? words.en : `line ${id}: ${rule} ${words.en}`,
    );
    this.#desk.tell({
      ...this.#newEvent(),
      kind: 'safety',
      rule,
      isRaised,
      ...(isRaised ? measured(effect) : {}),
      closed: closed.map(({ point }) => ({ device: point.device, metric: point.name })),
      reason: words,
    });
    this.#options.deliver(this.readings.locks());
  }

  #planPump(watch: LineWatch): void {
    this.#pumpTimers.get(watch)?.();
    const dueMs = watch.pumpDueMs();
    if (dueMs === undefined || this.#isStopping) return;
    const pump = this.#actuators.get(watch.line.pump!.point.key)!;
    const stop = () => {
      const reason = new SluiceError('COMMAND_INTERLOCKED', { why: LAST_VALVE });
      this.#step(pump, { kind: 'close', cause: 'interlock', reason });
    };
    const waitMs = Math.min(dueMs - this.#clock.monotonicMs(), LONGEST_INTERVAL_MS);
    if (waitMs <= 0) stop();
    else
      this.#pumpTimers.set(
        watch,
        this.#clock.after(Math.ceil(waitMs), () => this.#planPump(watch)),
      );
  }

  #newEvent(): { id: string; timeMs: number } {
    return { id: randomUUID(), timeMs: this.#clock.nowMs() };
  }

  /** Resolves when `isSo`, which is asked after each step, or after `withinMs`. */
  #until(isSo: () => boolean | undefined, withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        cancel();
        this.#lookers.delete(look);
        resolve();
      };
      const look = () => {
        if (isSo()) finish();
      };
      const cancel = this.#clock.after(withinMs, finish);
      this.#lookers.add(look);
      look();
    });
  }
}

function isSafe({ rules }: ControlledPoint, value: number): boolean {
  return isSame(value, rules.safeValue);
}

function endInput(write: number, end: LaneEnd | WriteEnd): ActuatorInput {
  switch (end.kind) {
    case 'done':
      return { kind: 'written', write, value: Number(end.value) };
    case 'failed':
      return { kind: 'failed', write, error: end.error };
    default:
      return { kind: end.kind, write };
  }
}

function measured({ raised: { rule, value, bound, zone } }: Extract<LineEffect, { kind: 'raised' }>) {
  const unit = rule === 'low-pressure' ? 'kPa' : 'L/min';
  return {
    ...(zone === undefined ? {} : { zone }),
    ...(value === undefined ? {} : { value, bound: bound ?? 0, unit }),
  };
}
