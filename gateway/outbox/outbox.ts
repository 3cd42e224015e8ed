import type { LedgerConfirmation, LedgerRange } from '../../core/ledger.ts';
import type { ClockState, Quality } from '../../core/reading.ts';
import type { DataType, PropertyValue } from '../../core/sparkplug/payload.ts';

/** A metric as its birth describes it: what is kept can be told to a host when no driver knows the metric any more. */
export interface OutboxMetric {
  readonly name: string;
  readonly dataType: DataType;
  /** Of the birth. No bigints. */
  readonly properties: Readonly<Record<string, PropertyValue>>;
}

export interface OutboxSample {
  readonly metric: OutboxMetric;
  readonly value: number | boolean | string | null;
  readonly quality: Quality;
}

/** When something was, as well as the gateway knew at that moment. */
export interface Stamp {
  /** UTC. */
  readonly timeMs: number;
  readonly clock: ClockState;
  /** Where the clock was unsynced: the same moment on a clock that does not step, and which one that was. */
  readonly moment?: { readonly boot: string; readonly monotonicMs: number };
}

/** Readings of one device at one time, at least one: what becomes one DATA message. */
export interface OutboxMessage {
  /** Empty for the gateway itself. */
  readonly device: string;
  readonly stamp: Stamp;
  readonly samples: readonly OutboxSample[];
}

/** A message with the number of its first sample; the others follow. */
export interface NumberedMessage extends OutboxMessage {
  readonly first: number;
}

/** What was given up for want of room, and the time that it spans, UTC. */
export interface DroppedRange extends LedgerRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export type OutboxEntry =
  | {
      readonly kind: 'readings';
      readonly ledger: string;
      readonly message: NumberedMessage;
      /** It could not go out when it was new. */
      readonly isHistorical: boolean;
    }
  | { readonly kind: 'dropped'; readonly ledger: string; readonly range: DroppedRange };

export interface OutboxStatus {
  /** Readings that are kept because nobody has confirmed them. */
  readonly waiting: number;
  /** Readings given up since the start. */
  readonly dropped: number;
  /** For how long readings have gone out and none was confirmed; 0 while all is well. */
  readonly unconfirmedForMs: number;
}

/** As NBIRTH tells it. */
export interface LedgerState {
  readonly id: string;
  /** The oldest number that is not confirmed; `next` where there is none. */
  readonly first: number;
  readonly next: number;
}

/**
 * Keeps every message from the moment it is made until it is confirmed. Live messages go first; the backlog, and what
 * stays unconfirmed for too long, follows as historical at a set rate.
 */
export interface Outbox {
  readonly ledger: LedgerState;
  /** There may be something to send. */
  onReady: () => void;
  add(message: OutboxMessage): void;
  /** What was added survives `kill -9` from when this returns; without it a millisecond or so later. Blocks for a write. */
  flush(): void;
  /** The next one to send, which is then under way. `undefined` where there is none, until `onReady`. */
  next(): OutboxEntry | undefined;
  /** It has been handed to the socket, which for a host without a ledger is all the proof there is. */
  written(entry: OutboxEntry): void;
  /** Confirmations of another ledger, or of numbers that are long gone, are passed over. */
  confirm(confirmation: LedgerConfirmation): void;
  /** Births are out: messages may go. */
  connect(): void;
  /** The connection is gone: all that is under way or waiting has become historical. */
  release(): void;
  /** Whether anything of `device` has still to be sent, or its newest has still to be confirmed. */
  holds(device: string, what?: 'unsent' | 'unconfirmed'): boolean;
  status(): OutboxStatus;
}
