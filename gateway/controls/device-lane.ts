import type { Clock } from '../../core/clock.ts';
import { asSluiceError, SluiceError } from '../../core/errors.ts';
import { isWayGone, type WriteResult } from '../driver.ts';

export type LaneEnd =
  | WriteResult
  | { readonly kind: 'expired' }
  | { readonly kind: 'failed'; readonly error: SluiceError };

export interface LaneJob {
  readonly isClose: boolean;
  /** After it (monotonic) it must not be begun. */
  readonly notAfterMs: number;
  /** An opening that was overtaken while it waited must not be begun any more. */
  isWanted(): boolean;
  write(): Promise<WriteResult>;
  end(end: LaneEnd): void;
  /** The device took it after all, long after `end` had said that nothing came back. */
  late(): void;
}

/** A driver ends its writes long before; one that does not may not keep the others from being closed. */
const LONGEST_WRITE_MS = 20_000;

/**
 * The writes to one device: one close at a time, and openings only while nothing else is under way. A close does not
 * wait for an opening to end; the driver keeps their order. Where the device is silent, all that waits fails with it:
 * eight valves of a dead controller cost its bus one timeout and not eight.
 */
export class DeviceLane {
  readonly #clock: Clock;
  readonly #waiting: { readonly close: LaneJob[]; readonly open: LaneJob[] } = { close: [], open: [] };
  #closing = 0;
  #opening = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(job: LaneJob): void {
    this.#waiting[job.isClose ? 'close' : 'open'].push(job);
    this.#next();
  }

  #next(): void {
    const { close, open } = this.#waiting;
    if (this.#closing > 0) return;
    const job = close.shift() ?? (this.#opening === 0 ? open.shift() : undefined);
    if (!job) return;
    if (job.isClose) this.#closing++;
    else this.#opening++;
    void this.#run(job).then((end) => {
      if (job.isClose) this.#closing--;
      else this.#opening--;
      const isSilent = end.kind === 'failed' && saysNothing(end.error);
      const failed = isSilent ? [...close.splice(0), ...open.splice(0)] : [];
      job.end(end);
      for (const other of failed) other.end(end);
      this.#next();
    });
  }

  #run(job: LaneJob): Promise<LaneEnd> {
    const isLate = this.#clock.monotonicMs() > job.notAfterMs;
    if (isLate || !job.isWanted()) return Promise.resolve({ kind: 'expired' });
    return new Promise((resolve) => {
      let isOver = false;
      const finish = (end: LaneEnd) => {
        cancel();
        if (isOver && end.kind === 'done') job.late();
        isOver = true;
        resolve(end);
      };
      const cancel = this.#clock.after(LONGEST_WRITE_MS, () => {
        finish({
          kind: 'failed',
          error: new SluiceError('WRITE_WITHOUT_END', { waitedS: LONGEST_WRITE_MS / 1_000 }),
        });
      });
      (async () => job.write())().then(finish, (thrown) =>
        finish({ kind: 'failed', error: asSluiceError(thrown) }),
      );
    });
  }
}

/** Whether it is of no use to ask the device for anything else just now. */
function saysNothing(error: SluiceError): boolean {
  return isWayGone(error) || error.code === 'MODBUS_TIMEOUT' || error.code === 'WRITE_WITHOUT_END';
}
