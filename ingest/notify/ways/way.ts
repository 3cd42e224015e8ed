import type { Contact } from '../../../core/alerts/contact.ts';
import type { SluiceError } from '../../../core/errors.ts';
import type { Delivery } from '../delivery.ts';
import type { Entry, MessageParts } from '../message-words.ts';

/** One message, ready to be put into the form of a way. */
export interface Outgoing extends MessageParts {
  readonly delivery: Delivery;
  readonly contact: Contact;
  readonly entries: readonly Entry[];
  /** To all alerts, where there is no room for more. */
  readonly shortLink: string | undefined;
  /** Whether nobody is to be told of it just now. */
  readonly isSilenced: boolean;
}

/** What a way that shows a state remembers over a restart: where each alert is shown. Every call may throw `LEDGER_UNAVAILABLE`. */
export interface WayMemory {
  /** By alert. */
  topics(): ReadonlyMap<string, string>;
  putTopic(alert: string, topic: string): void;
  dropTopic(alert: string): void;
}

/** How messages of one kind leave. What is tried again, and when, is no matter of it. */
export interface Way {
  /** How many messages it can send at a time. */
  readonly atOnce: number;
  /** Resolves when the other end has taken it. Throws a `SluiceError`; one that is retryable may get through later. */
  send(message: Outgoing, signal: AbortSignal): Promise<void>;
  /** Why nothing gets out by it, where that is known before anything is sent. */
  trouble?(): SluiceError | undefined;
  /** Whether it can send just now, where that it cannot is the trouble of another part. */
  isConnected?(): boolean;
  /** Strength of the radio signal, where there is one. */
  signal?(): { readonly signalDbm?: number };
  start?(memory: WayMemory): void;
  /** Takes away what is shown of alerts that nobody is told of by it. Never throws; gives why it could not. */
  tidy?(isTold: (alert: string) => boolean): Promise<SluiceError | undefined>;
  stop?(): Promise<void>;
}
