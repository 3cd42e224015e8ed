import type { ErrorCode } from '../../core/errors.ts';
import type { LedgerMark } from '../../core/ledger.ts';
import type { ReadingBatch } from '../../core/reading-batch.ts';
import { hourOf, type SettledMessage } from './gateway-ledger.ts';
import type { LedgerHandle } from './ledger-book.ts';

interface Rejected {
  readonly number: number;
  readonly code: ErrorCode;
}

/**
 * A numbered message on its way into the store. Its readings lie side by side in one batch, from `startRow` on; those
 * that were refused before have no row.
 */
export class PendingMessage {
  readonly handle: LedgerHandle;
  readonly mark: LedgerMark;
  readonly startRow: number;
  rows = 0;
  /** False once something of it was given up here for want of room: then it has to come again. */
  isWhole = true;
  readonly #rejected: Rejected[] = [];
  /** The position in the message of each row; `undefined` where they are the same. */
  #positions: number[] | undefined;

  constructor(handle: LedgerHandle, mark: LedgerMark, startRow: number) {
    this.handle = handle;
    this.mark = mark;
    this.startRow = startRow;
  }

  addRow(position: number): void {
    if (!this.#positions && position !== this.rows) {
      this.#positions = Array.from({ length: this.rows }, (_, row) => row);
    }
    this.#positions?.push(position);
    this.rows++;
  }

  reject(position: number, code: ErrorCode): void {
    this.#rejected.push({ number: this.mark.first + position, code });
  }

  /** The store refused a row of the batch. */
  rejectRow(row: number, code: ErrorCode): void {
    this.reject(this.#positionOf(row), code);
  }

  #positionOf(row: number): number {
    return this.#positions?.[row - this.startRow] ?? row - this.startRow;
  }

  /** `fallbackMs` where no reading of it has a time that can be right. */
  settled(batch: ReadingBatch, fallbackMs: number): SettledMessage {
    const { first, count } = this.mark;
    let firstMs = Number.POSITIVE_INFINITY;
    let lastMs = Number.NEGATIVE_INFINITY;
    const endRow = this.startRow + this.rows;
    for (let row = this.startRow; row < endRow; row++) {
      const timeMs = batch.timeMs[row]!;
      if (timeMs < firstMs) firstMs = timeMs;
      if (timeMs > lastMs) lastMs = timeMs;
    }
    if (this.rows === 0) firstMs = lastMs = fallbackMs;
    const rejected = this.#rejected.sort((a, b) => a.number - b.number);
    const message = { first, last: first + count - 1, rejected, firstMs, lastMs };
    return hourOf(firstMs) === hourOf(lastMs)
      ? message
      : { ...message, timesMs: this.#times(batch, firstMs) };
  }

  /** By position; what was refused without a time that can be right goes with the earliest. */
  #times(batch: ReadingBatch, firstMs: number): number[] {
    const times = new Array<number>(this.mark.count).fill(firstMs);
    const endRow = this.startRow + this.rows;
    for (let row = this.startRow; row < endRow; row++) times[this.#positionOf(row)] = batch.timeMs[row]!;
    return times;
  }
}
