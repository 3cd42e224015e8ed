import { type Clock, delay } from '../../core/clock.ts';
import { asSluiceError, type SluiceError } from '../../core/errors.ts';
import type { SeriesTable } from '../../core/reading-batch.ts';
import type { Rejection, Store } from '../stores/store.ts';
import { PendingBatch } from './pending-batch.ts';
import type { Settlement } from './settlement.ts';

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
const NOTHING_REJECTED: { readonly rejected: readonly Rejection[] } = { rejected: [] };

interface LaneParts {
  readonly store: Pick<Store, 'write'>;
  readonly settlement: Settlement;
  readonly clock: Clock;
  /** Once it is aborted, each batch has one more try. */
  readonly signal: AbortSignal;
  answered(): void;
  failed(error: SluiceError): void;
}

/**
 * Readings on their way into the store, in their order: one batch fills while another may be written. It does not decide when
 * it is written (`Writer`), and says of a batch what became of it only once all of it is known.
 */
export class Lane {
  readonly #parts: LaneParts;
  #filling: PendingBatch;
  #spare: PendingBatch;
  #rowsWriting = 0;
  /** It has waited long enough, or somebody waits for it. */
  isDue = false;
  /** Characters of text in both batches. */
  pendingText = 0;

  constructor(table: SeriesTable, parts: LaneParts, isHistory = false) {
    this.#parts = parts;
    this.#filling = new PendingBatch(table, isHistory);
    this.#spare = new PendingBatch(table, isHistory);
  }

  get filling(): PendingBatch {
    return this.#filling;
  }

  get pendingReadings(): number {
    return this.#filling.rows.length + this.#rowsWriting;
  }

  /** Writes what has been gathered, and tries until the store has answered for it. Resolves with the readings. */
  async write(): Promise<number> {
    const batch = this.#filling;
    const { length } = batch.rows;
    this.#filling = this.#spare;
    this.#rowsWriting = length;
    this.isDue = false;
    for (let retryMs = FIRST_RETRY_MS; !(await this.#isOver(batch)); ) {
      await delay(this.#parts.clock, retryMs, this.#parts.signal);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    }
    this.pendingText -= batch.textLength;
    batch.clear();
    this.#spare = batch;
    this.#rowsWriting = 0;
    return length;
  }

  /** One try. False where the same batch has to be tried again. */
  async #isOver(batch: PendingBatch): Promise<boolean> {
    const { store, settlement, signal } = this.#parts;
    const { rows } = batch;
    try {
      const { rejected } = rows.length > 0 ? await store.write(rows) : NOTHING_REJECTED;
      if (rows.length > 0) this.#parts.answered();
      settlement.stored(batch, rejected);
      return true;
    } catch (thrown) {
      const error = asSluiceError(thrown);
      if (!error.retryable) {
        settlement.failed(batch, error);
        return true;
      }
      this.#parts.failed(error);
      if (!signal.aborted) return false;
      settlement.lost(batch);
      return true;
    }
  }
}
