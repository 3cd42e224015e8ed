import type { Cancel, Clock } from '../../../core/clock.ts';
import type { Quantity } from '../../../core/quantities.ts';
import type { Api, Gateway, LastReading } from './api.ts';
import { Observable } from './observable.ts';

const POLL_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;

export interface Failure {
  /** When the last good answer was, or the page was opened. Like all times here, by the server's clock. */
  readonly sinceMs: number;
  /** When the next try begins; undefined while one is under way. */
  readonly retryAtMs: number | undefined;
  readonly reason: string;
}

export interface LiveState {
  readonly quantities: readonly Quantity[];
  /** Undefined until the first answer. */
  readonly readings: readonly LastReading[] | undefined;
  readonly gateways: readonly Gateway[];
  /** Server's clock minus the viewer's: ages are told by the server's. */
  readonly aheadMs: number;
  readonly failure: Failure | undefined;
}

/** Asks for the newest readings every two seconds, less often while the server does not answer, and not while hidden. */
export class Live {
  readonly state = new Observable<LiveState>({
    quantities: [],
    readings: undefined,
    gateways: [],
    aheadMs: 0,
    failure: undefined,
  });
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #openedMs: number;
  #goodMs: number | undefined;
  #failures = 0;
  #cancel: Cancel = () => {};
  #running = false;
  #asking = false;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
    this.#openedMs = clock.nowMs();
  }

  resume(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#ask();
  }

  pause(): void {
    this.#running = false;
    this.#cancel();
  }

  /** The server's clock, as far as it is known. */
  nowMs(): number {
    return this.#clock.nowMs() + this.state.value.aheadMs;
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const { failure } = this.state.value;
    if (failure) this.#change({ failure: { ...failure, retryAtMs: undefined } });
    try {
      await this.#refresh();
      this.#plan(POLL_MS);
    } catch (error) {
      this.#failures++;
      const waitMs = Math.min(POLL_MS * 2 ** (this.#failures - 1), LONGEST_RETRY_MS);
      const sinceMs = this.#goodMs ?? this.#openedMs;
      const reason = error instanceof Error ? error.message : String(error);
      this.#change({ failure: { sinceMs, retryAtMs: this.nowMs() + waitMs, reason } });
      this.#plan(waitMs);
    }
  }

  async #refresh(): Promise<void> {
    const known = this.state.value.quantities;
    const [{ nowMs, readings }, { gateways }, { quantities }] = await Promise.all([
      this.#api.last(),
      this.#api.gateways(),
      known.length > 0 ? { quantities: known } : this.#api.quantities(),
    ]);
    this.#failures = 0;
    this.#goodMs = nowMs;
    this.#change({
      quantities,
      readings,
      gateways,
      aheadMs: nowMs - this.#clock.nowMs(),
      failure: undefined,
    });
  }

  #plan(waitMs: number): void {
    this.#asking = false;
    this.#cancel();
    if (this.#running) this.#cancel = this.#clock.after(waitMs, () => void this.#ask());
  }

  #change(change: Partial<LiveState>): void {
    this.state.set({ ...this.state.value, ...change });
  }
}
