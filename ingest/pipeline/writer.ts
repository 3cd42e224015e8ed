import type { Cancel, Clock } from '../../core/clock.ts';
import type { Lane } from './lane.ts';

/** So many writes go before history that waits: it never starves, and a store that needs 2 s per write is at it every 8 s. */
const LIVE_WRITES_BEFORE_HISTORY = 3;
/** A write that takes longer: the store is slow or away, and nothing is gained by not reading on. */
const STALLED_MS = 1_000;

interface WriterOptions {
  readonly flushReadings: number;
  readonly flushMs: number;
}

/**
 * Gives the lanes their turns, one write at a time: a lane is ready when much is in it or the oldest of it has waited for
 * `flushMs`. What happens now goes first, so it waits for one write of history at most.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #lanes: { readonly live: Lane; readonly history: Lane };
  readonly #clock: Clock;
  readonly #written: () => void;
  readonly #timers = new Map<Lane, Cancel>();
  #writing: { readonly sinceMs: number; readonly done: Promise<void> } | undefined;
  #liveWrites = 0;
  #lastMs = 0;
  /** What the store wrote in a second lately, and `flushReadings` at least. */
  #rowsPerS: number;

  constructor(
    options: WriterOptions,
    lanes: { readonly live: Lane; readonly history: Lane },
    clock: Clock,
    written: () => void,
  ) {
    this.#options = options;
    // Nothing is known of the store yet: a backlog may be there before its first answer.
    this.#rowsPerS = options.flushReadings;
    this.#lanes = lanes;
    this.#clock = clock;
    this.#written = written;
  }

  get rowsPerS(): number {
    return this.#rowsPerS;
  }

  get isStalled(): boolean {
    return this.#writing !== undefined && this.#clock.monotonicMs() - this.#writing.sinceMs >= STALLED_MS;
  }

  /** It stalls, or did with the last write: history waits better where it comes from than behind a brake that stops all. */
  get isSlow(): boolean {
    return this.isStalled || this.#lastMs >= STALLED_MS;
  }

  /** To be called when something was put into `lane`. */
  pump(lane: Lane): void {
    if (lane.filling.isEmpty) return;
    if (!this.#isReady(lane)) this.#wait(lane);
    else this.#next();
  }

  /** As `pump`, for something that somebody waits for. */
  hurry(lane: Lane): void {
    if (lane.filling.isEmpty) return;
    lane.isDue = true;
    this.#next();
  }

  /** Resolves when both lanes are empty. */
  async drain(): Promise<void> {
    const { live, history } = this.#lanes;
    while (this.#writing || !live.filling.isEmpty || !history.filling.isEmpty) {
      this.hurry(live);
      this.hurry(history);
      await this.#writing?.done;
    }
  }

  stop(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #isReady(lane: Lane): boolean {
    const { rows, isEmpty } = lane.filling;
    return !isEmpty && (lane.isDue || rows.length >= this.#options.flushReadings);
  }

  #wait(lane: Lane): void {
    if (this.#timers.has(lane)) return;
    const cancel = this.#clock.after(this.#options.flushMs, () => {
      this.#timers.delete(lane);
      this.hurry(lane);
    });
    this.#timers.set(lane, cancel);
  }

  #next(): void {
    if (this.#writing) return;
    const { live, history } = this.#lanes;
    const isHistorysTurn = this.#liveWrites >= LIVE_WRITES_BEFORE_HISTORY || !this.#isReady(live);
    const lane = isHistorysTurn && this.#isReady(history) ? history : live;
    if (!this.#isReady(lane)) return;
    this.#liveWrites = lane === live ? this.#liveWrites + 1 : 0;
    this.#timers.get(lane)?.();
    this.#timers.delete(lane);
    const sinceMs = this.#clock.monotonicMs();
    // Set before the write begins: it may settle messages, and whoever is told may bring the next ones at once.
    const begun = Promise.withResolvers<void>();
    this.#writing = { sinceMs, done: begun.promise };
    void lane.write().then((rows) => this.#ended(rows, sinceMs, begun.resolve));
  }

  #ended(rows: number, sinceMs: number, done: () => void): void {
    this.#lastMs = this.#clock.monotonicMs() - sinceMs;
    if (rows > 0) this.#rowsPerS = Math.max(this.#options.flushReadings, (1000 * rows) / this.#lastMs);
    this.#writing = undefined;
    this.#next();
    this.#written();
    done();
  }
}
