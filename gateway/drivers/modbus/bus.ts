import type { Cancel, Clock } from '../../../core/clock.ts';
import { reasonOf, type SluiceError, type Words } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import type { ModbusAnswer, ModbusRequest } from '../../../core/modbus/pdu.ts';
import { characterMs, silenceMs } from '../../../core/modbus/rtu.ts';
import type { TraceLine } from '../../driver.ts';
import type { ByteStream, OpenByteStream } from '../serial/byte-stream.ts';
import { afterReading } from './after-reading.ts';
import { busErrors, SERIAL_ERRORS, STOPPING, type WayErrors } from './bus-errors.ts';
import { type BusCounts, noCounts } from './bus-health.ts';
import { BusTrace } from './bus-trace.ts';
import { type Framing, type MasterRun, rtuFraming } from './framing.ts';
import type { Exchange, MasterEffect, MasterInput } from './master.ts';
import { RestingUnits } from './resting-units.ts';
import { type Job, type Priority, WaitingJobs } from './waiting-jobs.ts';

export interface BusOptions {
  readonly id: string;
  /** Name of the port, or address of the server, for messages. */
  readonly port: string;
  /** Of the wire; 0 where there is none whose time counts. */
  readonly baud: number;
  /** How long a unit may take to begin its answer. */
  readonly timeoutMs: number;
  /** Silence between frames; follows from the baud rate where not given. */
  readonly silenceMs?: number;
  /** RTU where not given. */
  readonly framing?: Framing;
  /** What makes this a way over a network; a serial port where not given. */
  readonly network?: NetworkOptions;
  readonly open: OpenByteStream;
  readonly clock: Clock;
  readonly log: Log;
  readonly trace?: () => ((line: TraceLine) => void) | undefined;
}

export interface NetworkOptions {
  readonly errors: WayErrors;
  /** 0 up to 1, for the back-off: gateways that lost one server do not come back all at once. */
  readonly random: () => number;
}

/** Converters and drivers hand bytes over in lumps: a gap shorter than this is no sign that the line is quiet. */
const QUIET_AFTER_FAULT_MS = 20;
/** A line that has not been quiet for so long will not be soon. */
const CHATTER_MS = 2_000;
const ATTEMPTS = 2;
const FIRST_REOPEN_MS = 500;
const LONGEST_REOPEN_MS = 5_000;
/** After so many requests in a row without a byte of answer the connection itself is doubted, and made anew. */
const SILENT_UNTIL_RENEWED = 3;
/** Gateway path unavailable, target failed to respond: the unit behind a gateway is silent (clause 7). */
const SILENT_BEHIND_GATEWAY = [10, 11];

/**
 * One line with one master: every request of the gateway to any unit on it waits here for its turn. Opens the port
 * when it is first needed and again when it has gone, at most as often as the back-off allows.
 */
export class ModbusBus {
  readonly #options: BusOptions;
  readonly #clock: Clock;
  readonly #framing: Framing;
  readonly #resting: RestingUnits;
  readonly #waiting: WaitingJobs;
  readonly #errors: ReturnType<typeof busErrors>;
  readonly #trace: BusTrace | undefined;
  readonly #silenceMs: number;
  readonly #characterMs: number;
  #stream: ByteStream | undefined;
  #opening: Promise<void> | undefined;
  /** `undefined` while there is no stream. */
  #master: MasterRun | undefined;
  #current: Job | undefined;
  #sentAtMs = 0;
  #busySinceMs: number | undefined;
  /** What was sent before this has reached the units: one of them has answered something that was sent then. */
  #passedUntilMs = 0;
  /** An answer has been thrown away, and those that may follow it are waited for. */
  #isDraining = false;
  #settlingSinceMs = 0;
  #cancelDeadline: Cancel | undefined;
  #cancelQuiet: Cancel | undefined;
  #cancelWake: Cancel | undefined;
  #reopenAtMs = 0;
  #reopenMs = FIRST_REOPEN_MS;
  #unavailable: SluiceError | undefined;
  #hasHeardOnStream = false;
  #silentInARow = 0;
  #isClosed = false;
  readonly #closing = new AbortController();

  readonly #counts = noCounts();

