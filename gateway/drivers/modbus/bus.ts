import type { Cancel, Clock } from '../../../core/clock.ts';
import { reasonOf, SluiceError, type Words } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import {
  EXCEPTIONS,
  FUNCTION_CODES,
  type ModbusAnswer,
  type ModbusRequest,
} from '../../../core/modbus/pdu.ts';
import { characterMs, silenceMs } from '../../../core/modbus/rtu.ts';
import type { ByteStream, OpenByteStream } from '../serial/byte-stream.ts';
import { afterReading } from './after-reading.ts';
import {
  createExchange,
  type Exchange,
  IDLE,
  type MasterEffect,
  type MasterInput,
  type MasterState,
  stepMaster,
} from './master.ts';
import { RestingUnits } from './resting-units.ts';

export interface BusOptions {
  readonly id: string;
  /** Name of the port, for messages. */
  readonly port: string;
  readonly baud: number;
  /** How long a unit may take to begin its answer. */
  readonly timeoutMs: number;
  /** Silence between frames; follows from the baud rate where not given. */
  readonly silenceMs?: number;
  readonly open: OpenByteStream;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Commands go before polls, and in the order in which they came: an opening that was asked for before a closing must
 * not come after it.
 */
export type Priority = 'command' | 'poll';

interface Job {
  readonly exchange: Exchange;
  readonly priority: Priority;
  /** Not to be sent after this moment (monotonic). */
  readonly notAfterMs: number;
  readonly resolve: (answer: ModbusAnswer) => void;
  readonly reject: (error: SluiceError) => void;
  attempts: number;
}

/** Converters and drivers hand bytes over in lumps: a gap shorter than this is no sign that the line is quiet. */
const QUIET_AFTER_FAULT_MS = 20;
/** A line that has not been quiet for so long will not be soon. */
const CHATTER_MS = 2_000;
const ATTEMPTS = 2;
const STOPPING: Words = { en: 'the gateway is stopping', zh: '网关正在停止' };
const FIRST_REOPEN_MS = 500;
const LONGEST_REOPEN_MS = 5_000;

/**
 * One line with one master: every request of the gateway to any unit on it waits here for its turn. Opens the port
 * when it is first needed and again when it has gone, at most as often as the back-off allows.
 */
export class ModbusBus {
  readonly #options: BusOptions;
  readonly #clock: Clock;
  readonly #resting: RestingUnits;
  readonly #queues: Record<Priority, Job[]> = { command: [], poll: [] };
  readonly #silenceMs: number;
  readonly #characterMs: number;
  #stream: ByteStream | undefined;
  #opening: Promise<void> | undefined;
  #state: MasterState = IDLE;
  #current: Job | undefined;
  #sentAtMs = 0;
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
  #isClosed = false;

  /** Counted since the start. */
  readonly counts = { transactions: 0, errors: 0, timeouts: 0, turnaroundMs: 0 };

  constructor(options: BusOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#silenceMs = options.silenceMs ?? silenceMs(options.baud);
    this.#characterMs = characterMs(options.baud);
    this.#resting = new RestingUnits(options.timeoutMs);
  }

  /** Why the port is not open, once that has been tried. */
  get trouble(): SluiceError | undefined {
    return this.#unavailable;
  }

  /** Whether `unit` is left alone for now, because it has not answered. */
  isResting(unit: number): boolean {
    return this.#resting.has(unit, this.#clock.monotonicMs());
  }

