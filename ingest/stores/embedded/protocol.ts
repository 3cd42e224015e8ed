import type { ErrorCode, ErrorDetails } from '../../../core/errors.ts';
import type { LastRows } from '../last-values.ts';
import type { Expired, ExpireOrder, RolledUp } from '../upkeep.ts';
import type { NumberedSeries } from './database.ts';
import type { EngineAnswer, EnginePage, EngineQuery, EngineScan, EngineWrite, HeadLimits } from './engine.ts';

/** What the worker is started with. */
export interface EngineSetup {
  readonly file: string;
  readonly limits: HeadLimits;
}

/** The first thing the worker says. */
export type EngineOpened =
  | {
      readonly series: readonly NumberedSeries[];
      readonly last: LastRows;
      readonly keptFrom: ReadonlyMap<string, number>;
      readonly damage?: EngineError;
    }
  | { readonly error: EngineError };

/** An error as it crosses between threads, where classes are lost. */
export interface EngineError {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
}

export type EngineRequest = { readonly id: number } & (
  | { readonly kind: 'write'; readonly write: EngineWrite }
  | { readonly kind: 'query'; readonly query: EngineQuery }
  | { readonly kind: 'scan'; readonly scan: EngineScan }
  | { readonly kind: 'rollUp'; readonly endMs: number; readonly budgetMs: number }
  | { readonly kind: 'expire'; readonly order: ExpireOrder; readonly budgetMs: number }
  | { readonly kind: 'close' }
);

/** What a question came to: nothing for a write. */
export type EngineResult = EngineAnswer[] | EnginePage | RolledUp | Expired | undefined;

export type EngineReply = { readonly id: number } & (
  | { readonly result?: EngineResult }
  | { readonly error: EngineError }
);
