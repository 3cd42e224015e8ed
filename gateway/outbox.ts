import type { Sample } from './driver.ts';

/** Readings of one device at one time: what becomes one DATA message. */
export interface DataMessage {
  readonly device: string;
  /** UTC. */
  readonly timeMs: number;
  readonly samples: readonly Sample[];
}

export interface OutboxEntry {
  /** Counts up by one for every message that was ever added. */
  readonly sequence: number;
  readonly message: DataMessage;
  /** It could not go out when it was new. */
  readonly isHistorical: boolean;
}

export interface OutboxStatus {
  /** Readings that wait or are under way. */
  readonly waiting: number;
  /** Readings given up because there was no room, and the time that they span; times are 0 while there are none. */
  readonly dropped: { readonly readings: number; readonly fromMs: number; readonly toMs: number };
}

/**
 * Keeps every message from the moment it is made until it is confirmed. Live messages go first, then the backlog in
 * its order. What was handed out and is not confirmed goes out again after `release`.
 */
export interface Outbox {
  add(message: DataMessage): void;
  /** The next one to send, which is then under way. */
  next(): OutboxEntry | undefined;
  /** These have arrived and can be forgotten; sequences that are not under way are passed over. */
  confirm(firstSequence: number, lastSequence: number): void;
  /** The connection is gone: all that is under way or waiting has become historical. */
  release(): void;
  /** Whether anything of `device` waits or is under way. */
  holds(device: string): boolean;
  status(): OutboxStatus;
}
