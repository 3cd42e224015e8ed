import { SluiceError } from '../../../core/errors.ts';
import type { ModbusAnswer } from '../../../core/modbus/pdu.ts';
import type { Exchange } from './master.ts';
import type { RestingUnits } from './resting-units.ts';

/**
 * Commands go before polls, and in the order in which they came: an opening that was asked for before a closing must
 * not come after it.
 */
export type Priority = 'command' | 'poll';

export interface Job {
  readonly exchange: Exchange;
  readonly priority: Priority;
  /** Not to be sent after this moment (monotonic). */
  readonly notAfterMs: number;
  readonly resolve: (answer: ModbusAnswer) => void;
  readonly reject: (error: SluiceError) => void;
  attempts: number;
}

/** What came of looking for the next job: one, or the moment at which to look again, if nothing else happens. */
export type Turn = { readonly job: Job } | { readonly againAtMs: number | undefined };

/** The requests that wait for the line. */
export class WaitingJobs {
  readonly #queues: Record<Priority, Job[]> = { command: [], poll: [] };
  readonly #resting: RestingUnits;
  /** The error of a poll whose unit has fallen silent while it waited. */
  readonly #timeout: (exchange: Exchange) => SluiceError;

  constructor(resting: RestingUnits, timeout: (exchange: Exchange) => SluiceError) {
    this.#resting = resting;
    this.#timeout = timeout;
  }

  get count(): number {
    return this.#queues.command.length + this.#queues.poll.length;
  }

  add(job: Job): void {
    this.#queues[job.priority].push(job);
  }

  putBack(job: Job): void {
    this.#queues[job.priority].unshift(job);
  }

  fail(errorOf: (job: Job) => SluiceError): void {
    const jobs = [...this.#queues.command.splice(0), ...this.#queues.poll.splice(0)];
    for (const job of jobs) job.reject(errorOf(job));
  }

  /** The next request whose unit may be asked. Fails on the way what is too late, and polls of units that rest. */
  take(nowMs: number): Turn {
    const turn = this.#takeCommand(nowMs);
    if ('job' in turn) return turn;
    for (;;) {
      const job = this.#queues.poll.shift();
      if (!job) return turn;
      if (!this.#resting.has(job.exchange.unit, nowMs)) return { job };
      job.reject(this.#timeout(job.exchange));
    }
  }

  /**
   * A write goes out at once also to a unit that owes an answer: its own cannot be one to a read, and one to an earlier
   * write is found out by the read-back. That is a read, and waits until nothing can be owed any more; writes pass it.
   */
  #takeCommand(nowMs: number): Turn {
    const queue = this.#queues.command;
    let againAtMs: number | undefined;
    for (let index = 0; index < queue.length; index++) {
      const job = queue[index]!;
      const { unit, request } = job.exchange;
      const readyAtMs = 'count' in request ? this.#resting.owesUntilMs(unit) : nowMs;
      if (nowMs > job.notAfterMs) {
        queue.splice(index--, 1);
        job.reject(new SluiceError('WRITE_TOO_LATE', { target: `unit ${unit}` }));
      } else if (readyAtMs <= nowMs) {
        queue.splice(index, 1);
        return { job };
      } else againAtMs = Math.min(againAtMs ?? readyAtMs, readyAtMs);
    }
    return { againAtMs };
  }
}
