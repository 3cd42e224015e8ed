import type { StoredPacket } from './stored-packet.ts';

/** A message that waits for its client, or for its client's answer. */
export interface Entry {
  readonly id: number;
  readonly bytes: number;
  packet: StoredPacket;
  /** That of the connection which it was given to. */
  window?: Window;
}

/** How much of a queue is with its client. */
export interface Window {
  inFlight: number;
  /** The latest that was given to aedes, until it is about to send it; then all before it are sent. */
  given: Entry | undefined;
  wake: () => void;
}

export interface Session {
  user: string;
  asleepSinceMs: number | undefined;
  readonly subscriptions: Map<string, number>;
  /** In order, by id. */
  readonly queue: Map<number, Entry>;
  readonly byName: Map<string, Entry>;
  readonly byMessageId: Map<number, Entry>;
  queuedBytes: number;
  isFull: boolean;
}

export function newSession(user: string): Session {
  return {
    user,
    asleepSinceMs: undefined,
    subscriptions: new Map(),
    queue: new Map(),
    byName: new Map(),
    byMessageId: new Map(),
    queuedBytes: 0,
    isFull: false,
  };
}