  constructor(options: BusOptions) {
    const { id, port, baud, timeoutMs, framing = rtuFraming(), network, trace } = options;
    this.#options = options;
    this.#clock = options.clock;
    this.#framing = framing;
    this.#characterMs = baud > 0 ? characterMs(baud) : 0;
    this.#silenceMs = options.silenceMs ?? silenceMs(baud);
    this.#errors = busErrors(id, port, timeoutMs, network?.errors ?? SERIAL_ERRORS);
    this.#resting = new RestingUnits(timeoutMs, framing.isNumbered);
    this.#waiting = new WaitingJobs(this.#resting, this.#errors.timeout);
    this.#trace = trace && new BusTrace(trace);
  }

  /** Why the port is not open, once that has been tried. */
  get trouble(): SluiceError | undefined {
    return this.#unavailable;
  }

  /** Counted since the start, with the time of what is under way. */
  get counts(): Readonly<BusCounts> {
    const underWayMs = this.#busySinceMs === undefined ? 0 : this.#clock.monotonicMs() - this.#busySinceMs;
    return { ...this.#counts, busyMs: this.#counts.busyMs + underWayMs };
  }

  /** Whether polls leave `unit` alone for now, because it has not answered. */
  isResting(unit: number): boolean {
    return this.#resting.has(unit, this.#clock.monotonicMs());
  }

  /**
   * Resolves with the answer to this very request. Throws `MODBUS_TIMEOUT`, `MODBUS_BAD_FRAME`, `MODBUS_EXCEPTION`,
   * those of the way (`SERIAL_UNAVAILABLE`, `SERIAL_LOST` or their like), or `WRITE_TOO_LATE` where its turn came after
   * `notAfterMs`. A command goes to a unit also while polls leave it alone.
   */
  transact(
    unit: number,
    request: ModbusRequest,
    priority: Priority = 'poll',
    notAfterMs = Number.POSITIVE_INFINITY,
  ): Promise<ModbusAnswer> {
    const exchange = this.#framing.create(unit, request);
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(this.#errors.lost(STOPPING));
      this.#waiting.add({ exchange, priority, notAfterMs, resolve, reject, attempts: 0 });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelWake?.();
    this.#waiting.fail(() => this.#errors.lost(STOPPING));
    // A host that does not answer is waited for longer than a stop may take.
    this.#closing.abort();
    await this.#opening;
    this.#reset()?.reject(this.#errors.lost(STOPPING));
    const stream = this.#stream;
    this.#stream = undefined;
    await stream?.close();
  }

  /** Sends the next request, if there is one and the line is free. */
  #next(): void {
    if (this.#isClosed || this.#current || this.#waiting.count === 0) return;
    if (!this.#stream) {
      this.#open();
      return;
    }
    if (this.#master?.phase !== 'idle') return;
    const nowMs = this.#clock.monotonicMs();
    this.#cancelWake?.();
    const turn = this.#waiting.take(nowMs);
    if ('job' in turn) this.#send(turn.job, nowMs);
    else if (turn.againAtMs !== undefined) {
      this.#cancelWake = this.#clock.after(Math.ceil(turn.againAtMs - nowMs), () => this.#next());
    }
  }

  #send(job: Job, nowMs: number): void {
    if (job.attempts > 0) this.#counts.retries++;
    job.attempts++;
    this.#current = job;
    this.#sentAtMs = nowMs;
    this.#busySinceMs ??= nowMs;
    this.#counts.transactions++;
    const deadlineMs = this.#options.timeoutMs + this.#wireMs(job.exchange);
    this.#cancelDeadline = afterReading(this.#clock, deadlineMs, () => this.#step({ kind: 'deadline' }));
    this.#step({ kind: 'begin', exchange: job.exchange });
  }

  #step(input: MasterInput): void {
    const master = this.#master;
    if (!master) return;
    for (const effect of master.step(input)) this.#perform(effect);
    if (this.#master !== master || master.phase !== 'idle') return;
    this.#noteFree();
    this.#next();
  }

  #noteFree(): void {
    if (this.#busySinceMs !== undefined) this.#counts.busyMs += this.#clock.monotonicMs() - this.#busySinceMs;
    this.#busySinceMs = undefined;
  }

  #perform(effect: MasterEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#trace?.sent(this.#current!.exchange, effect.frame);
        this.#stream?.write(effect.frame);
        return;
      case 'answer':
        this.#trace?.ended(effect);
        this.#answered(effect.answer);
        return;
      case 'fault':
        this.#trace?.ended(effect);
        this.#failed(effect);
        return;
      case 'stray':
        this.#trace?.note(effect.reason);
        return;
      case 'desync':
        this.#renew(effect.reason);
        return;
      case 'settle':
        this.#settle(effect.after);
        return;
    }
  }

