import type { Cancel, Clock } from '../../core/clock.ts';
import { asSluiceError, type SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log.ts';
import { TAGS } from '../../core/reading.ts';
import type { Store } from '../stores/store.ts';
import type { ExpireOrder, Upkeep } from '../stores/upkeep.ts';
import type { RetentionConfig } from './config.ts';
import { expireOrder, KEPT_UNLESS_NAMED, rawDaysOf } from './expire-order.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** How long after its end an hour is rolled up: most of what is on its way has come by then. */
const SETTLE_MS = 2 * MINUTE_MS;
/** So long the store works on one request, and so long it is left alone before the next. */
const BUDGET_MS = 500;
const PAUSE_MS = 500;
/** How long after the start what is to be deleted stands in the log before anything is: time to stop it. */
const NOTICE_MS = HOUR_MS;
/**
 * A clock may be wrong from the start on, and what is measured by it comes with its times. So nothing is deleted until
 * readings have come on so many days of so long a time: a jump by years has one.
 */
const LIVED_DAYS = 7;
const LIVED_WITHIN_DAYS = 30;
/** Of series as new as most, how many are asked about that. */
const SERIES_ASKED = 8;
/** A clock that moves otherwise than time passes, by more than this, was set; nothing is deleted for a day after. */
const CLOCK_STEP_MS = HOUR_MS;

interface Parts {
  readonly store: Pick<Store, 'last' | 'query'>;
  readonly upkeep: Upkeep;
  readonly clock: Clock;
  readonly log: Log;
}

export interface UpkeepStatus {
  /** Hours rolled up since the start of this process, and those that have ended and wait for it. */
  readonly rolledUpHours: number;
  readonly waitingHours: number;
  /** Deleted since the start of this process, as far as the database says how much. */
  readonly expired: { readonly readings: number; readonly minutes: number; readonly hours: number };
}

/** Has the store roll up what has come and delete what is too old: every minute a little, with pauses. */
export class UpkeepService implements Service {
  readonly name = 'upkeep';
  readonly #config: RetentionConfig;
  readonly #parts: Parts;
  readonly #expired = { readings: 0, minutes: 0, hours: 0 };
  /** The last order that was carried out, by measurement: a new one comes with a new day. */
  readonly #done = new Map<string, number>();
  #rolledUpHours = 0;
  #waitingHours = 0;
  #canExpire = true;
  #failure: string | undefined;
  #seen: { readonly nowMs: number; readonly monotonicMs: number } | undefined;
  #trustedFromMs = Number.NEGATIVE_INFINITY;
  #isStopped = true;
  #cancel: Cancel = () => {};
  #working: Promise<void> = Promise.resolve();

  constructor(config: RetentionConfig, parts: Parts) {
    this.#config = config;
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#isStopped = false;
    if (this.#isAnythingExpired()) {
      try {
        this.#parts.upkeep.assertCanExpire();
      } catch (error) {
        this.#canExpire = false;
        this.#parts.log.warn({ code: (error as SluiceError).code }, (error as SluiceError).message);
      }
    }
    if (this.#canExpire && this.#isAnythingExpired()) this.#giveNotice();
    this.#again(PAUSE_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#working;
  }

  status(): UpkeepStatus {
    return {
      rolledUpHours: this.#rolledUpHours,
      waitingHours: this.#waitingHours,
      expired: { ...this.#expired },
    };
  }

  #again(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancel = this.#parts.clock.after(delayMs, () => {
      this.#working = this.#work();
    });
  }

  /** One piece of work, and when to come again. */
  async #work(): Promise<void> {
    let delayMs = MINUTE_MS;
    try {
      if (await this.#rollUp()) delayMs = PAUSE_MS;
      else if (await this.#expire()) delayMs = PAUSE_MS;
      if (this.#failure !== undefined)
        this.#parts.log.info({ service: this.name }, 'roll-ups and retention go on');
      this.#failure = undefined;
    } catch (thrown) {
      const { message } = asSluiceError(thrown);
      // A store that is away says so itself; here once, until it is back or ails from something else.
      if (message !== this.#failure)
        this.#parts.log.warn({ service: this.name }, `roll-ups and retention wait: ${message}`);
      this.#failure = message;
    }
    this.#again(delayMs);
  }

  /** Whether there is more to do. */
  async #rollUp(): Promise<boolean> {
    const { upkeep, clock } = this.#parts;
    const { hours, waiting } = await upkeep.rollUp(clock.nowMs() - SETTLE_MS, BUDGET_MS);
    this.#rolledUpHours += hours;
    this.#waitingHours = waiting;
    return waiting > 0 && hours > 0;
  }

  /** Whether there is more to do. */
  async #expire(): Promise<boolean> {
    if (!this.#canExpire || !this.#isAnythingExpired() || !this.#isClockTrusted()) return false;
    const { upkeep } = this.#parts;
    for (const order of await this.#orders()) {
      if (!(await this.#isLived(order))) {
        this.#done.set(order.measurement, order.rawMs!);
        continue;
      }
      const expired = await upkeep.expire(order, BUDGET_MS);
      for (const kind of ['readings', 'minutes', 'hours'] as const) this.#expired[kind] += expired[kind] ?? 0;
      if (expired.isUnfinished) return true;
      this.#done.set(order.measurement, order.rawMs!);
      this.#logDone(order);
      if (this.#isStopped) return false;
    }
    return false;
  }

  async #orders(): Promise<ExpireOrder[]> {
    const { store, clock } = this.#parts;
    const byMeasurement = Map.groupBy(await store.last({}), ({ series }) => series.measurement);
    return [...byMeasurement].flatMap(([measurement, readings]) => {
      const times = readings.map(({ timeMs }) => timeMs);
      const order = expireOrder(this.#config, measurement, times, clock.nowMs());
      return order && order.rawMs !== this.#done.get(measurement) ? [order] : [];
    });
  }

  #giveNotice(): void {
    const { clock, log } = this.#parts;
    this.#trustedFromMs = clock.monotonicMs() + NOTICE_MS;
    const { rawDays, measurements } = this.#config;
    const days = (count: number) => (count === 0 ? 'never' : `after ${count} days`);
    const names = new Set([...Object.keys(measurements), KEPT_UNLESS_NAMED]);
    const own = [...names].map((name) => `${name} ${days(rawDaysOf(this.#config, name))}`);
    const told = [...own, `${own.length > 0 ? 'all others' : 'all'} ${days(rawDays)}`].join(', ');
    log.warn(
      { retention: this.#config },
      `retention: an hour from now readings begin to be deleted (${told}); to keep them, stop ingest and set rawDays to 0`,
    );
  }

  /** Whether readings have come on enough of the last days for their times to be believed. */
  async #isLived({ measurement }: ExpireOrder): Promise<boolean> {
    const { store, clock, log } = this.#parts;
    const readings = (await store.last({ measurement })).filter(({ timeMs }) => timeMs <= clock.nowMs());
    readings.sort((a, b) => b.timeMs - a.timeMs);
    const typical = Math.floor(readings.length / 10);
    for (const { series, timeMs } of readings.slice(typical, typical + SERIES_ASKED)) {
      const [days] = await store.query({
        measurement,
        field: series.field,
        where: Object.fromEntries(TAGS.map((tag) => [tag, [series[tag]]])),
        fromMs: timeMs - LIVED_WITHIN_DAYS * DAY_MS,
        toMs: timeMs + 1,
        window: { everyMs: DAY_MS, fn: 'count' },
        maxPoints: LIVED_WITHIN_DAYS + 2,
      });
      if ((days?.value.length ?? 0) >= LIVED_DAYS) return true;
    }
    log.info(
      { measurement },
      `retention: nothing of ${measurement} is deleted before it has readings of ${LIVED_DAYS} days within ${LIVED_WITHIN_DAYS}: its time may be wrong`,
    );
    return false;
  }

  #logDone({ measurement, rawMs }: ExpireOrder): void {
    const { readings, minutes, hours } = this.#expired;
    this.#parts.log.info(
      { measurement, readings, minutes, hours },
      `retention: readings of ${measurement} before ${new Date(rawMs!).toISOString()} are deleted; numbers are since the start`,
    );
  }

  #isAnythingExpired(): boolean {
    const { rawDays, measurements } = this.#config;
    return rawDays > 0 || Object.values(measurements).some((one) => (one.rawDays ?? 0) > 0);
  }

  #isClockTrusted(): boolean {
    const { clock, log } = this.#parts;
    const seen = { nowMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
    const before = this.#seen ?? seen;
    this.#seen = seen;
    const stepMs = seen.nowMs - before.nowMs - (seen.monotonicMs - before.monotonicMs);
    if (Math.abs(stepMs) > CLOCK_STEP_MS) {
      this.#trustedFromMs = Math.max(this.#trustedFromMs, seen.monotonicMs + DAY_MS);
      log.warn({ stepMs }, 'the clock was set by more than an hour: nothing is deleted for a day');
    }
    return seen.monotonicMs >= this.#trustedFromMs;
  }
}
