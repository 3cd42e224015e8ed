import type { Clock } from '../../core/clock.ts';
import { asSluiceError, type SluiceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { EventSink } from '../events/event-sink.ts';
import { gatewayName } from '../gateway-name.ts';
import type { LedgerBook } from '../ledger/ledger-book.ts';
import type { PendingMessage } from '../ledger/pending-message.ts';
import type { PendingRanges } from '../ledger/pending-ranges.ts';
import type { LetterSink } from '../letters/letter.ts';
import { refusedRow } from '../letters/refused-reading.ts';
import type { Rejection } from '../stores/store.ts';
import { countDropped, countRejected, type GatewayAccount } from './accounting.ts';
import type { Refusal } from './check-reading.ts';
import type { LiveSink, StoredWatcher } from './live-sink.ts';
import type { OpenMetrics } from './open-metrics.ts';
import type { PendingBatch } from './pending-batch.ts';
import { GIVEN_UP } from './receipt.ts';
import type { RefusalLog } from './refusal-log.ts';

export interface SettlementParts {
  readonly ledger: Pick<LedgerBook, 'settle' | 'drop'>;
  readonly events: EventSink;
  readonly live?: LiveSink | undefined;
  /** Told of each batch that is in the store, whatever is in it: history and repeats too. */
  readonly watchers?: readonly StoredWatcher[] | undefined;
  readonly refusals: RefusalLog;
  readonly letters: LetterSink;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What follows once it is known what became of a batch: everything is counted, what was refused goes on the disk, and then
 * whoever asks after a message is told. Of a message with something that was dropped the ledger is told nothing, so it
 * comes again.
 */
export class Settlement {
  readonly #parts: SettlementParts;
  readonly #metrics: OpenMetrics;
  readonly #pending: PendingRanges;

  constructor(metrics: OpenMetrics, pending: PendingRanges, parts: SettlementParts) {
    this.#parts = parts;
    this.#metrics = metrics;
    this.#pending = pending;
  }

  /** The store has all rows but those in `rejected`. */
  stored(batch: PendingBatch, rejected: readonly Rejection[]): void {
    this.#count(batch, rejected);
    this.#settleEvents(batch);
    this.#settleLetters(batch, rejected);
    for (const message of batch.messages) this.#settleMessage(batch, message);
    for (const { handle, mark } of batch.dropped) this.#parts.ledger.drop(handle, mark);
    this.#parts.live?.stored(batch.rows);
    for (const watcher of this.#parts.watchers ?? []) watcher.stored(batch.rows, batch.isHistory);
  }

  /** A defect, here or of the store: the messages are not settled, for it may be mended before they come again. */
  failed(batch: PendingBatch, error: SluiceError): void {
    const everyRow = Array.from({ length: batch.rows.length }, (_, row) => ({ row, error }));
    this.#count(batch, everyRow);
    this.#settleEvents(batch);
    this.#settleLetters(batch, everyRow);
    this.#giveUp(batch);
  }

  /** Nothing of it is stored, and nothing more is tried. */
  lost(batch: PendingBatch): void {
    const { rows, events } = batch;
    for (let row = 0; row < rows.length; row++) {
      const account = this.#metrics.accountOf(rows.seriesId[row]!);
      account.inFlight--;
      countDropped(account, rows.timeMs[row]!);
    }
    for (const { account, kept } of events) {
      account.inFlight--;
      countDropped(account, kept.event.timeMs);
    }
    this.#parts.log.error(
      { readings: rows.length },
      'readings were not stored, the store was away until the end: only gateways with a ledger send them again',
    );
    this.#giveUp(batch);
  }

  /** Counts and reports readings that nobody will store. */
  reject(account: GatewayAccount, problem: Refusal, readings: number): void {
    countRejected(account, problem.code, readings);
    // A message that nobody can read counts as one refusal, though not as a reading.
    this.#parts.refusals.note(gatewayName(account), problem.code, Math.max(1, readings), problem.describe);
  }

  #count({ rows }: PendingBatch, rejected: readonly Rejection[]): void {
    for (let row = 0; row < rows.length; row++) {
      const account = this.#metrics.accountOf(rows.seriesId[row]!);
      account.inFlight--;
      account.stored++;
    }
    for (const { row, error } of rejected) {
      const account = this.#metrics.accountOf(rows.seriesId[row]!);
      account.stored--;
      this.reject(account, { code: error.code, describe: () => error }, 1);
    }
  }

  #settleEvents({ events }: PendingBatch): void {
    if (events.length === 0) return;
    let isKept = true;
    try {
      this.#parts.events.keep(events.map(({ kept }) => kept));
    } catch (thrown) {
      isKept = false;
      const { code, message } = asSluiceError(thrown);
      this.#parts.log.error({ code, events: events.length }, message);
    }
    for (const { kept, account, message } of events) {
      account.inFlight--;
      if (isKept) {
        account.stored++;
        continue;
      }
      countDropped(account, kept.event.timeMs);
      if (message) message.isWhole = false;
    }
  }

  /** What was refused must be on the disk before its message is settled as that; where it cannot be, the message comes again. */
  #settleLetters(batch: PendingBatch, rejected: readonly Rejection[]): void {
    const { letters, clock } = this.#parts;
    for (const { row, error } of rejected) {
      const problem = { code: error.code, describe: () => error };
      const message = batch.messageOf(row);
      message?.rejectRow(row, problem);
      if (message?.receipt?.keepsRefused) continue;
      letters.keep(this.#metrics.accountOf(batch.rows.seriesId[row]!), problem, () =>
        refusedRow(batch.rows, row, { receivedMs: clock.nowMs(), identity: message?.identityOf(row) }),
      );
    }
    try {
      letters.flush();
    } catch {
      // Said by the letters themselves.
      for (const message of batch.messages) if (message.hasRejected) message.isWhole = false;
    }
  }

  #settleMessage(batch: PendingBatch, message: PendingMessage): void {
    const { numbered, receipt, isWhole } = message;
    if (numbered) {
      const { handle, mark } = numbered;
      this.#pending.delete(handle.ledger, message);
      if (isWhole)
        this.#parts.ledger.settle(handle, message.settled(mark, batch.rows, this.#parts.clock.nowMs()));
    }
    receipt?.settled(message.outcome());
  }

  #giveUp({ messages }: PendingBatch): void {
    for (const message of messages) {
      if (message.numbered) this.#pending.delete(message.numbered.handle.ledger, message);
      message.receipt?.settled(GIVEN_UP);
    }
  }
}
