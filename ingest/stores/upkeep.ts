/**
 * What a store does for itself, a piece at a time, when it is told to: roll-ups and retention. Both may be asked for
 * again at any time, and go on where they were after a crash.
 */
export interface Upkeep {
  /**
   * Rolls up hours that end by `endMs` and whose readings have changed since they were last rolled up, oldest first,
   * for about `budgetMs`. Until then a window query reads those hours as they came.
   */
  rollUp(endMs: number, budgetMs: number): Promise<RolledUp>;

  /**
   * Deletes what is older than the order says, but never readings that are not rolled up, nor the newest of a series.
   * From then on readings of that time are refused (`READING_EXPIRED`). Goes on for about `budgetMs`.
   */
  expire(order: ExpireOrder, budgetMs: number): Promise<Expired>;

  /** Throws `RETENTION_UNSUPPORTED` where the database cannot delete. */
  assertCanExpire(): void;
}

export interface RolledUp {
  /** Series and hour each counted once, or measurement and hour, as the store keeps its notes. */
  readonly hours: number;
  /** How many are left. */
  readonly waiting: number;
}

/** Times are starts of UTC days; undefined keeps everything. Minutes are kept for as long as readings, and hours as minutes. */
export interface ExpireOrder {
  readonly measurement: string;
  readonly rawMs?: number | undefined;
  readonly minuteMs?: number | undefined;
  readonly hourMs?: number | undefined;
}

/** What was deleted; undefined where the database does not say. */
export interface Expired {
  readonly readings?: number | undefined;
  readonly minutes?: number | undefined;
  readonly hours?: number | undefined;
  /** The budget was too small for all of it. */
  readonly isUnfinished: boolean;
}