  #hear(bytes: Uint8Array): void {
    this.#silentInARow = 0;
    this.#trace?.heard(bytes);
    this.#step({ kind: 'bytes', bytes });
  }

  #answered(answer: ModbusAnswer | { readonly exception: number }): void {
    const job = this.#takeCurrent();
    const { exchange } = job;
    const { unit } = exchange;
    const nowMs = this.#clock.monotonicMs();
    const isStale = !this.#framing.isNumbered && this.#resting.hasBeenSilentSince(unit, this.#passedUntilMs);
    // A write to a unit that owes an answer may have been answered by what an earlier write is owed.
    const isOwn = this.#sentAtMs >= this.#resting.owesUntilMs(unit);
    if (isStale || isOwn) this.#passedUntilMs = this.#sentAtMs;
    // Only now has the port shown that it stays.
    this.#reopenMs = FIRST_REOPEN_MS;
    this.#hasHeardOnStream = true;
    this.#counts.answers++;
    this.#counts.turnaroundMs += Math.max(0, nowMs - this.#sentAtMs - this.#wireMs(exchange));
    if ('exception' in answer && SILENT_BEHIND_GATEWAY.includes(answer.exception)) {
      this.#counts.timeouts++;
      this.#resting.silent(unit, nowMs, job.priority === 'poll');
      job.reject(this.#errors.exception(exchange, answer.exception));
      return;
    }
    this.#resting.answered(unit, nowMs);
    if (isStale) this.#drain(job);
    else if ('exception' in answer) job.reject(this.#errors.exception(exchange, answer.exception));
    else job.resolve(answer);
  }

  /**
   * A line that stood still, as a converter or a network does, hands over late and in order all that was sent
   * meanwhile. So the first answer of a unit that owes one, with no other heard since, may be that one. It only shows
   * that the line moves: the rest is waited for, and then this is asked again.
   */
  #drain(job: Job): void {
    this.#trace?.note('it may be the answer to an earlier request: thrown away, and asked again');
    this.#isDraining = true;
    this.#waiting.putBack(job);
  }

  #failed({ fault, reason, isOwed }: Extract<MasterEffect, { kind: 'fault' }>): void {
    const job = this.#takeCurrent();
    if (fault === 'timeout') this.#counts.timeouts++;
    else this.#counts.errors++;
    if (fault === 'checksum') this.#counts.checksumErrors++;
    if (isOwed) this.#resting.silent(job.exchange.unit, this.#clock.monotonicMs(), job.priority === 'poll');
    else if (job.attempts < ATTEMPTS) {
      this.#waiting.putBack(job);
      return;
    }
    if (fault !== 'timeout') {
      job.reject(this.#errors.badFrame(job.exchange, reason));
      return;
    }
    job.reject(this.#errors.timeout(job.exchange));
    this.#silentInARow++;
    const isDoubted = this.#options.network && this.#silentInARow >= SILENT_UNTIL_RENEWED;
    if (isDoubted) this.#renew('nothing has been heard on it for a while');
  }

  /**
   * Gives a connection up and lets the next request make another. A peer that went without a word is found so; and what
   * this side has not handed over yet is lost with it, rather than acting late.
   */
  #renew(reason: string): void {
    this.#trace?.note(`the connection is given up: ${reason}`);
    const stream = this.#stream;
    this.#stream = undefined;
    this.#silentInARow = 0;
    this.#reset()?.reject(this.#errors.lost(reason));
    void stream?.close();
    queueMicrotask(() => this.#next());
  }

  /** Starts the wait for silence, again with every byte that comes. */
  #settle(after: 'answer' | 'fault'): void {
    if (!this.#stream) return;
    const nowMs = this.#clock.monotonicMs();
    if (this.#cancelQuiet) this.#cancelQuiet();
    else this.#settlingSinceMs = nowMs;
    const quietMs = this.#isDraining ? this.#options.timeoutMs : this.#quietMs(after);
    const quiet = () => {
      this.#cancelQuiet = undefined;
      this.#isDraining = false;
      this.#step({ kind: 'quiet' });
    };
    if (quietMs === 0) {
      queueMicrotask(quiet);
      return;
    }
    // Timers have whole milliseconds and may be early; the silence may not be cut short.
    this.#cancelQuiet = afterReading(this.#clock, Math.ceil(quietMs), quiet);
    if (nowMs - this.#settlingSinceMs > CHATTER_MS && this.#waiting.count > 0) {
      this.#settlingSinceMs = nowMs;
      this.#counts.errors++;
      this.#waiting.fail(({ exchange }) => this.#errors.badFrame(exchange, 'the line is never quiet'));
    }
  }

  #quietMs(after: 'answer' | 'fault'): number {
    return after === 'answer' ? this.#silenceMs : Math.max(this.#silenceMs, QUIET_AFTER_FAULT_MS);
  }

  #open(): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#opening) return;
    const unavailable = this.#unavailable;
    if (unavailable && nowMs < this.#reopenAtMs) {
      this.#waiting.fail(() => unavailable);
      return;
    }
    this.#opening = this.#tryOpen().finally(() => {
      this.#opening = undefined;
      this.#next();
    });
  }

  async #tryOpen(): Promise<void> {
    const { id, port, log, open } = this.#options;
    let opened: ByteStream | undefined;
    try {
      const isMine = () => opened === undefined || opened === this.#stream;
      const events = {
        bytes: (bytes: Uint8Array) => isMine() && this.#hear(bytes),
        closed: (reason: string | Words) => isMine() && this.#streamClosed(reason),
      };
      opened = await open(events, this.#closing.signal);
    } catch (thrown) {
      if (this.#isClosed) return;
      const error = this.#errors.unavailable(reasonOf(thrown), thrown);
      if (!this.#unavailable) log.error({ bus: id, code: error.code }, error.message);
      this.#noteUnavailable(error);
      this.#waiting.fail(() => error);
      return;
    }
    this.#stream = opened;
    if (this.#unavailable) log.info({ bus: id }, `${port} is open again`);
    this.#unavailable = undefined;
    this.#hasHeardOnStream = false;
    this.#master = this.#framing.start();
    if (this.#master.phase === 'settling') this.#settle('fault');
  }

  #streamClosed(reason: string | Words): void {
    this.#stream = undefined;
    const { id, log, network } = this.#options;
    const error = this.#errors.lost(reason);
    // A server may end a connection on which nothing is asked; the next request makes another.
    const isIdle = !this.#current && this.#hasHeardOnStream && this.#waiting.count === 0;
    if (network && isIdle) {
      this.#reset();
      return;
    }
    log.error({ bus: id, code: error.code }, error.message);
    this.#noteUnavailable(error);
    // Whoever was silent may have been so because of the port.
    if (!network) this.#resting.clear();
    this.#reset()?.reject(error);
    this.#waiting.fail(() => error);
  }

  #noteUnavailable(error: SluiceError): void {
    this.#unavailable = error;
    const { network } = this.#options;
    const factor = network ? 0.5 + network.random() : 1;
    this.#reopenAtMs = this.#clock.monotonicMs() + factor * this.#reopenMs;
    this.#reopenMs = Math.min(2 * this.#reopenMs, LONGEST_REOPEN_MS);
  }

  /**
   * Back to before the stream was opened; the request that was under way is the caller's to fail. Over a network the
   * units have not gone with the connection: what they owe may yet come, on the next one.
   */
  #reset(): Job | undefined {
    this.#cancelDeadline?.();
    this.#cancelQuiet?.();
    this.#cancelQuiet = undefined;
    this.#isDraining = false;
    this.#master = undefined;
    this.#noteFree();
    const job = this.#current;
    this.#current = undefined;
    if (job && this.#options.network) {
      this.#resting.silent(job.exchange.unit, this.#clock.monotonicMs(), false);
    }
    if (this.#options.network) this.#resting.wake();
    return job;
  }

  #takeCurrent(): Job {
    this.#cancelDeadline?.();
    const job = this.#current!;
    this.#current = undefined;
    return job;
  }

  /** Time that request and answer take on the wire. */
  #wireMs(exchange: Exchange): number {
    return (exchange.frame.length + exchange.answerLength) * this.#characterMs;
  }
}