  /**
   * Resolves with the answer to this very request. Throws `MODBUS_TIMEOUT`, `MODBUS_BAD_FRAME`, `MODBUS_EXCEPTION`,
   * `SERIAL_UNAVAILABLE`, `SERIAL_LOST`, or `WRITE_TOO_LATE` where its turn came after `notAfterMs`.
   *
   * As a command, a write goes out at once to a unit that rests: its answer cannot be one to a read, and one to an
   * earlier write is told apart by the read-back. That is a read, and waits while the unit may owe an answer.
   */
  transact(
    unit: number,
    request: ModbusRequest,
    priority: Priority = 'poll',
    notAfterMs = Number.POSITIVE_INFINITY,
  ): Promise<ModbusAnswer> {
    const exchange = createExchange(unit, request);
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(this.#lost(STOPPING));
      this.#queues[priority].push({ exchange, priority, notAfterMs, resolve, reject, attempts: 0 });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelWake?.();
    this.#failWaiting(this.#lost(STOPPING));
    await this.#opening;
    this.#reset(this.#lost(STOPPING));
    const stream = this.#stream;
    this.#stream = undefined;
    await stream?.close();
  }

  /** Sends the next request, if there is one and the line is free. */
  #next(): void {
    if (this.#state.phase !== 'idle' || this.#current || this.#waiting === 0) return;
    if (!this.#stream) {
      this.#open();
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    const job = this.#takeWaiting(nowMs);
    if (!job) return;
    job.attempts++;
    this.#current = job;
    this.#sentAtMs = nowMs;
    this.counts.transactions++;
    const deadlineMs = this.#options.timeoutMs + this.#wireMs(job.exchange);
    this.#cancelDeadline = afterReading(this.#clock, deadlineMs, () => this.#step({ kind: 'deadline' }));
    this.#step({ kind: 'begin', exchange: job.exchange });
  }

  #step(input: MasterInput): void {
    const { state, effects } = stepMaster(this.#state, input);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    if (state.phase === 'idle') this.#next();
  }

  #perform(effect: MasterEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#stream!.write(effect.frame);
        return;
      case 'answer':
        this.#answered(effect.answer);
        return;
      case 'fault':
        this.#failed(effect);
        return;
      case 'settle':
        this.#settle(effect.after);
        return;
    }
  }

  #answered(answer: ModbusAnswer | { readonly exception: number }): void {
    const job = this.#takeCurrent();
    const { exchange } = job;
    const nowMs = this.#clock.monotonicMs();
    const isStale = this.#resting.hasBeenSilentSince(exchange.unit, this.#passedUntilMs);
    // A write to a unit that owes an answer may have been answered by what an earlier write is owed.
    const isOwn = this.#sentAtMs >= this.#resting.owesUntilMs(exchange.unit);
    if (isStale || isOwn) this.#passedUntilMs = this.#sentAtMs;
    // Only now has the port shown that it stays.
    this.#reopenMs = FIRST_REOPEN_MS;
    this.#resting.answered(exchange.unit, nowMs);
    const tookMs = nowMs - this.#sentAtMs - this.#wireMs(exchange);
    this.counts.turnaroundMs += Math.max(0, tookMs);
    if (isStale) this.#drain(job);
    else if ('exception' in answer) job.reject(this.#exception(exchange, answer.exception));
    else job.resolve(answer);
  }

  /**
   * A line that stood still, as a converter or a network does, hands over late and in order all that was sent
   * meanwhile. So the first answer of a unit that owes one, with no other heard since, may be that one. It only shows
   * that the line moves: the rest is waited for, and then this is asked again.
   */
  #drain(job: Job): void {
    this.#isDraining = true;
    this.#queues[job.priority].unshift(job);
  }

  #failed({ fault, reason, isOwed }: Extract<MasterEffect, { kind: 'fault' }>): void {
    const job = this.#takeCurrent();
    if (fault === 'timeout') this.counts.timeouts++;
    else this.counts.errors++;
    const nowMs = this.#clock.monotonicMs();
    if (isOwed) this.#resting.silent(job.exchange.unit, nowMs, job.priority === 'poll');
    else if (job.attempts < ATTEMPTS) {
      this.#queues[job.priority].unshift(job);
      return;
    }
    job.reject(fault === 'timeout' ? this.#timeout(job.exchange) : this.#badFrame(job.exchange, reason));
  }

