import type { ErrorCode } from '../../core/errors.ts';
import type { LedgerMark } from '../../core/ledger.ts';
import type { ReadingBatch } from '../../core/reading-batch.ts';
import { letterIdentity } from '../letters/refused-reading.ts';
import type { Refusal } from '../pipeline/check-reading.ts';
import type { Outcome, Receipt } from '../pipeline/receipt.ts';
import { hourOf, type SettledMessage } from './gateway-ledger.ts';
import type { LedgerHandle } from './ledger-book.ts';

interface Rejected {
  readonly position: number;
  readonly code: ErrorCode;
  /** Absent for what was left out before it got here. */
  readonly problem?: Refusal;
}

/** The place of a message in the ledger of its gateway. */
export interface Numbered {
  readonly handle: LedgerHandle;
  readonly mark: LedgerMark;
}

/**
 * A message on its way into the store of which somebody wants to know what became: a ledger, or whoever holds a receipt.
 * Its readings lie side by side in one batch, from `startRow` on; those that were refused before have no row.
 */
export class PendingMessage {
  readonly numbered: Numbered | undefined;
  readonly receipt: Receipt | undefined;
  readonly startRow: number;
  rows = 0;
  /** Beside the readings. */
  events = 0;
  /** False once something of it was given up here for want of room: then it has to come again. */
  isWhole = true;
  readonly #rejected: Rejected[] = [];
  #rejectedRows = 0;
  /** The position in the message of each row; `undefined` where they are the same. */
  #positions: number[] | undefined;

  constructor(numbered: Numbered | undefined, receipt: Receipt | undefined, startRow: number) {
    this.numbered = numbered;
    this.receipt = receipt;
    this.startRow = startRow;
  }

  addRow(position: number): void {
    if (!this.#positions && position !== this.rows) {
      this.#positions = Array.from({ length: this.rows }, (_, row) => row);
    }
    this.#positions?.push(position);
    this.rows++;
  }

  leaveOut(position: number, code: ErrorCode): void {
    this.#rejected.push({ position, code });
  }

  reject(position: number, problem: Refusal): void {
    this.#rejected.push({ position, code: problem.code, problem });
  }

  /** The store refused a row of the batch. */
  rejectRow(row: number, problem: Refusal): void {
    this.reject(this.#positionOf(row), problem);
    this.#rejectedRows++;
  }

  get hasRejected(): boolean {
    return this.#rejected.length > 0;
  }

  /** What makes a repeat of this reading recognisable, where its gateway numbers them. */
  identityOf(row: number): string | undefined {
    const mark = this.numbered?.mark;
    return mark && letterIdentity(mark, this.#positionOf(row));
  }

  #positionOf(row: number): number {
    return this.#positions?.[row - this.startRow] ?? row - this.startRow;
  }

  /** For its receipt. */
  outcome(): Outcome {
    return {
      stored: this.rows - this.#rejectedRows + this.events,
      rejected: this.#rejected.flatMap(({ position, problem }) => (problem ? [{ position, problem }] : [])),
      isWhole: this.isWhole,
    };
  }

  /** For its ledger. `fallbackMs` where no reading of it has a time that can be right. */
  settled(mark: LedgerMark, batch: ReadingBatch, fallbackMs: number): SettledMessage {
    const { first, count } = mark;
    let firstMs = Number.POSITIVE_INFINITY;
    let lastMs = Number.NEGATIVE_INFINITY;
    const endRow = this.startRow + this.rows;
    for (let row = this.startRow; row < endRow; row++) {
      const timeMs = batch.timeMs[row]!;
      if (timeMs < firstMs) firstMs = timeMs;
      if (timeMs > lastMs) lastMs = timeMs;
    }
    if (this.rows === 0) firstMs = lastMs = fallbackMs;
    const rejected = this.#rejected
      .map(({ position, code }) => ({ number: first + position, code }))
      .sort((a, b) => a.number - b.number);
    const message = { first, last: first + count - 1, rejected, firstMs, lastMs };
    return hourOf(firstMs) === hourOf(lastMs)
      ? message
      : { ...message, timesMs: this.#times(count, batch, firstMs) };
  }

  /** By position; what was refused without a time that can be right goes with the earliest. */
  #times(count: number, batch: ReadingBatch, firstMs: number): number[] {
    const times = new Array<number>(count).fill(firstMs);
    const endRow = this.startRow + this.rows;
    for (let row = this.startRow; row < endRow; row++) times[this.#positionOf(row)] = batch.timeMs[row]!;
    return times;
  }
}
