import type { LedgerRange } from '../../core/ledger.ts';
import type { DroppedRange, NumberedMessage, OutboxMessage } from './outbox.ts';
import type { RangeSet } from './range-set.ts';

/** What is known of a ledger beside its messages. */
export interface LedgerBook {
  readonly settled: readonly LedgerRange[];
  readonly dropped: readonly DroppedRange[];
  /** One for each boot at most, the latest last. */
  readonly times: readonly BootTime[];
}

/**
 * What was decided of the time of readings that were made while the clock was unsynced. It is kept before any of them goes
 * out: a repeat under another time would be a second reading.
 */
export interface BootTime {
  readonly boot: string;
  /** From the monotonic clock of that boot to UTC, once it is known. */
  readonly offsetMs?: number;
  /** What was made up to here goes out as it was stamped, because the time stayed unknown for too long. */
  readonly rawUntilMs?: number;
}

export interface Piece {
  /** In order. */
  readonly messages: readonly NumberedMessage[];
  /** All that there is below this number has been read. */
  readonly end: number;
}

/**
 * Where an outbox keeps its messages. It numbers the samples: whatever happens, a number that has been `sendable`
 * belongs to one sample for ever.
 */
export interface MessageLog {
  /** 16 hexadecimal digits. */
  readonly ledger: string;
  /** Nothing below is kept. */
  readonly first: number;
  /** The number of the next sample. */
  readonly next: number;
  /** Messages below are safe, and may go out. */
  readonly sendable: number;
  /** The book as it was when the log was opened, with what turned out to be missing. */
  readonly book: LedgerBook;
  /** Throws what keeps it from taking any. Returns the number of the first sample. */
  append(message: OutboxMessage): number;
  /** What was appended outlives the process from when this returns, as far as the log outlives it at all. */
  flush(): void;
  /** The number of the newest sample of each device. */
  readonly newestOf: ReadonlyMap<string, number>;
  /** Messages that hold `from` or follow, some of them, none from `to` on. */
  read(from: number, to: number): Promise<Piece>;
  /** Keeps the book, and forgets messages that are settled whole. Often called; not each time written at once. */
  settle(settled: RangeSet, dropped: readonly DroppedRange[]): void;
  /** Resolves when they are kept as safely as the messages are. */
  keepTimes(times: readonly BootTime[]): Promise<void>;
  /** Something has become sendable. */
  onSendable: () => void;
  /** The oldest messages had to make room; `range` may hold numbers that were settled. */
  onDropped: (range: DroppedRange) => void;
  /** Numbers from `next` on were never sendable, and are free again. */
  onRolledBack: (next: number) => void;
}
