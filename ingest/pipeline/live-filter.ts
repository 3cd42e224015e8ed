import type { Clock } from '../../core/clock.ts';
import type { Service } from '../../core/lifecycle.ts';
import { clockOf, type SeriesKey, seriesIdentity } from '../../core/reading.ts';
import type { ReadingBatch } from '../../core/reading-batch.ts';
import type { Store } from '../stores/store.ts';
import type { LiveReading, LiveSink } from './live-sink.ts';

/**
 * How long nothing but readings older than the newest may come of a series until its clock counts as set back. What
 * is merely late comes in between others, or ends before.
 */
export const STEP_BACK_MS = 60_000;

interface Known {
  newestMs: number;
  /** When the first of those came that were older; `undefined` after one that was newer. */
  lateSinceMs: number | undefined;
  /** The newest of them. */
  newestLateMs: number;
}

interface LiveFilterParts {
  readonly store: Pick<Store, 'last'>;
  readonly clock: Clock;
}

/** Lets through to `sink` what is live as `LiveSink` has it. */
export class LiveFilter implements LiveSink, Service {
  readonly name = 'live';
  readonly #sink: LiveSink;
  readonly #liveWithinMs: number;
  readonly #parts: LiveFilterParts;
  readonly #known = new Map<string, Known>();
  /** The same by key: one object lives from birth to rebirth, and in the store's table for ever. */
  readonly #byKey = new WeakMap<SeriesKey, Known>();

  constructor(sink: LiveSink, liveWithinS: number, parts: LiveFilterParts) {
    this.#sink = sink;
    this.#liveWithinMs = 1000 * liveWithinS;
    this.#parts = parts;
  }

  /** Learns from the store what an earlier run has told. Throws what `Store.last` throws. */
  async start(): Promise<void> {
    for (const { series, timeMs } of await this.#parts.store.last({})) this.#note(this.#of(series), timeMs);
  }

  async stop(): Promise<void> {}

  taken(readings: readonly LiveReading[]): void {
    const nowMs = this.#parts.clock.nowMs();
    const monotonicMs = this.#parts.clock.monotonicMs();
    const live = readings.filter((reading) => this.#isLive(reading, nowMs, monotonicMs));
    if (live.length > 0) this.#sink.taken(live);
  }

  stored(batch: ReadingBatch): void {
    const { table, seriesId, timeMs, length } = batch;
    for (let row = 0; row < length; row++) this.#note(this.#of(table.get(seriesId[row]!)), timeMs[row]!);
    this.#sink.stored(batch);
  }

  #isLive({ key, timeMs, status }: LiveReading, nowMs: number, monotonicMs: number): boolean {
    const known = this.#of(key);
    if (timeMs <= known.newestMs && !this.#isSetBack(known, timeMs, monotonicMs)) return false;
    const isOld = timeMs < nowMs - this.#liveWithinMs && clockOf(status) !== 'unsynced';
    // Its time is known from here on all the same: what is older still is not live either.
    known.newestMs = timeMs;
    known.lateSinceMs = undefined;
    return !isOld;
  }

  /** Notes one that is not newer, and says whether the clock was set back. */
  #isSetBack(known: Known, timeMs: number, monotonicMs: number): boolean {
    if (known.lateSinceMs === undefined) {
      known.lateSinceMs = monotonicMs;
      known.newestLateMs = timeMs;
      return false;
    }
    if (timeMs <= known.newestLateMs) return false;
    known.newestLateMs = timeMs;
    return monotonicMs - known.lateSinceMs >= STEP_BACK_MS;
  }

  #note(known: Known, timeMs: number): void {
    if (timeMs > known.newestMs) known.newestMs = timeMs;
  }

  #of(key: SeriesKey): Known {
    let known = this.#byKey.get(key);
    if (known) return known;
    const identity = seriesIdentity(key);
    known = this.#known.get(identity);
    if (!known) {
      known = { newestMs: Number.NEGATIVE_INFINITY, lateSinceMs: undefined, newestLateMs: 0 };
      this.#known.set(identity, known);
    }
    this.#byKey.set(key, known);
    return known;
  }
}
