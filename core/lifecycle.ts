import type { Cancel, Clock } from './clock.ts';
import { asSluiceError, type SluiceError } from './errors.ts';
import type { Log } from './log.ts';

/**
 * Something with a beginning and an end. `start` may be called again after it has thrown; `stop` may be called
 * at any time and more than once, and resolves when work in flight is done and everything is released.
 */
export interface Service {
  readonly name: string;
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  /** What keeps a service that has started from doing its work, and mends itself: a cable out, a server away. */
  trouble?(): SluiceError | undefined;
}

export type ServiceState =
  | { readonly state: 'stopped' }
  | { readonly state: 'starting' }
  | { readonly state: 'up' }
  | { readonly state: 'down'; readonly error: SluiceError };

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;

/**
 * Starts services in order and stops them in reverse. A retryable failure leaves that service down, goes on with
 * the others and tries again by itself, waiting longer each time; any other failure stops everything.
 */
export class Supervisor {
  readonly #services: readonly Service[];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #abort = new AbortController();
  readonly #states = new Map<string, ServiceState>();
  readonly #retries = new Map<string, Cancel>();
  readonly #starting = new Set<Promise<void>>();
  #stopped: Promise<void> | undefined;

  constructor(services: readonly Service[], clock: Clock, log: Log) {
    this.#services = services;
    this.#clock = clock;
    this.#log = log;
    for (const service of services) this.#states.set(service.name, { state: 'stopped' });
  }

  /** Resolves when every service is up or has its next try planned. Throws the first error that no retry can mend. */
  async start(): Promise<void> {
    for (const service of this.#services) {
      if (this.#abort.signal.aborted) return;
      try {
        await this.#attempt(service, FIRST_RETRY_MS);
      } catch (error) {
        await this.stop();
        throw error;
      }
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  /** Every service by its name. One that has started and is in trouble is down. */
  states(): ReadonlyMap<string, ServiceState> {
    return new Map(this.#services.map((service) => [service.name, this.#stateOf(service)]));
  }

  #stateOf(service: Service): ServiceState {
    const state = this.#states.get(service.name)!;
    const error = state.state === 'up' ? service.trouble?.() : undefined;
    return error ? { state: 'down', error } : state;
  }

  async #attempt(service: Service, retryMs: number): Promise<void> {
    this.#states.set(service.name, { state: 'starting' });
    const attempt = (async () => service.start(this.#abort.signal))();
    const settled = attempt.catch(() => {});
    this.#starting.add(settled);
    try {
      await attempt;
      this.#states.set(service.name, { state: 'up' });
      this.#log.debug({ service: service.name }, 'up');
    } catch (thrown) {
      const error = asSluiceError(thrown);
      this.#states.set(service.name, { state: 'down', error });
      if (!error.retryable) throw error;
      if (!this.#abort.signal.aborted) this.#planRetry(service, error, retryMs);
    } finally {
      this.#starting.delete(settled);
    }
  }

  #planRetry(service: Service, error: SluiceError, retryMs: number): void {
    this.#log.error({ service: service.name, code: error.code, retryInMs: retryMs }, error.message);
    const cancel = this.#clock.after(retryMs, () => {
      this.#retries.delete(service.name);
      this.#attempt(service, Math.min(retryMs * 2, LONGEST_RETRY_MS)).then(
        () => {
          if (this.#states.get(service.name)?.state === 'up') {
            this.#log.info({ service: service.name }, `${service.name} is up`);
          }
        },
        // A failure that no retry can mend shows in the state; the other services run on.
        (final: SluiceError) => this.#log.error({ service: service.name, code: final.code }, final.message),
      );
    });
    this.#retries.set(service.name, cancel);
  }

  async #stopAll(): Promise<void> {
    this.#abort.abort();
    for (const cancel of this.#retries.values()) cancel();
    await Promise.all(this.#starting);
    for (const service of [...this.#services].reverse()) {
      try {
        await service.stop();
      } catch (thrown) {
        this.#log.error({ service: service.name }, `did not stop cleanly: ${asSluiceError(thrown).message}`);
      }
      this.#states.set(service.name, { state: 'stopped' });
    }
  }
}
