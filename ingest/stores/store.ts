import type { Scope } from '../../core/access.ts';
import type { SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Tag, Tags } from '../../core/reading.ts';
import type { ReadingBatch, Series } from '../../core/reading-batch.ts';
import type { ScanBatch, ScanQuery } from './scan.ts';
import type { Upkeep } from './upkeep.ts';

/**
 * Where readings are kept. Every adapter passes the same contract suite (`contract.suite.ts`).
 *
 * Writing is idempotent: a reading of the same series and time replaces what was there.
 * Times are UTC in ms; ranges hold their start and not their end.
 */
export interface Store extends Service {
  /**
   * Resolves when every row is either durable or refused. A row that the database refuses does not hold up the
   * others; every store refuses values that are not finite and times that are not whole or not within the years
   * 1677 to 2262. Throws a retryable `STORE_UNAVAILABLE` where nothing is known to be stored: write the same batch again.
   * The caller leaves the batch alone until then.
   */
  write(batch: ReadingBatch): Promise<WriteResult>;

  /** In order of tags, without series that have nothing to show. Throws `QUERY_TOO_LARGE` rather than cut an answer short. */
  query(query: SeriesQuery): Promise<SeriesData[]>;

  /**
   * Every reading over a time, one series after the other, fields of one name together, each series in order of time.
   * The store reads on only as the batches are taken, holds one or two of them, and lets its other work go first;
   * whoever takes no more ends it with the loop. What is written meanwhile may be in it or not. Throws as `query`,
   * but for `QUERY_TOO_LARGE`.
   */
  scan(query: ScanQuery): AsyncIterable<ScanBatch>;

  /** The newest reading of each series that matches. From memory: cheap enough to ask every second. */
  last(filter: SeriesFilter): Promise<LastReading[]>;

  /** Which series have a reading: at least those of the last 30 days. */
  series(filter: SeriesFilter): Promise<Series[]>;

  /** Roll-ups and retention, of a store that has them. */
  readonly upkeep?: Upkeep | undefined;
}

export interface WriteResult {
  readonly stored: number;
  readonly rejected: readonly Rejection[];
}

export interface Rejection {
  /** Row in the batch. */
  readonly row: number;
  /** With the database's own words. */
  readonly error: SluiceError;
}

export interface SeriesFilter {
  readonly measurement?: string;
  readonly field?: string;
  /** Each tag must equal one of its values; an empty string means "not set". */
  readonly where?: Partial<Record<Tag, readonly string[]>>;
  /** Only what somebody sees: series of a link by it, all others by their site. */
  readonly scope?: Scope;
}

/** Percentiles are of the nearest rank, within 1 % (`LatencyHistogram`). */
export const QUANTILES = { p50: 0.5, p95: 0.95, p99: 0.99, 'p99.9': 0.999 } as const;
export const AGGREGATES = [
  ...(['mean', 'min', 'max', 'sum', 'count', 'first', 'last'] as const),
  ...(Object.keys(QUANTILES) as (keyof typeof QUANTILES)[]),
] as const;
export type Aggregate = (typeof AGGREGATES)[number];

export function quantileOf(fn: Aggregate): number | undefined {
  return QUANTILES[fn as keyof typeof QUANTILES];
}

export interface SeriesQuery extends SeriesFilter {
  readonly measurement: string;
  readonly field: string;
  readonly fromMs: number;
  readonly toMs: number;
  /**
   * One value per window of `everyMs`, windows starting at multiples of it since 1970; a window without a value
   * is left out. Text values take part only in `count`, `first` and `last`. Percentiles over a time whose readings
   * are no longer kept are there only for quantities that have them (`hasPercentiles` of the catalogue).
   */
  readonly window?: { readonly everyMs: number; readonly fn: Aggregate };
  /** Series that agree in these tags become one, in order of time. Default: every series by itself. */
  readonly groupBy?: readonly Tag[];
  /** The most points the whole answer may hold. */
  readonly maxPoints: number;
}

/** Points in order of time, as columns. `status` (see `packStatus`) only where there is no window. */
export interface SeriesData {
  readonly measurement: string;
  readonly field: string;
  /** With `groupBy`, only those tags; otherwise all that are set. */
  readonly tags: Partial<Tags>;
  readonly timeMs: readonly number[];
  readonly value: readonly (number | string)[];
  readonly status?: readonly number[];
}

export interface LastReading {
  readonly series: Series;
  readonly timeMs: number;
  readonly value: number | string;
  readonly status: number;
}
