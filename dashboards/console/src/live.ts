import type { Cancel, Clock } from '../../../core/clock.ts';
import type { Quantity } from '../../../core/quantities.ts';
import { type Api, type Gateway, type LastReading, TIMEOUT_MS } from './api.ts';
import { Observable } from './observable.ts';

const POLL_MS = 2_000;
/** Whether a device is there comes with each reading too; since when, and what was counted, is in no hurry. */
const GATEWAYS_MS = 10_000;
/** Values that have waited longer for the next answer are not shown as live. */
const LATE_MS = 6_000;
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
  /** The last answer is too old to call its values live: the link is slow, or the phone has slept. */
  readonly isLate: boolean;
  readonly failure: Failure | undefined;
}

type LiveApi = Pick<Api, 'last' | 'gateways' | 'quantities'>;

/** Asks for the newest readings every two seconds, less often while the server does not answer, and not while hidden. */
export class Live {
  readonly state = new Observable<LiveState>({
    quantities: [],
    readings: undefined,
    gateways: [],
    aheadMs: 0,
    isLate: false,
    failure: undefined,
  });
  readonly #api: LiveApi;
  readonly #clock: Clock;
  readonly #openedMs: number;
  #goodMs: number | undefined;
  #gatewaysMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #cancel: Cancel = () => {};
  #cancelLate: Cancel = () => {};
  #running = false;
  /** All of the last round was answered, so it is enough to hear of changes. */
  #isComplete = false;
  /** Ends the request under way, if there is one. */
  #abort: AbortController | undefined;

  constructor(api: LiveApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
    this.#openedMs = clock.nowMs();
  }

  resume(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#ask();
  }

  /** A request that is under way when a phone falls asleep would not be answered when it wakes: it is given up. */
  pause(): void {
    this.#running = false;
    this.#cancel();
    this.#cancelLate();
    this.#abort?.abort();
    this.#abort = undefined;
    this.#isComplete = false;
  }

  /** The network is back: nobody need wait for the next try. */
  hurry(): void {
    if (this.#running && !this.#abort) void this.#ask();
  }

  /** The server's clock, as far as it is known. */
  nowMs(): number {
    return this.#clock.nowMs() + this.state.value.aheadMs;
  }

  async #ask(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#cancel();
    this.#watchLateness();
    const cancelTimeout = this.#clock.after(TIMEOUT_MS, () => abort.abort(new Error('timeout')));
    const { failure } = this.state.value;
    if (failure) this.#change({ failure: { ...failure, retryAtMs: undefined } });
    try {
      await this.#refresh(abort.signal);
      if (this.#abort === abort) this.#plan(POLL_MS);
    } catch (error) {
      if (this.#abort !== abort) return;
      this.#isComplete = false;
      this.#failures++;
      const waitMs = Math.min(POLL_MS * 2 ** (this.#failures - 1), LONGEST_RETRY_MS);
      const sinceMs = this.#goodMs ?? this.#openedMs;
      const reason = error instanceof Error ? error.message : String(error);
      this.#change({ failure: { sinceMs, retryAtMs: this.nowMs() + waitMs, reason } });
      this.#plan(waitMs);
    } finally {
      cancelTimeout();
    }
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    const known = this.state.value;
    const poll = { signal, onlyChanges: this.#isComplete };
    const isGatewaysDue = this.#clock.nowMs() - this.#gatewaysMs >= GATEWAYS_MS;
    const [last, gateways, { quantities }] = await Promise.all([
      this.#api.last(poll),
      isGatewaysDue ? this.#api.gateways(poll) : undefined,
      known.quantities.length > 0 ? known : this.#api.quantities(),
    ]);
    signal.throwIfAborted();
    this.#cancelLate();
    this.#failures = 0;
    this.#isComplete = true;
    if (isGatewaysDue) this.#gatewaysMs = this.#clock.nowMs();
    const aheadMs = last ? last.nowMs - this.#clock.nowMs() : known.aheadMs;
    this.#goodMs = this.#clock.nowMs() + aheadMs;
    this.#change({
      quantities,
      readings: last?.readings ?? known.readings,
      gateways: gateways?.gateways ?? known.gateways,
      aheadMs,
      isLate: false,
      failure: undefined,
    });
  }

  #watchLateness(): void {
    this.#cancelLate();
    if (this.#goodMs === undefined) return;
    const leftMs = this.#goodMs + LATE_MS - this.nowMs();
    if (leftMs <= 0) this.#change({ isLate: true });
    else this.#cancelLate = this.#clock.after(leftMs, () => this.#change({ isLate: true }));
  }

  #plan(waitMs: number): void {
    this.#abort = undefined;
    this.#cancel();
    if (this.#running) this.#cancel = this.#clock.after(waitMs, () => void this.#ask());
  }

  #change(change: Partial<LiveState>): void {
    this.state.set({ ...this.state.value, ...change });
  }
}
