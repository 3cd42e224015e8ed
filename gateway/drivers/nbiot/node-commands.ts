import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Priority } from '../../../core/coap/endpoint-state.ts';
import type { CoapMessage } from '../../../core/coap/message.ts';
import { asSluiceError, reasonOf, SluiceError } from '../../../core/errors.ts';
import type { DriverContext, WriteEnd, WriteRequest, WriteResult } from '../../driver.ts';
import { CommandQueue, type QueuedCommand } from './command-queue.ts';
import type { Point } from './nbiot-device.ts';
import { type Node, runInTurn } from './node.ts';
import type { NodeClient } from './node-client.ts';
import type { NodeReadings } from './node-readings.ts';
import type { TimedSamples } from './readings.ts';
import { isReachable } from './session.ts';
import { metricName, sameValue, writeSteps } from './write-steps.ts';

/** What commands need of the driver that they are part of. */
export interface CommandHost {
  isStopped(): boolean;
  client(node: Node): NodeClient;
  samplesOf(node: Node, path: string, answer: CoapMessage): { readonly samples: TimedSamples[] };
  /** The node has answered, so it still listens. */
  answered(node: Node): void;
}

interface Attempt {
  readonly id: string;
  readonly isClose: boolean;
  readonly controller: AbortController;
}

/** How often a command that gets no answer is sent, each time that its device wakes up. */
const MAX_ATTEMPTS = 5;

/**
 * Commands to nodes: durable, each with one end, to a node that listens at once and to one that sleeps when it wakes.
 *
 * What brings a point to its safe value (a close, here) waits for no opening and for no question that gets no answer: it
 * has a lane of its own, and ends the opening of the same point that is under way, so that no repeat of that one reaches
 * the node after it. What of it is in the air already, the read-back of the close shows, and the node's timer ends.
 */
export class NodeCommands {
  readonly #context: DriverContext;
  readonly #host: CommandHost;
  readonly #readings: NodeReadings;
  readonly #queue: CommandQueue;
  /** Commands that their `write` still waits for: it tells their end itself. */
  readonly #direct = new Set<string>();
  /** What is being carried out, by point. */
  readonly #attempts = new Map<string, Attempt>();
  /** The last command of each point: an earlier one is void, whether it could be kept on disk or not. */
  readonly #latest = new Map<string, string>();

  constructor(context: DriverContext, driverId: string, readings: NodeReadings, host: CommandHost) {
    this.#context = context;
    this.#host = host;
    this.#readings = readings;
    this.#queue = new CommandQueue(ownQueueFile(context, driverId), context.log);
  }

  get ids(): readonly string[] {
    return this.#queue.all.map(({ id }) => id);
  }

