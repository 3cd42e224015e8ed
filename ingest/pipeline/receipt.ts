import type { Refusal } from './check-reading.ts';

/**
 * For a sender that waits for an answer (an HTTP request), or holds a message until it is safe (a queue, MQTT at QoS 1).
 * Called once for each message, when everything in it is durable, refused for good, or given up; not called for what is
 * still waiting when ingest stops.
 */
export interface Receipt {
  /** True where its holder keeps what is refused by itself: then no dead letter is made of it. */
  readonly keepsRefused?: boolean;
  settled(outcome: Outcome): void;
}

/** What became of one message. */
export interface Outcome {
  /** Readings that the store has. */
  readonly stored: number;
  /** By position in the message, refused for reasons that no repeat mends. */
  readonly rejected: readonly { readonly position: number; readonly problem: Refusal }[];
  /** False once something of it was given up for want of room or of a store: send it again, which does no harm. */
  readonly isWhole: boolean;
}

export const GIVEN_UP: Outcome = { stored: 0, rejected: [], isWhole: false };
