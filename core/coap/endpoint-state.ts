import type { CoapMessage, CoapOption, CoapType } from './message.ts';

/** How patient an endpoint is, and how much it keeps. */
export interface CoapSettings {
  /** RFC 7252 has 2 s; a narrow-band node may take 10 s for one way. */
  readonly ackTimeoutMs: number;
  readonly ackRandomFactor: number;
  readonly maxRetransmit: number;
  /** How long an answer may take once the request was acknowledged, or was not confirmable. */
  readonly responseTimeoutMs: number;
  /** A request that has no answer by then is acknowledged without one. */
  readonly processingDelayMs: number;
  /** How long a message id stands for one message. */
  readonly exchangeLifetimeMs: number;
  readonly maxPeers: number;
  /** Ids remembered of one peer. */
  readonly maxRemembered: number;
  /** And of one that nothing was ever asked of: there may be as many as there are forged addresses. */
  readonly maxRememberedOfStranger: number;
  /** Requests that wait for their turn at one peer. */
  readonly maxWaiting: number;
  /** 0 up to 1. */
  random(): number;
  /** Nobody else may guess it: it is what ties an answer to its request (RFC 7252, 11.4). */
  newToken(): Uint8Array;
}

/**
 * For cellular nodes: a request is sent four times over at most 225 s, and 247 s is what a peer with the standard's own
 * settings needs for its message ids.
 */
export const CELLULAR_TIMES = {
  ackTimeoutMs: 10_000,
  ackRandomFactor: 1.5,
  maxRetransmit: 3,
  responseTimeoutMs: 60_000,
  processingDelayMs: 1_000,
  exchangeLifetimeMs: 247_000,
  maxPeers: 10_000,
  maxRemembered: 64,
  maxRememberedOfStranger: 8,
  maxWaiting: 64,
} as const;

/** Who sent a request, and under what; handed back with the answer. */
export interface Exchange {
  readonly peer: string;
  readonly id: number;
  readonly type: CoapType;
  readonly token: Uint8Array;
}

/** A request or an answer without what the message layer adds. */
export interface CoapContent {
  readonly code: number;
  readonly options: readonly CoapOption[];
  readonly payload: Uint8Array;
}

/**
 * Whether a request waits for its turn, goes before all that wait, or goes out beside what is under way: the last is for
 * what must not wait behind a question that gets no answer.
 */
export type Priority = 'in-turn' | 'first' | 'at-once';

export type CoapInput =
  | { readonly kind: 'received'; readonly peer: string; readonly bytes: Uint8Array }
  /**
   * A request of our own; `id` names it in what comes of it. With `isObserving` its token stays in use after the
   * answer, until `forget-observation`.
   */
  | {
      readonly kind: 'request';
      readonly id: string;
      readonly peer: string;
      readonly request: CoapContent;
      readonly isConfirmable?: boolean;
      readonly isObserving?: boolean;
      /** It is not sent, and not sent again, from then on. */
      readonly notAfterMs?: number;
      readonly priority?: Priority;
    }
  /** A request of our own is given up: it is not sent again, and its answer is nobody's. */
  | { readonly kind: 'cancel'; readonly peer: string; readonly id: string }
  | { readonly kind: 'answer'; readonly exchange: Exchange; readonly answer: CoapContent }
  /** A further answer to an observing request of the peer; `id` names it where it fails or is acknowledged. */
  | {
      readonly kind: 'notify';
      readonly id: string;
      readonly peer: string;
      readonly token: Uint8Array;
      readonly answer: CoapContent;
      readonly isConfirmable: boolean;
    }
  | { readonly kind: 'forget-observation'; readonly peer: string; readonly id: string }
  /** Drops what is under way with the peer, and its observations: it has moved, or is gone. */
  | { readonly kind: 'forget-peer'; readonly peer: string }
  | { readonly kind: 'time' };

export type CoapEffect =
  | { readonly kind: 'send'; readonly peer: string; readonly bytes: Uint8Array }
  /** To be answered by an `answer`, now or later. Repeats of it do not come again. */
  | { readonly kind: 'request'; readonly exchange: Exchange; readonly message: CoapMessage }
  | { readonly kind: 'response'; readonly id: string; readonly peer: string; readonly message: CoapMessage }
  /** Of an observing request, after its first answer. */
  | {
      readonly kind: 'notification';
      readonly id: string;
      readonly peer: string;
      readonly message: CoapMessage;
    }
  /** An observed peer goes on from another address, as the token says that nobody else knows: a new NAT binding. */
  | { readonly kind: 'moved'; readonly peer: string; readonly from: string }
  /** A confirmable notification was acknowledged. */
  | { readonly kind: 'delivered'; readonly id: string; readonly peer: string }
  | {
      readonly kind: 'failed';
      readonly id: string;
      readonly peer: string;
      readonly reason: 'timeout' | 'reset' | 'forgotten' | 'too-many' | 'cancelled';
    };

/** What an endpoint remembers. Belongs to the caller, who changes nothing in it. */
export interface CoapState {
  readonly settings: CoapSettings;
  /** The one heard of longest ago first. */
  readonly peers: Map<string, Peer>;
  /** Who is observed under which token, in hexadecimal. */
  readonly observed: Map<string, Peer>;
  /** Peers with something that time ends. */
  readonly busy: Set<Peer>;
  /** Nothing is due before it; exact after each `time`, so that a message costs no look at all that is under way. */
  dueMs: number;
}

export interface Peer {
  readonly key: string;
  nextId: number;
  isStranger: boolean;
  /** By message id, oldest first. */
  readonly remembered: Map<number, Remembered>;
  readonly underWay: Transmission[];
  readonly waiting: Outgoing[];
  /** By token in hexadecimal. */
  readonly observations: Map<string, Observation>;
}

/** A message of the peer that was seen: a repeat gets the same reply. */
export interface Remembered {
  /** Of its bytes. A repeat is the same to the last bit (RFC 7252, 4.2); another message under its id is none. */
  readonly hash: number;
  readonly expiresMs: number;
  reply: Uint8Array | undefined;
  /** When a request that has no answer yet is acknowledged without one. */
  acknowledgeMs: number | undefined;
}

export interface Outgoing {
  readonly id: string;
  readonly role: 'request' | 'response';
  readonly token: Uint8Array;
  readonly content: CoapContent;
  readonly isConfirmable: boolean;
  readonly isObserving: boolean;
  readonly notAfterMs: number;
  readonly priority: Priority;
}

export interface Transmission extends Outgoing {
  readonly messageId: number;
  readonly bytes: Uint8Array;
  sent: number;
  waitMs: number;
  dueMs: number;
  /** Nothing is sent again: the peer has it, and only its answer is outstanding. */
  isAcknowledged: boolean;
}

export interface Observation {
  readonly id: string;
  isAnswered: boolean;
  sequence: number;
  heardMs: number;
}

export function createCoapState(settings: CoapSettings): CoapState {
  return {
    settings,
    peers: new Map(),
    observed: new Map(),
    busy: new Set(),
    dueMs: Number.POSITIVE_INFINITY,
  };
}
