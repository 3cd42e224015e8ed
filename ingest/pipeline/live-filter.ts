import type { Clock } from '../../core/clock.ts';
import type { Service } from '../../core/lifecycle.ts';
import { clockOf, type SeriesKey, seriesIdentity } from '../../core/reading.ts';
import type { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import type { Store } from '../stores/store.ts';
import type { LiveListener, LiveReading, LiveSink } from './live-sink.ts';
import { isSetBack, type Late } from './set-back.ts';

interface Known extends Late {
  newestMs: number;
}

interface LiveFilterParts {
  readonly store: Pick<Store, 'last'>;
  readonly clock: Clock;
}

/** Tells `listener` what is live as `LiveListener` has it. */
export class LiveFilter implements LiveSink, Service {
  readonly name = 'live';
  readonly #listener: LiveListener;
  readonly #liveWithinMs: number;
  readonly #parts: LiveFilterParts;
  readonly #known = new Map<string, Known>();
  /** The same by the series ids of `#table`. */
  #bySeries: Known[] = [];
  #table: SeriesTable | undefined;

  constructor(listener: LiveListener, liveWithinS: number, parts: LiveFilterParts) {
    this.#listener = listener;
    this.#liveWithinMs = 1000 * liveWithinS;
    this.#parts = parts;
  }

  /** Learns from the store what an earlier run has told. Throws what `Store.last` throws. */
  async start(): Promise<void> {
    for (const { series, timeMs } of await this.#parts.store.last({})) this.#note(this.#of(series), timeMs);
  }

  async stop(): Promise<void> {}

  taken(batch: ReadingBatch, rows: readonly number[]): void {
    this.#use(batch.table);
    const nowMs = this.#parts.clock.nowMs();
    const monotonicMs = this.#parts.clock.monotonicMs();
    const live: LiveReading[] = [];
    for (const row of rows) {
      const timeMs = batch.timeMs[row]!;
      const status = batch.status[row]!;
      const seriesId = batch.seriesId[row]!;
      if (!this.#isLive(this.#bySeriesId(seriesId), timeMs, status, nowMs, monotonicMs)) continue;
      live.push({ key: batch.table.get(seriesId), value: batch.valueAt(row), timeMs, status });
    }
    if (live.length > 0) this.#listener.taken(live);
  }

  stored(batch: ReadingBatch): void {
    this.#use(batch.table);
    const { seriesId, timeMs, length } = batch;
    for (let row = 0; row < length; row++) this.#note(this.#bySeriesId(seriesId[row]!), timeMs[row]!);
    this.#listener.stored(batch);
  }

  #isLive(known: Known, timeMs: number, status: number, nowMs: number, monotonicMs: number): boolean {
    if (timeMs <= known.newestMs && !isSetBack(known, timeMs, monotonicMs)) return false;
    const isOld = timeMs < nowMs - this.#liveWithinMs && clockOf(status) !== 'unsynced';
    // Its time is known from here on all the same: what is older still is not live either.
    known.newestMs = timeMs;
    known.lateSinceMs = undefined;
    return !isOld;
  }

  #note(known: Known, timeMs: number): void {
    if (timeMs > known.newestMs) known.newestMs = timeMs;
  }

  /** Ids mean what the table of the batches says: a pipeline has one for as long as it lives. */
  #use(table: SeriesTable): void {
    if (table === this.#table) return;
    this.#table = table;
    this.#bySeries = [];
  }

  #bySeriesId(id: number): Known {
    const found = this.#bySeries[id];
    if (found) return found;
    const known = this.#of(this.#table!.get(id));
    this.#bySeries[id] = known;
    return known;
  }

  #of(key: SeriesKey): Known {
    const identity = seriesIdentity(key);
    let known = this.#known.get(identity);
    if (!known) {
      known = { newestMs: Number.NEGATIVE_INFINITY, lateSinceMs: undefined, newestLateMs: 0 };
      this.#known.set(identity, known);
    }
    return known;
  }
}
