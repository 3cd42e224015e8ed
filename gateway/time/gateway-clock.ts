import type { Cancel, Clock } from '../../core/clock.ts';
import { asSluiceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { ClockStatus, TimeObservation } from '../driver.ts';
import type { Boot } from './boot.ts';
import {
  type ClockChange,
  type ClockInput,
  type ClockMachine,
  isSynced,
  STEP_MS,
  type SystemEvidence,
  startClock,
  stepClock,
  timeOf,
} from './clock-machine.ts';
import type { KeptTimeFile } from './kept-time-file.ts';

export interface GatewayClockOptions {
  /** The system clock, timers, and the monotonic clock of this process. */
  readonly system: Clock;
  readonly boot: Boot;
  readonly keptTime: KeptTimeFile;
  readonly evidence: Evidence;
  readonly log: Log;
}

export interface Evidence {
  /** Cheap: it is asked every second. */
  now(): SystemEvidence;
  /** Finds out what takes longer. */
  refresh(): Promise<void>;
}

/** When something was, such that it can still be put right once the clock is. */
export interface ClockStamp {
  /** UTC, as good as it was known. */
  readonly timeMs: number;
  readonly clock: 'synced' | 'unsynced';
  /** Where it is unsynced: the same moment on a clock that does not step, and which one that is. */
  readonly moment?: { readonly boot: string; readonly monotonicMs: number };
}

const LOOK_EVERY_MS = 1_000;
const KEEP_EVERY_MS = 600_000;

/** The gateway's time: see `clock-machine.ts` for whom it believes. Its monotonic time outlives the process. */
export class GatewayClock implements Clock {
  /** Monotonic times with another id have another start, and cannot be compared. */
  readonly bootId: string;
  readonly #options: GatewayClockOptions;
  readonly #listeners = new Set<(change: ClockChange) => void>();
  #state: ClockMachine;
  #newestMs = 0;
  #keptAtMs = Number.NEGATIVE_INFINITY;
  #isKeeping = true;
  #cancelLook: Cancel | undefined;
  #isStarted = false;

  constructor(options: GatewayClockOptions) {
    const { system, boot, keptTime } = options;
    this.#options = options;
    this.bootId = boot.id;
    this.#state = startClock({
      kept: keptTime.read(),
      bootId: boot.id,
      isBootKnown: boot.isOfMachine,
      systemMs: system.nowMs(),
      monotonicMs: this.monotonicMs(),
    });
  }

  /** UTC. Goes back only when it is set, and not for the jitter of a source. */
  nowMs(): number {
    const systemMs = this.#options.system.nowMs();
    const monotonicMs = this.monotonicMs();
    // A step is noticed before anything is stamped with it.
    const isStep = Math.abs(systemMs - monotonicMs - this.#state.systemBaseMs) >= STEP_MS;
    if (isStep && this.#isStarted) this.#look();
    const timeMs = timeOf(this.#state, systemMs, monotonicMs);
    const isJitter = timeMs < this.#newestMs && this.#newestMs - timeMs < STEP_MS;
    if (!isJitter) this.#newestMs = timeMs;
    return Math.round(this.#newestMs);
  }

  /** Milliseconds since the machine was started, where that is known; else since the process was. */
  monotonicMs(): number {
    return this.#options.system.monotonicMs() + this.#options.boot.sinceBootMs;
  }

  after(delayMs: number, fn: () => void): Cancel {
    return this.#options.system.after(delayMs, fn);
  }

  get state(): 'synced' | 'unsynced' {
    return isSynced(this.#state) ? 'synced' : 'unsynced';
  }

  /** Who gave the time; empty while unsynced. */
  get source(): string {
    return this.#state.source;
  }

  status(): ClockStatus {
    const { observedBaseMs, systemBaseMs } = this.#state;
    const systemOffsetMs = observedBaseMs === undefined ? undefined : systemBaseMs - observedBaseMs;
    return { isSynced: isSynced(this.#state), systemOffsetMs };
  }

  /** The stamp of a moment that `nowMs` has called `timeMs` since the clock was last set, or that a device tells. */
  stamp(timeMs: number): ClockStamp {
    if (this.state === 'synced') return { timeMs, clock: 'synced' };
    const monotonicMs = this.monotonicMs() - (this.nowMs() - timeMs);
    // Before the machine ran: a time that a device tells by a clock of its own. Ours, once set, says nothing about it.
    if (monotonicMs < 0) return { timeMs, clock: 'unsynced' };
    return { timeMs, clock: 'unsynced', moment: { boot: this.bootId, monotonicMs } };
  }

  /** The UTC of a moment that was stamped unsynced; `undefined` while unsynced, and for another boot for ever. */
  utcOf(boot: string, monotonicMs: number): number | undefined {
    if (boot !== this.bootId || this.state === 'unsynced') return undefined;
    return Math.round(this.nowMs() - (this.monotonicMs() - monotonicMs));
  }

  /** Whether `utcOf` may still come to know moments of `boot`. */
  mayLearn(boot: string): boolean {
    return boot === this.bootId;
  }

  /** Calls `listener` whenever `utcOf` has come to know more. */
  onLearned(listener: () => void): Cancel {
    return this.onChange(({ kind }) => {
      if (kind === 'synced') listener();
    });
  }

  /** A source of time has spoken. */
  observe(observation: TimeObservation): void {
    this.#step({ kind: 'observation', observation });
  }

  /** Is told of every change after it has come about. */
  onChange(listener: (change: ClockChange) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks at the system clock now and from then on every second. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#lookOn();
    void this.#options.evidence.refresh().then(() => {
      if (this.#isStarted) this.#look();
    });
  }

  stop(): void {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#cancelLook?.();
    this.#keep();
  }

  #lookOn(): void {
    this.#look();
    if (this.monotonicMs() - this.#keptAtMs >= KEEP_EVERY_MS) this.#keep();
    this.#cancelLook = this.after(LOOK_EVERY_MS, () => this.#lookOn());
  }

  #look(): void {
    const { system, evidence } = this.#options;
    this.#step({
      kind: 'look',
      systemMs: system.nowMs(),
      monotonicMs: this.monotonicMs(),
      evidence: evidence.now(),
    });
  }

  #step(input: ClockInput): void {
    const { state, changes } = stepClock(this.#state, input);
    this.#state = state;
    for (const change of changes) {
      this.#report(change);
      if (change.kind === 'synced') this.#keep();
      for (const listener of this.#listeners) this.#tell(listener, change);
    }
  }

  /** A listener that fails must not stop the clock. */
  #tell(listener: (change: ClockChange) => void, change: ClockChange): void {
    try {
      listener(change);
    } catch (thrown) {
      this.#options.log.error({ err: thrown }, asSluiceError(thrown).message);
    }
  }

  #report(change: ClockChange): void {
    const { log } = this.#options;
    switch (change.kind) {
      case 'synced':
        log.info(
          { source: change.source, byMs: Math.round(change.byMs) },
          `the clock is set by ${change.source}`,
        );
        return;
      case 'unsynced':
        log.warn({}, 'nothing says any more what time it is; times are marked unsynced');
        return;
      case 'system-stepped':
        log.warn({ byMs: Math.round(change.byMs) }, 'somebody has set the system clock');
        return;
      case 'refused': {
        const time = new Date(change.utcMs).toISOString();
        log.error({ source: change.source, time }, `${change.source} gives a time that cannot be`);
      }
    }
  }

  /** Keeps the time for the next run; a disk that takes nothing keeps nobody from measuring. */
  #keep(): void {
    const { source, vouchedAtMs } = this.#state;
    if (this.state === 'unsynced') return;
    const monotonicMs = this.monotonicMs();
    this.#keptAtMs = monotonicMs;
    const vouched = Number.isFinite(vouchedAtMs) ? { vouchedAtMs } : {};
    try {
      this.#options.keptTime.write({
        utcMs: this.nowMs(),
        monotonicMs,
        bootId: this.bootId,
        source,
        ...vouched,
      });
      this.#isKeeping = true;
    } catch (thrown) {
      if (this.#isKeeping) this.#options.log.error({}, asSluiceError(thrown).message);
      this.#isKeeping = false;
    }
  }
}
