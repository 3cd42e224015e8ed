import type { Cancel, Clock } from '../../../core/clock.ts';
import type { SluiceError } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import type { ModbusAnswer, ModbusRequest } from '../../../core/modbus/pdu.ts';
import { characterMs, silenceMs } from '../../../core/modbus/rtu.ts';
import type { TraceLine } from '../../driver.ts';
import type { OpenByteStream } from '../serial/byte-stream.ts';
import { afterReading } from './after-reading.ts';
import { busErrors, SERIAL_ERRORS, STOPPING, type WayErrors } from './bus-errors.ts';
import { type BusCounts, noCounts } from './bus-health.ts';
import { BusPort } from './bus-port.ts';
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
/** After so many requests in a row without a byte of answer the connection itself is doubted, and made anew. */
const SILENT_UNTIL_RENEWED = 3;
/** Gateway path unavailable, target failed to respond: the unit behind a gateway is silent (clause 7). */
const SILENT_BEHIND_GATEWAY = [10, 11];

/**
 * One line with one master: every request of the gateway to any unit on it waits here for its turn.
 */
export class ModbusBus {
  readonly #options: BusOptions;
  readonly #clock: Clock;
  readonly #framing: Framing;
  readonly #resting: RestingUnits;
  readonly #waiting: WaitingJobs;
  readonly #errors: ReturnType<typeof busErrors>;
  readonly #port: BusPort;
  readonly #trace: BusTrace | undefined;
  readonly #silenceMs: number;
  readonly #characterMs: number;
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
  #silentInARow = 0;
  #isClosed = false;

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
    const { open, clock, log } = options;
    this.#port = new BusPort(
      { bus: id, port, errors: this.#errors, random: network?.random, open, clock, log },
      {
        opened: () => this.#opened(),
        failed: (error) => this.#waiting.fail(() => error),
        bytes: (bytes) => this.#hear(bytes),
        closed: (error) => this.#portClosed(error),
        isIdle: () => !this.#current && this.#waiting.count === 0,
      },
    );
  }

  /** Why the port is not open, once that has been tried. */
  get trouble(): SluiceError | undefined {
    return this.#port.trouble;
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
    this.#reset()?.reject(this.#errors.lost(STOPPING));
    await this.#port.close();
  }

  /** Sends the next request, if there is one and the line is free. */
  #next(): void {
    if (this.#isClosed || this.#current || this.#waiting.count === 0) return;
    if (!this.#port.isOpen) {
      this.#port.open();
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
        this.#port.write(effect.frame);
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
    this.#port.noteAnswer();
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
    this.#port.drop();
    this.#silentInARow = 0;
    this.#reset()?.reject(this.#errors.lost(reason));
    queueMicrotask(() => this.#next());
  }

  /** Starts the wait for silence, again with every byte that comes. */
  #settle(after: 'answer' | 'fault'): void {
    if (!this.#port.isOpen) return;
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

  #opened(): void {
    this.#master = this.#framing.start();
    if (this.#master.phase === 'settling') this.#settle('fault');
    this.#next();
  }

  #portClosed(error: SluiceError | undefined): void {
    if (!error) {
      this.#reset();
      return;
    }
    // Whoever was silent may have been so because of the port.
    if (!this.#options.network) this.#resting.clear();
    this.#reset()?.reject(error);
    this.#waiting.fail(() => error);
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
