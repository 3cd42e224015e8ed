export interface ScheduleOptions {
  readonly everyMs: number;
  readonly spacing: 'poisson' | 'periodic';
  /** When it begins, monotonic ms. */
  readonly startMs: number;
  /** From 0 to below 1, each time another. */
  readonly random: () => number;
}

/**
 * When the probes of one link are due, for ever: each time follows from the one before and never from when a turn came,
 * so nothing drifts. The first is somewhere within the first interval, so that links begun together do not go out together.
 */
export class ProbeSchedule {
  readonly #options: ScheduleOptions;
  #nextMs: number;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#nextMs = options.startMs + options.everyMs * options.random();
  }

  /** Monotonic, ms. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** Goes on to the one after. */
  advance(): void {
    const { everyMs, spacing, random } = this.#options;
    // Exponential waits make a Poisson process (RFC 2330, 11.1.1).
    this.#nextMs += spacing === 'periodic' ? everyMs : -Math.log(1 - random()) * everyMs;
  }
}
