/** In readings: produced = stored + rejected + dropped + in flight. */
export interface Delivery {
  /** The id of the ledger that the gateway keeps now; `none` where it keeps none. */
  readonly ledger: string;
  readonly produced: number;
  readonly stored: number;
  readonly rejected: number;
  readonly dropped: number;
  /** On the way, waiting in the gateway, or lost with a disk. */
  readonly inFlight: number;
  /** Stored of produced, 0 to 1; null where nothing was produced. */
  readonly share: number | null;
}

export interface MissingRange {
  readonly ledger: string;
  /** Numbers of the ledger, both ends included; absent where only sums are kept. */
  readonly first?: number;
  readonly last?: number;
  readonly readings: number;
  /** UTC: they were made after the first and before the second, where something is known of either side. */
  readonly afterMs?: number;
  readonly beforeMs?: number;
  /** `awaited`: its gateway still has it; `dropped`: its gateway had to give it up; `ledger-closed`: lost with a disk. */
  readonly reason: 'awaited' | 'dropped' | 'ledger-closed';
}

export interface Completeness extends Delivery {
  readonly rejectedByCode: Readonly<Record<string, number>>;
  /** Oldest ledger first, and in order of numbers. */
  readonly missing: readonly MissingRange[];
  /** Ranges that the list had no room for. */
  readonly missingLeftOut: number;
}