  /** Starts the wait for silence, again with every byte that comes. */
  #settle(after: 'answer' | 'fault'): void {
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
    if (nowMs - this.#settlingSinceMs > CHATTER_MS && this.#waiting > 0) {
      this.#settlingSinceMs = nowMs;
      this.counts.errors++;
      this.#failWaiting((job) => this.#badFrame(job.exchange, 'the line is never quiet'));
    }
  }

  #quietMs(after: 'answer' | 'fault'): number {
    return after === 'answer' ? this.#silenceMs : Math.max(this.#silenceMs, QUIET_AFTER_FAULT_MS);
  }

  #open(): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#opening) return;
    if (this.#unavailable && nowMs < this.#reopenAtMs) {
      this.#failWaiting(this.#unavailable);
      return;
    }
    this.#opening = this.#tryOpen().finally(() => {
      this.#opening = undefined;
      if (this.#state.phase === 'idle') this.#next();
    });
  }

  async #tryOpen(): Promise<void> {
    const { id, port, log, open } = this.#options;
    try {
      this.#stream = await open({
        bytes: (bytes) => this.#step({ kind: 'bytes', bytes }),
        closed: (reason) => this.#streamClosed(reason),
      });
    } catch (thrown) {
      const error = new SluiceError('SERIAL_UNAVAILABLE', { port, reason: reasonOf(thrown) }, thrown);
      if (!this.#unavailable) log.error({ bus: id, code: error.code }, error.message);
      this.#noteUnavailable(error);
      this.#failWaiting(error);
      return;
    }
    if (this.#unavailable) log.info({ bus: id }, `serial port ${port} is open again`);
    this.#unavailable = undefined;
    // What the port had kept from before is thrown away: the line must first be quiet.
    this.#state = { phase: 'settling', after: 'fault' };
    this.#settle('fault');
  }

  #streamClosed(reason: string | Words): void {
    this.#stream = undefined;
    const error = this.#lost(reason);
    this.#options.log.error({ bus: this.#options.id, code: error.code }, error.message);
    this.#noteUnavailable(error);
    // Whoever was silent may have been so because of the port.
    this.#resting.clear();
    this.#reset(error);
    this.#failWaiting(error);
  }

  #noteUnavailable(error: SluiceError): void {
    this.#unavailable = error;
    this.#reopenAtMs = this.#clock.monotonicMs() + this.#reopenMs;
    this.#reopenMs = Math.min(2 * this.#reopenMs, LONGEST_REOPEN_MS);
  }

  #reset(error: SluiceError): void {
    this.#cancelDeadline?.();
    this.#cancelQuiet?.();
    this.#cancelQuiet = undefined;
    this.#isDraining = false;
    this.#state = IDLE;
    const job = this.#current;
    this.#current = undefined;
    job?.reject(error);
  }

  /** The next request whose unit may be asked; polls of a unit that has fallen silent meanwhile fail at once. */
  #takeWaiting(nowMs: number): Job | undefined {
    const command = this.#takeCommand(nowMs);
    if (command) return command;
    for (;;) {
      const job = this.#queues.poll.shift();
      if (!job || !this.#resting.has(job.exchange.unit, nowMs)) return job;
      job.reject(this.#timeout(job.exchange));
    }
  }

  /** The first command whose time has come; the line is offered again when that of the others does. */
  #takeCommand(nowMs: number): Job | undefined {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    const queue = this.#queues.command;
    let wakeAtMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < queue.length; index++) {
      const job = queue[index]!;
      const { unit, request } = job.exchange;
      const readyAtMs = 'count' in request ? this.#resting.owesUntilMs(unit) : nowMs;
      if (nowMs > job.notAfterMs) {
        queue.splice(index--, 1);
        job.reject(new SluiceError('WRITE_TOO_LATE', { target: `unit ${unit}, ${this.#options.id}` }));
      } else if (readyAtMs <= nowMs) {
        queue.splice(index, 1);
        return job;
      } else wakeAtMs = Math.min(wakeAtMs, readyAtMs);
    }
    if (wakeAtMs < Number.POSITIVE_INFINITY) {
      this.#cancelWake = this.#clock.after(Math.ceil(wakeAtMs - nowMs), () => this.#next());
    }
    return undefined;
  }

  #takeCurrent(): Job {
    this.#cancelDeadline?.();
    const job = this.#current!;
    this.#current = undefined;
    return job;
  }

  get #waiting(): number {
    return this.#queues.command.length + this.#queues.poll.length;
  }

  #failWaiting(error: SluiceError | ((job: Job) => SluiceError)): void {
    const jobs = [...this.#queues.command.splice(0), ...this.#queues.poll.splice(0)];
    for (const job of jobs) job.reject(typeof error === 'function' ? error(job) : error);
  }

  /** Time that request and answer take on the wire. */
  #wireMs(exchange: Exchange): number {
    return (exchange.frame.length + exchange.answerLength) * this.#characterMs;
  }

  #lost(reason: string | Words): SluiceError {
    return new SluiceError('SERIAL_LOST', { port: this.#options.port, reason });
  }

  #timeout({ unit }: Exchange): SluiceError {
    const { id: bus, timeoutMs } = this.#options;
    return new SluiceError('MODBUS_TIMEOUT', { unit, bus, timeoutMs });
  }

  #badFrame({ unit }: Exchange, reason: string): SluiceError {
    return new SluiceError('MODBUS_BAD_FRAME', { unit, bus: this.#options.id, reason });
  }

  #exception({ unit, request }: Exchange, exception: number): SluiceError {
    return new SluiceError('MODBUS_EXCEPTION', {
      unit,
      bus: this.#options.id,
      function: FUNCTION_CODES[request.function],
      exception,
      meaning: EXCEPTIONS[exception] ?? 'a code of the maker',
    });
  }
}