  /**
   * To a node that listens now, at once. To one that sleeps or is not registered the command goes when it next speaks,
   * if that is in time; a later command for the same point takes its place.
   */
  async write(node: Node, request: WriteRequest): Promise<WriteResult> {
    const { clock } = this.#context;
    const { id, device, value, leaseMs } = request;
    const fromMs = clock.nowMs();
    const expiresMs = fromMs + Math.max(0, request.notAfterMs - clock.monotonicMs());
    const metric = metricName(request.metric);
    const command = { id, device, metric, value, leaseMs, fromMs, expiresMs, attempts: 0, isTaken: false };
    const key = keyOf(command);
    // A node that something is under way with may have heard that, so what undoes it does not wait for the next waking.
    const isListening =
      isReachable(node.session, clock.monotonicMs()) ||
      (node.session.registration !== undefined && this.#attempts.has(key));
    // Durable before anything is sent: whatever happens from here on, it has exactly one end.
    const isDurable = this.#put(command, isListening);
    this.#latest.set(key, id);
    const isClose = isCloseOf(node, command);
    const before = this.#attempts.get(key);
    if (before && (isClose || !before.isClose)) before.controller.abort();
    if (!isListening) return { kind: 'queued' };
    const isSleeper = node.session.registration!.isQueueMode;
    let end: WriteEnd | SluiceError | undefined;
    this.#direct.add(id);
    await this.#inTurn(node, isClose, async () => {
      const isStill = this.#latest.get(key) === id && (!isDurable || this.#queue.has(id));
      end = isStill ? await this.#attempt(node, command) : new SluiceError('WRITE_REPLACED', { device });
    });
    this.#direct.delete(id);
    const isKept = this.#queue.has(id);
    if (isKept && end instanceof SluiceError && isSleeper && end.code === 'COAP_TIMEOUT')
      return { kind: 'queued' };
    this.#queue.remove(id);
    if (end instanceof SluiceError) throw end;
    if (end?.kind === 'done') return end;
    if (end?.kind === 'failed') throw end.error;
    throw new SluiceError('WRITE_TOO_LATE', { target: device });
  }

  /** The node listens: what closes goes out, whatever else is under way. */
  sendCloses(node: Node): void {
    const isAny = this.#queue.of(node.device.spec.id).some((command) => isCloseOf(node, command));
    if (!isAny || node.isClosing) return;
    node.isClosing = true;
    void this.#inTurn(node, true, () => this.#sendAll(node, true)).then(() => {
      node.isClosing = false;
    });
  }

  /** What else waits, after the closes and in the lane of the node's work, which the caller is in. */
  async sendOthers(node: Node): Promise<void> {
    await node.lanes.closes;
    await this.#sendAll(node, false);
  }

  isWaiting(node: Node): boolean {
    return this.#queue.of(node.device.spec.id).length > 0;
  }

  /** Ends what is too late, and in nobody's hands. */
  expire(): void {
    const { clock } = this.#context;
    for (const command of this.#queue.all) {
      // A clock that went back since says nothing about how late it is.
      const isLate = clock.nowMs() >= command.expiresMs || clock.nowMs() < command.fromMs;
      const isInHands = this.#direct.has(command.id) || this.#attempts.get(keyOf(command))?.id === command.id;
      if (!isLate || isInHands) continue;
      const request = `the command ${command.id}`;
      const error = new SluiceError('COAP_TIMEOUT', { device: command.device, request });
      // What was sent may have acted: then it has not expired, it is not known.
      this.#settle(command.id, command.attempts > 0 ? { kind: 'failed', error } : { kind: 'expired' });
    }
  }

  /** Whether it is kept. A full disk must not keep a valve open: a node that listens is told all the same. */
  #put(command: QueuedCommand, isListening: boolean): boolean {
    try {
      for (const old of this.#queue.put(command)) this.#replaced(old);
      return true;
    } catch (thrown) {
      if (!isListening) throw thrown;
      const error = asSluiceError(thrown).message;
      this.#context.log.warn({ device: command.device, error }, 'A command is sent without being kept');
      return false;
    }
  }

  #replaced(old: QueuedCommand): void {
    if (this.#direct.has(old.id)) return;
    const error = new SluiceError('WRITE_REPLACED', { device: old.device });
    this.#context.settleWrite(old.id, { kind: 'failed', error });
  }

  /** Closes one after the other; all else one after the other too, and after the closes. */
  #inTurn(node: Node, isClose: boolean, work: () => Promise<void>): Promise<void> {
    const fail = (thrown: unknown) => {
      const { id } = node.device.spec;
      this.#context.log.error({ device: id, error: asSluiceError(thrown).message }, 'A command failed');
    };
    if (isClose) return runInTurn(node, 'closes', work, fail);
    const after = async () => {
      await node.lanes.closes;
      await work();
    };
    return runInTurn(node, 'work', after, fail);
  }

  async #sendAll(node: Node, isClose: boolean): Promise<void> {
    for (const command of this.#queue.of(node.device.spec.id)) {
      if (this.#host.isStopped() || !isReachable(node.session, this.#context.clock.monotonicMs())) return;
      // Meanwhile it may have been replaced, or be in other hands.
      if (this.#direct.has(command.id) || !this.#queue.has(command.id)) continue;
      if (isCloseOf(node, command) !== isClose) continue;
      const end = await this.#attempt(node, command);
      if (end instanceof SluiceError) {
        if (end.code === 'COAP_TIMEOUT' && command.attempts + 1 < MAX_ATTEMPTS) continue;
        this.#settle(command.id, { kind: 'failed', error: end });
      } else {
        this.#settle(command.id, end);
      }
    }
  }

  #settle(id: string, end: WriteEnd): void {
    if (this.#queue.remove(id)) this.#context.settleWrite(id, end);
  }

  /** An error where the node refuses, does not answer, or holds something else afterwards. */
  async #attempt(node: Node, command: QueuedCommand): Promise<WriteEnd | SluiceError> {
    const point = pointOf(node, command);
    if (!point?.write) {
      const reason = 'the settings have changed, and it cannot be written any more';
      const { value, metric, device } = command;
      return new SluiceError('WRITE_IMPOSSIBLE', { value: String(value), metric, device, reason });
    }
    const key = keyOf(command);
    const controller = new AbortController();
    const attempt = { id: command.id, isClose: isCloseOf(node, command), controller };
    this.#attempts.set(key, attempt);
    try {
      const end = await this.#carryOut(node, point, command, attempt);
      return controller.signal.aborted && end instanceof SluiceError
        ? new SluiceError('WRITE_REPLACED', { device: command.device })
        : end;
    } finally {
      if (this.#attempts.get(key) === attempt) this.#attempts.delete(key);
    }
  }

  async #carryOut(
    node: Node,
    point: Point,
    command: QueuedCommand,
    { isClose, controller: { signal } }: Attempt,
  ): Promise<WriteEnd | SluiceError> {
    const { clock } = this.#context;
    const client = this.#host.client(node);
    const priority: Priority = isClose ? 'at-once' : 'first';
    this.#queue.update({ ...command, attempts: command.attempts + 1 });
    if (!command.isTaken) {
      const steps = writeSteps(point, command, clock.nowMs());
      if (!steps) return { kind: 'expired' };
      const notAfterMs = clock.monotonicMs() + (command.expiresMs - clock.nowMs());
      for (const step of steps) {
        const error = await client.carryOut(step, { notAfterMs, priority, signal });
        if (error) return error;
      }
      this.#queue.update({ ...command, attempts: command.attempts + 1, isTaken: true });
    }
    this.#host.answered(node);
    const answer = await client.read(point.path, { priority, signal });
    if (answer instanceof SluiceError) return answer;
    const { samples } = this.#host.samplesOf(node, point.path, answer);
    const held = samples.flatMap((one) => one.samples).find(({ metric }) => metric === point.metric)?.value;
    this.#readings.deliver(node, samples);
    if (held !== undefined && held !== null && typeof held !== 'string' && sameValue(held, command.value)) {
      return { kind: 'done', value: held };
    }
    const { device, value, metric } = command;
    return new SluiceError('WRITE_NOT_TAKEN', { device, metric, value: String(value), held: String(held) });
  }
}

function keyOf({ device, metric }: QueuedCommand): string {
  return `${device} ${metric}`;
}

function pointOf({ device }: Node, { metric }: QueuedCommand): Point | undefined {
  return device.points.find((point) => metricName(point.metric) === metric);
}

function isCloseOf(node: Node, command: QueuedCommand): boolean {
  const safe = pointOf(node, command)?.metric.write?.safeValue;
  return safe !== undefined && sameValue(command.value, safe);
}

/** Two gateways of one process may have drivers of the same name. An earlier release kept the queue for the whole process. */
function ownQueueFile({ dataFolder, ownFolder, log }: DriverContext, driverId: string): string {
  const [file, before] = [ownFolder, dataFolder].map((folder) =>
    join(folder, 'nbiot', `${driverId}-commands.json`),
  ) as [string, string];
  if (existsSync(file) || !existsSync(before)) return file;
  try {
    mkdirSync(dirname(file), { recursive: true });
    renameSync(before, file);
    return file;
  } catch (error) {
    log.warn(
      { file: before, reason: reasonOf(error) },
      'The queue of commands stays where an earlier release kept it',
    );
    return before;
  }
}
