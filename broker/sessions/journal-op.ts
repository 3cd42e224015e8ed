/**
 * What the journal can be told, as the name of a statement and its values in order. The tables:
 *
 *     session(client, user, asleep_since_ms)   subscription(client, topic, qos)   retained(topic, payload, qos)
 *     queued(id, client, topic, payload, qos, message_id, is_released)            ids grow: the order of a queue
 *     incoming(client, message_id)             QoS 2 messages that were taken and not yet released
 */
export const STATEMENTS = {
  session:
    'INSERT INTO session VALUES (?, ?, ?) ON CONFLICT (client) DO UPDATE SET user = excluded.user, asleep_since_ms = excluded.asleep_since_ms',
  forgetSession: 'DELETE FROM session WHERE client = ?',
  forgetSubscriptions: 'DELETE FROM subscription WHERE client = ?',
  forgetQueue: 'DELETE FROM queued WHERE client = ?',
  forgetIncoming: 'DELETE FROM incoming WHERE client = ?',
  subscribe: 'INSERT OR REPLACE INTO subscription VALUES (?, ?, ?)',
  unsubscribe: 'DELETE FROM subscription WHERE client = ? AND topic = ?',
  enqueue: 'INSERT OR REPLACE INTO queued VALUES (?, ?, ?, ?, ?, ?, ?)',
  dequeue: 'DELETE FROM queued WHERE id = ?',
  take: 'INSERT OR REPLACE INTO incoming VALUES (?, ?)',
  release: 'DELETE FROM incoming WHERE client = ? AND message_id = ?',
  retain: 'INSERT OR REPLACE INTO retained VALUES (?, ?, ?)',
  unretain: 'DELETE FROM retained WHERE topic = ?',
} as const;

export type Value = string | number | Uint8Array | null;
export type JournalOp = readonly [statement: keyof typeof STATEMENTS, ...values: Value[]];

export interface QueuedRow {
  readonly id: number;
  readonly client: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly message_id: number | null;
  readonly is_released: number;
}

/** Everything that was kept, when the journal is opened. */
export interface JournalContent {
  readonly sessions: readonly { client: string; user: string; asleep_since_ms: number | null }[];
  readonly subscriptions: readonly { client: string; topic: string; qos: number }[];
  readonly queued: readonly QueuedRow[];
  readonly incoming: readonly { client: string; message_id: number }[];
  readonly retained: readonly { topic: string; payload: Uint8Array; qos: number }[];
}

/** From the worker: once what it found, or why it cannot; then an answer for each batch. */
export type Opened =
  | {
      readonly content: JournalContent;
      readonly damage?: { readonly reason: string; readonly aside: string };
    }
  | { readonly failure: string };
export type Written = { readonly failure?: string };
export interface Batch {
  /** Everything that was there before goes: the operations are the whole content. */
  readonly isWhole: boolean;
  readonly ops: readonly JournalOp[];
}
