import type { LedgerMark } from '../../core/ledger.ts';
import type { SeriesTable } from '../../core/reading-batch.ts';
import { ReadingBatch } from '../../core/reading-batch.ts';
import type { KeptEvent } from '../events/event-sink.ts';
import type { LedgerHandle } from '../ledger/ledger-book.ts';
import type { PendingMessage } from '../ledger/pending-message.ts';
import type { GatewayAccount } from './accounting.ts';

export interface PendingEvent {
  readonly kept: KeptEvent;
  readonly account: GatewayAccount;
  readonly message: PendingMessage | undefined;
}

/** What is written together: readings, events, and what the ledger is told once both are safe. */
export class PendingBatch {
  readonly rows: ReadingBatch;
  readonly events: PendingEvent[] = [];
  /** In the order of their rows. */
  readonly messages: PendingMessage[] = [];
  readonly dropped: { readonly handle: LedgerHandle; readonly mark: LedgerMark }[] = [];

  /** It came as history, in a lane of its own. */
  readonly isHistory: boolean;

  constructor(table: SeriesTable, isHistory = false) {
    this.isHistory = isHistory;
    this.rows = new ReadingBatch(table);
  }

  get isEmpty(): boolean {
    const { rows, events, messages, dropped } = this;
    return rows.length === 0 && events.length === 0 && messages.length === 0 && dropped.length === 0;
  }

  /** Characters. */
  get textLength(): number {
    let length = 0;
    for (const text of this.rows.texts.values()) length += text.length;
    for (const { kept } of this.events) length += kept.text.length;
    return length;
  }

  messageOf(row: number): PendingMessage | undefined {
    let low = 0;
    let high = this.messages.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.messages[middle]!.startRow <= row) low = middle + 1;
      else high = middle;
    }
    const message = this.messages[low - 1];
    return message && row < message.startRow + message.rows ? message : undefined;
  }

  clear(): void {
    this.rows.clear();
    this.events.length = 0;
    this.messages.length = 0;
    this.dropped.length = 0;
  }
}
