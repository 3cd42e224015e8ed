import { useEffect } from 'preact/hooks';
import type { Cancel, Clock } from '../../../core/clock.ts';
import { TAGS } from '../../../core/reading.ts';
import type { Api, PointsQuery, SetTags } from './api.ts';
import { Observable, useObservable } from './observable.ts';

export interface Points {
  readonly timeMs: readonly number[];
  readonly value: readonly number[];
}

/** Points of every series of a quantity, by `tagsKey`. */
export type PointsBySeries = ReadonlyMap<string, Points>;

export interface HistoryRequest extends Omit<PointsQuery, 'from'> {
  readonly everyMs: number;
  readonly lengthMs: number;
}

export interface HistoryTime {
  readonly clock: Clock;
  /** By the server's clock. */
  nowMs(): number;
  /** Nobody looks at the page: nothing is asked for. */
  isPaused(): boolean;
}

export function tagsKey(tags: SetTags): string {
  return TAGS.map((tag) => tags[tag] ?? '').join('|');
}

const SHORTEST_REFRESH_MS = 5_000;
const LONGEST_REFRESH_MS = 60_000;

/**
 * One quantity over a time up to now, for all series at once and shared by all charts that show it. It asks for what
 * is new only, and only while somebody who can be seen is interested.
 */
export class Feed {
  readonly points = new Observable<PointsBySeries | undefined>(undefined);
  readonly #api: Pick<Api, 'query'>;
  readonly #request: HistoryRequest;
  readonly #time: HistoryTime;
  readonly #onPoints: (points: PointsBySeries) => void;
  #watchers = 0;
  #cancel: Cancel = () => {};
  #loadedToMs = 0;
  #loading = false;

  constructor(
    api: Pick<Api, 'query'>,
    request: HistoryRequest,
    time: HistoryTime,
    onPoints: (points: PointsBySeries) => void = () => {},
  ) {
    this.#api = api;
    this.#request = request;
    this.#time = time;
    this.#onPoints = onPoints;
  }

  watch(): () => void {
    if (this.#watchers++ === 0) void this.#load();
    return () => {
      if (--this.#watchers === 0) this.#cancel();
    };
  }

  async #load(): Promise<void> {
    this.#cancel();
    if (this.#loading) return;
    this.#loading = true;
    const refreshMs = Math.min(Math.max(this.#request.everyMs, SHORTEST_REFRESH_MS), LONGEST_REFRESH_MS);
    // Scrolled away and back: what is there is new enough.
    const oldMs = this.#time.nowMs() - this.#loadedToMs;
    const restMs = oldMs >= 0 && oldMs < refreshMs ? refreshMs - oldMs : 0;
    if (restMs === 0 && !this.#time.isPaused()) await this.#ask();
    this.#loading = false;
    if (this.#watchers > 0) {
      this.#cancel = this.#time.clock.after(restMs || refreshMs, () => void this.#load());
    }
  }

  async #ask(): Promise<void> {
    const { measurement, field, every, everyMs, lengthMs, fn } = this.#request;
    const nowMs = this.#time.nowMs();
    // The window that was being filled at the last time is asked for again, whole.
    const newMs = Math.max(nowMs - lengthMs, this.#loadedToMs - everyMs);
    const from = newMs - (newMs % everyMs);
    try {
      const { series } = await this.#api.query({ measurement, field, from, every, fn });
      const fresh = new Map(series.map((one) => [tagsKey(one.tags), numbersOf(one)]));
      const points = merge(this.points.value, fresh, from, nowMs - lengthMs);
      this.#onPoints(points);
      this.points.set(points);
      this.#loadedToMs = nowMs;
    } catch {
      // The page already says that the server does not answer; the next round asks for the same again.
    }
  }
}

/** What is kept of `known` is from `startMs` on and before `freshFromMs`, where `fresh` takes over. */
export function merge(
  known: PointsBySeries | undefined,
  fresh: PointsBySeries,
  freshFromMs: number,
  startMs: number,
): PointsBySeries {
  const merged = new Map<string, Points>();
  for (const key of new Set([...(known?.keys() ?? []), ...fresh.keys()])) {
    const timeMs: number[] = [];
    const value: number[] = [];
    const keep = (points: Points | undefined, fromMs: number, toMs: number) => {
      points?.timeMs.forEach((time, index) => {
        if (time < fromMs || time >= toMs) return;
        timeMs.push(time);
        value.push(points.value[index]!);
      });
    };
    keep(known?.get(key), startMs, freshFromMs);
    keep(fresh.get(key), startMs, Number.POSITIVE_INFINITY);
    if (timeMs.length > 0) merged.set(key, { timeMs, value });
  }
  return merged;
}

function numbersOf({
  timeMs,
  value,
}: {
  timeMs: readonly number[];
  value: readonly (number | string)[];
}): Points {
  return { timeMs, value: value.map((one) => (typeof one === 'number' ? one : Number.NaN)) };
}

export class History {
  /** The oldest time of any point that has been loaded. */
  readonly oldestMs = new Observable(Number.POSITIVE_INFINITY);
  readonly #feeds = new Map<string, Feed>();
  readonly #api: Pick<Api, 'query'>;
  readonly #time: HistoryTime;

  constructor(api: Pick<Api, 'query'>, time: HistoryTime) {
    this.#api = api;
    this.#time = time;
  }

  feed(request: HistoryRequest): Feed {
    const key = `${request.measurement}/${request.field}/${request.lengthMs}/${request.fn}`;
    let feed = this.#feeds.get(key);
    if (!feed) {
      feed = new Feed(this.#api, request, this.#time, (points) => this.#age(points));
      this.#feeds.set(key, feed);
    }
    return feed;
  }

  #age(points: PointsBySeries): void {
    const starts = Array.from(points.values(), ({ timeMs }) => timeMs[0]!);
    const oldestMs = Math.min(this.oldestMs.value, ...starts);
    if (oldestMs < this.oldestMs.value) this.oldestMs.set(oldestMs);
  }
}

/** Undefined until the first answer. */
export function usePoints(
  history: History,
  request: HistoryRequest,
  isWatching: boolean,
): PointsBySeries | undefined {
  const feed = history.feed(request);
  useEffect(() => (isWatching ? feed.watch() : undefined), [feed, isWatching]);
  return useObservable(feed.points);
}
