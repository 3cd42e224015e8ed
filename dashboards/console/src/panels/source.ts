import type { Quantity } from '../../../../core/quantities.ts';
import { type Api, ApiError, type SeriesPoints, type SetTags } from '../api.ts';
import { durationText } from './time.ts';
import type { Ask } from './translate.ts';

export interface KnownSeries {
  readonly measurement: string;
  readonly field: string;
  readonly tags: SetTags;
}

/** Which series there are changes when something is installed, not while a dashboard is looked at. */
const SERIES_KEPT_MS = 60_000;
/** Of one look at a dashboard; panels that ask the same share the answer. */
const ANSWER_KEPT_MS = 1_000;

/** The server has not answered. Any other error is about one panel alone. */
export class Silence extends Error {
  constructor(cause: unknown) {
    super('', { cause });
  }
}

/** What dashboards ask of the API, each question once. Throws `Silence`, and `ApiError` where the server said no. */
export class Source {
  readonly #api: Pick<Api, 'get' | 'quantities'>;
  readonly #nowMs: () => number;
  readonly #kept = new Map<string, { readonly atMs: number; readonly answer: Promise<unknown> }>();

  constructor(api: Pick<Api, 'get' | 'quantities'>, nowMs: () => number) {
    this.#api = api;
    this.#nowMs = nowMs;
  }

  async query(ask: Ask): Promise<readonly SeriesPoints[]> {
    const { series } = await this.#once<{ series: SeriesPoints[] }>(queryPath(ask), ANSWER_KEPT_MS);
    return series;
  }

  async series(measurement?: string, field?: string): Promise<readonly KnownSeries[]> {
    const asked = new URLSearchParams({ ...(measurement && { measurement }), ...(field && { field }) });
    const path = `/api/v1/series?${asked}`;
    return (await this.#once<{ series: KnownSeries[] }>(path, SERIES_KEPT_MS)).series;
  }

  async hasPercentiles(measurement: string, field: string): Promise<boolean> {
    const { quantities } = await this.#keep('quantities', Number.POSITIVE_INFINITY, () =>
      this.#api.quantities(),
    );
    const found = quantities.find((one: Quantity) => one.measurement === measurement && one.field === field);
    return found?.hasPercentiles === true;
  }

  #once<T>(path: string, keptMs: number): Promise<T> {
    return this.#keep(path, keptMs, () => this.#api.get<T>(path));
  }

  #keep<T>(key: string, keptMs: number, ask: () => Promise<T>): Promise<T> {
    const nowMs = this.#nowMs();
    const known = this.#kept.get(key);
    if (known && nowMs - known.atMs < keptMs) return known.answer as Promise<T>;
    for (const [old, { atMs }] of this.#kept) {
      if (old !== 'quantities' && nowMs - atMs > SERIES_KEPT_MS) this.#kept.delete(old);
    }
    const answer = ask().catch((error: unknown) => {
      // The server said no, which is about whoever asked; that nothing is heard is about all.
      throw error instanceof ApiError && error.status < 500 ? error : new Silence(error);
    });
    this.#kept.set(key, { atMs: nowMs, answer });
    // What failed is asked for again.
    answer.catch(() => this.#kept.delete(key));
    return answer;
  }
}

export function queryPath({ measurement, field, fromMs, toMs, everyMs, fn, groupBy, where }: Ask): string {
  const asked = new URLSearchParams({ measurement, field, from: String(fromMs), to: String(toMs) });
  if (everyMs !== undefined) asked.set('every', durationText(everyMs));
  if (fn !== undefined) asked.set('fn', fn);
  asked.set('groupBy', groupBy.join(','));
  for (const [tag, values] of Object.entries(where)) for (const value of values) asked.append(tag, value);
  return `/api/v1/query?${asked}`;
}
