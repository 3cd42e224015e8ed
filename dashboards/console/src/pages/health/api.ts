/** Replies of the HTTP API that only this page reads. */
export type ComponentState = 'up' | 'starting' | 'down' | 'stopped';

export interface Health {
  readonly status: 'up' | 'degraded' | 'down';
  readonly components: readonly {
    readonly name: string;
    readonly state: ComponentState;
    readonly message?: string;
  }[];
}

export interface Status {
  readonly health: Health;
  readonly version: string;
  readonly node: string;
  readonly startedMs: number;
  readonly counters: {
    readonly received: number;
    readonly stored: number;
    readonly rejected: number;
    readonly dropped: number;
    readonly inFlight: number;
    readonly repeated: number;
    readonly deferred: number;
  };
  readonly disk?: { readonly freeBytes: number; readonly totalBytes: number };
  readonly upkeep?: {
    readonly rolledUpHours: number;
    readonly waitingHours: number;
    readonly expired: { readonly readings: number };
  };
}

export interface LetterCounts {
  readonly counts: readonly { readonly waiting: number }[];
}
