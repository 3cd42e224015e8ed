import type { Cancel, Clock } from '../core/clock.ts';
import { asSluiceError } from '../core/errors.ts';
import type { Driver, Outcome } from './driver.ts';

interface Task {
  readonly driver: Driver;
  readonly device: string;
  readonly group: string;
  readonly everyMs: number;
  dueMs: number;
  cancel: Cancel | undefined;
}

/**
 * Polls every group of every device at its interval. The schedule is absolute, so intervals do not drift; a poll that
 * takes longer than its interval misses turns rather than pile up.
 */
export class Poller {
  readonly #tasks: readonly Task[];
  readonly #clock: Clock;
  readonly #deliver: (outcome: Outcome) => void;
  readonly #abort = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  constructor(drivers: readonly Driver[], clock: Clock, deliver: (outcome: Outcome) => void) {
    this.#clock = clock;
    this.#deliver = deliver;
    this.#tasks = drivers.flatMap((driver) =>
      driver.devices.flatMap(({ id: device, groups }) =>
        groups.map(
          ({ id: group, everyMs }): Task => ({
            driver,
            device,
            group,
            everyMs,
            dueMs: 0,
            cancel: undefined,
          }),
        ),
      ),
    );
  }

  /** Polls everything once now, and from then on at its interval. */
  start(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const task of this.#tasks) {
      task.dueMs = nowMs;
      this.#run(task);
    }
  }

  /** Resolves when no poll is under way. Stop the drivers too, or a slow device is waited for. */
  async stop(): Promise<void> {
    this.#abort.abort();
    for (const task of this.#tasks) task.cancel?.();
    await Promise.all(this.#underWay);
  }

  #run(task: Task): void {
    const poll = this.#poll(task).then(() => {
      this.#underWay.delete(poll);
      if (!this.#abort.signal.aborted) this.#plan(task);
    });
    this.#underWay.add(poll);
  }

  #plan(task: Task): void {
    const nowMs = this.#clock.monotonicMs();
    const turns = Math.max(1, Math.ceil((nowMs - task.dueMs) / task.everyMs));
    task.dueMs += turns * task.everyMs;
    task.cancel = this.#clock.after(task.dueMs - nowMs, () => this.#run(task));
  }

  async #poll({ driver, device, group }: Task): Promise<void> {
    const { signal } = this.#abort;
    let outcome: Outcome | undefined;
    try {
      outcome = await driver.poll?.(device, group, signal);
    } catch (thrown) {
      const error = asSluiceError(thrown);
      outcome = { device, timeMs: this.#clock.nowMs(), isReached: false, samples: [], error };
    }
    if (outcome && !signal.aborted) this.#deliver(outcome);
  }
}
