import { Readable } from 'node:stream';
import type { Client, Subscription } from 'aedes';
import Memory from 'aedes-persistence/asyncPersistence.js';
import type { Clock } from '../../core/clock.ts';
import type { Journal } from './journal.ts';
import type { JournalContent, JournalOp } from './journal-op.ts';
import { OutgoingQueues } from './outgoing-queues.ts';
import { RetainedMessages } from './retained-messages.ts';
import { type Entry, newSession, type Session } from './session.ts';
import { nameOf, ownCopy, ownPacket, type StoredPacket } from './stored-packet.ts';

export interface SessionLimits {
  readonly maxSessions: number;
  readonly sessionExpiryS: number;
  /** Of one session. Message ids are 16 bits, so less than 65 535. */
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  /** Of all sessions together. */
  readonly maxQueuedBytesInAll: number;
  readonly maxInFlight: number;
  /** Of one session. */
  readonly maxSubscriptions: number;
  readonly maxRetainedMessages: number;
  readonly maxRetainedBytes: number;
}

/** What a limit did not let in. */
export type Shortage = 'queue full' | 'retained messages full';

/** What `reserve` has put on the disk for a message that is about to be published. */
interface Reservation {
  /** Ids of rows, by client. */
  readonly rows: Map<string, number>;
  readonly isRetained: boolean;
  readonly sinceMs: number;
}

/** What a row costs beside its payload and topic. */
const ENTRY_BYTES = 200;
/** Longer than any message is on its way from `reserve` to its queue. */
const RESERVED_FOR_MS = 120_000;

type Id = Pick<Client, 'id'>;

/**
 * Done already, for aedes, which asks for no more than `then`. A promise would take a turn, in which a message with a higher counter
 * may be handed over.
 */
const AT_ONCE: PromiseLike<void> = {
  // biome-ignore lint/suspicious/noThenProperty: it is what aedes calls
  then: (onDone) => {
    onDone?.();
    return AT_ONCE as never;
  },
};

/**
 * Sessions and retained messages: in memory, as aedes' own persistence has them (subscriptions and wills are left to it),
 * and in a journal on the disk, from which they come back. Docs: docs/decisions/007.
 *
 * aedes acknowledges a message before it hands it over, and drops a message that comes after one with a higher counter. So
 * the disk is waited for before either: `reserve` is called while the message is being authorised, and nothing comes between
 * its counter and its being handed over.
 *
 * It is long because all that aedes asks of a persistence is one class.
 */
export class SessionStore extends Memory {
  readonly #limits: SessionLimits;
  readonly #clock: Clock;
  readonly #complain: (shortage: Shortage, client: string) => void;
  readonly #admits: (client: Client, filter: string) => boolean;
  readonly #sessions = new Map<string, Session>();
  readonly #outgoing: OutgoingQueues;
  readonly #retained: RetainedMessages;
  readonly #incoming = new Map<string, Map<number, StoredPacket>>();
  readonly #reservations = new Map<Buffer, Reservation>();
  #journal: Pick<Journal, 'add' | 'committed'> | undefined;
  #numbering: { counter: number } | undefined;
  #nextId = 1;
  #queuedBytes = 0;
  #subscriptions = 0;

  constructor(
    limits: SessionLimits,
    clock: Clock,
    complain: (shortage: Shortage, client: string) => void = () => {},
    admits: (client: Client, filter: string) => boolean = () => true,
  ) {
    super();
    this.#limits = limits;
    this.#outgoing = new OutgoingQueues(limits);
    this.#retained = new RetainedMessages(limits);
    this.#clock = clock;
    this.#complain = complain;
    this.#admits = admits;
  }

  /**
   * What was kept comes back, and what happens from now on is kept. True where there was something already, because the disk could
   * not be read until now: that is the newer, and the journal does not have it.
   */
  async restore(
    content: JournalContent | undefined,
    journal: Pick<Journal, 'add' | 'committed'>,
  ): Promise<boolean> {
    const wasInUse = this.#nextId > 1 || this.#sessions.size > 0 || this.#retained.size > 0;
    const restored = new Map<string, Session>();
    const nowMs = this.#clock.nowMs();
    for (const { client, user, asleep_since_ms } of content?.sessions ?? []) {
      if (this.#sessions.has(client)) continue;
      const session = this.#create(client, user);
      session.asleepSinceMs = asleep_since_ms ?? nowMs;
      restored.set(client, session);
    }
    for (const { client, topic, qos } of content?.subscriptions ?? []) {
      if (restored.has(client))
        await this.addSubscriptions({ id: client } as Client, [{ topic, qos } as Subscription]);
    }
    for (const row of content?.queued ?? []) {
      const id = wasInUse ? this.#nextId : row.id;
      this.#nextId = id + 1;
      const session = restored.get(row.client);
      if (!session) continue;
      const packet: StoredPacket = {
        cmd: row.is_released ? 'pubrel' : 'publish',
        brokerId: 'journal',
        brokerCounter: id,
        topic: row.topic,
        payload: Buffer.from(row.payload.buffer, row.payload.byteOffset, row.payload.byteLength),
        qos: row.qos,
        retain: false,
        dup: false,
        messageId: row.message_id ?? undefined,
      };
      this.#insert(session, id, packet);
    }
    for (const { client, message_id } of content?.incoming ?? []) {
      const packet = { messageId: message_id } as StoredPacket;
      if (restored.has(client)) this.#taken(client).set(message_id, packet);
    }
    for (const { topic, payload, qos } of content?.retained ?? []) {
      if (this.#retained.has(topic)) continue;
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      this.#retained.set({ cmd: 'publish', topic, payload: bytes, qos, retain: true, dup: false });
    }
    this.#journal = journal;
    return wasInUse;
  }

  /** By aedes' own counter of messages. */
  numberBy(numbering: { counter: number }): void {
    this.#numbering = numbering;
  }

  /** Everything, for a journal that has lost touch. */
  whole(): JournalOp[] {
    const ops: JournalOp[] = [];
    for (const [client, session] of this.#sessions) {
      ops.push(['session', client, session.user, session.asleepSinceMs ?? null]);
      for (const [topic, qos] of session.subscriptions) ops.push(['subscribe', client, topic, qos]);
      for (const { id, packet } of session.queue.values()) ops.push(enqueueOp(id, client, packet));
      for (const messageId of this.#incoming.get(client)?.keys() ?? []) ops.push(['take', client, messageId]);
    }
    for (const { topic, payload, qos } of this.#retained.all()) ops.push(['retain', topic, payload, qos]);
    return ops;
  }

  get counts(): { sessions: number; queuedBytes: number; retained: number } {
    return {
      sessions: this.#sessions.size,
      queuedBytes: this.#queuedBytes,
      retained: this.#retained.size,
    };
  }

  /** A client with a lasting session has come. False where there are too many sessions. */
  wake(client: string, user: string): boolean {
    let session = this.#sessions.get(client);
    // Of the time before there were users, or after.
    if (session && session.user !== user) {
      this.forget(client);
      session = undefined;
    }
    if (!session) {
      if (this.#sessions.size >= this.#limits.maxSessions) return false;
      session = this.#create(client, user);
    }
    session.asleepSinceMs = undefined;
    this.#journal?.add('session', client, user, null);
    return true;
  }

  /** It has gone. A session in which nothing is kept ends with the connection. */
  sleep(client: string): void {
    const session = this.#sessions.get(client);
    if (!session) return;
    if (session.subscriptions.size === 0 && session.queue.size === 0 && !this.#incoming.has(client)) {
      this.forget(client);
      return;
    }
    session.asleepSinceMs = this.#clock.nowMs();
    this.#journal?.add('session', client, session.user, session.asleepSinceMs);
  }

  forget(client: string): void {
    const session = this.#sessions.get(client);
    this.#incoming.delete(client);
    if (!session) return;
    void super.cleanSubscriptions({ id: client } as Client);
    this.#sessions.delete(client);
    this.#queuedBytes -= session.queuedBytes;
    this.#subscriptions -= session.subscriptions.size;
    for (const op of ['forgetSession', 'forgetSubscriptions', 'forgetQueue', 'forgetIncoming'] as const) {
      this.#journal?.add(op, client);
    }
  }

  /** Ends sessions that slept too long or whose user is gone, and what was reserved for messages that never came. */
  sweep(isUser: (name: string) => boolean): string[] {
    const nowMs = this.#clock.nowMs();
    const ended: string[] = [];
    for (const [client, { user, asleepSinceMs }] of this.#sessions) {
      if (asleepSinceMs === undefined) continue;
      const isOld = nowMs - asleepSinceMs > this.#limits.sessionExpiryS * 1000;
      if (!isOld && isUser(user)) continue;
      this.forget(client);
      ended.push(client);
    }
    for (const [payload, { rows, sinceMs }] of this.#reservations) {
      if (this.#clock.monotonicMs() - sinceMs < RESERVED_FOR_MS) break;
      this.#reservations.delete(payload);
      for (const id of rows.values()) this.#journal?.add('dequeue', id);
    }
    return ended;
  }

  /** Whether the disk has anything to do with a message: where not, nobody has to wait. */
  concerns({ qos, retain }: { readonly qos: number; readonly retain: boolean }): boolean {
    return qos > 0 && (retain || this.#subscriptions > 0);
  }

  /**
   * Puts a message on the disk for everybody in whose queue it will be; resolves when it is there. Its payload becomes a
   * copy of its own, by which it is known again, and which holds no larger piece of memory.
   */
  async reserve(packet: { topic: string; payload: Buffer; qos: number; retain: boolean }): Promise<void> {
    const matches = this.#subscriptions > 0 ? await super.subscriptionsByTopic(packet.topic) : [];
    if (matches.length === 0 && !packet.retain) return;
    packet.payload = ownCopy(packet.payload);
    const rows = new Map<string, number>();
    for (const { clientId } of matches) {
      const session = this.#sessions.get(clientId);
      if (!session || rows.has(clientId) || !this.#hasRoom(session, clientId, packet)) continue;
      const id = this.#nextId++;
      rows.set(clientId, id);
      this.#journal?.add(...enqueueOp(id, clientId, packet));
    }
    if (packet.retain) this.#keepRetained(packet.topic, packet.payload, packet.qos);
    const sinceMs = this.#clock.monotonicMs();
    this.#reservations.set(packet.payload, { rows, isRetained: packet.retain, sinceMs });
    await this.#journal?.committed();
  }

  /** Whether a full session is to go without this message, although its client is there. */
  isBeyond(client: string, packet: StoredPacket): boolean {
    const session = this.#sessions.get(client);
    return session?.isFull === true && !session.byName.has(nameOf(packet));
  }

  /** See `OutgoingQueues`. */
  isHeldBack(client: Client, packet: StoredPacket): boolean {
    return this.#outgoing.isHeldBack(client, this.#sessions.get(client.id), packet);
  }

  /** Its client may not have it any more. */
  giveUp(client: string, packet: StoredPacket): void {
    const session = this.#sessions.get(client);
    const entry = session?.byName.get(nameOf(packet));
    if (session && entry) this.#remove(session, entry);
  }

  /** Whether one more message may be retained; those that take the place of another always may. */
  mayRetain(packet: { readonly topic: string; readonly payload: Buffer }): boolean {
    if (this.#retained.hasRoomFor(packet)) return true;
    this.#complain('retained messages full', packet.topic);
    return false;
  }

  // From here on: what aedes asks of a persistence.

  override storeRetained(packet: StoredPacket): PromiseLike<void> {
    this.#retained.set({ ...packet });
    if (!this.#reservations.get(packet.payload)?.isRetained)
      this.#keepRetained(packet.topic, packet.payload, packet.qos);
    return AT_ONCE;
  }

  override createRetainedStream(filter: string): Readable {
    return this.createRetainedStreamCombi([filter]);
  }

  override createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(this.#retained.matching(filters));
  }

  /** aedes hands over all filters of a SUBSCRIBE, those too that were refused. */
  override async addSubscriptions(client: Client, asked: Subscription[]): Promise<void> {
    const session = this.#sessions.get(client.id) ?? this.#create(client.id, '');
    const subscriptions: Subscription[] = [];
    for (const subscription of asked) {
      const { topic, qos } = subscription;
      const before = session.subscriptions.get(topic);
      const hasRoom = before !== undefined || session.subscriptions.size < this.#limits.maxSubscriptions;
      if (!hasRoom || !this.#admits(client, topic)) continue;
      subscriptions.push(subscription);
      if (before === undefined) this.#subscriptions++;
      if (before === qos) continue;
      session.subscriptions.set(topic, qos);
      this.#journal?.add('subscribe', client.id, topic, qos);
    }
    await super.addSubscriptions(client, subscriptions);
    // The client is told that it has them.
    await this.#journal?.committed();
  }

  override async removeSubscriptions(client: Client, topics: string[]): Promise<void> {
    const session = this.#sessions.get(client.id);
    for (const topic of topics) {
      if (!session?.subscriptions.delete(topic)) continue;
      this.#subscriptions--;
      this.#journal?.add('unsubscribe', client.id, topic);
    }
    await super.removeSubscriptions(client, topics);
  }

  /** A client comes with a clean session: nothing of an earlier one is left (MQTT-3.1.2-6). */
  override async cleanSubscriptions(client: Client): Promise<void> {
    await super.cleanSubscriptions(client);
    this.forget(client.id);
  }

  override async outgoingEnqueue({ clientId }: { clientId: string }, packet: StoredPacket): Promise<void> {
    this.#enqueue(clientId, packet, undefined);
  }

  /** What aedes does next is to hand the message over, so now it gets its counter: the one it has may have been passed meanwhile. */
  override outgoingEnqueueCombi(
    subscriptions: readonly { clientId: string }[] | undefined,
    packet: StoredPacket,
  ): PromiseLike<void> {
    if (this.#numbering) packet.brokerCounter = ++this.#numbering.counter;
    const reservation = this.#reservations.get(packet.payload);
    if (reservation) this.#reservations.delete(packet.payload);
    for (const { clientId } of subscriptions ?? []) this.#enqueue(clientId, packet, reservation);
    // Who has unsubscribed meanwhile.
    for (const [clientId, id] of reservation?.rows ?? []) {
      if (!this.#sessions.get(clientId)?.queue.has(id)) this.#journal?.add('dequeue', id);
    }
    return AT_ONCE;
  }

  override async outgoingUpdate(client: Id, packet: StoredPacket): Promise<void> {
    const session = this.#sessions.get(client.id);
    const entry = packet.brokerId
      ? session?.byName.get(nameOf(packet))
      : session?.byMessageId.get(packet.messageId!);
    if (!session || !entry) throw new Error('no such packet');
    const { messageId } = entry.packet;
    if (messageId !== undefined && session.byMessageId.get(messageId) === entry)
      session.byMessageId.delete(messageId);
    if (packet.cmd === 'pubrel') {
      const { brokerId, brokerCounter } = entry.packet;
      entry.packet = Object.assign(packet, { brokerId, brokerCounter });
    } else {
      entry.packet.messageId = packet.messageId;
    }
    session.byMessageId.set(packet.messageId!, entry);
    this.#outgoing.sent(entry);
    // QoS 1 may come twice after a crash; of QoS 2 the client must know which message it is.
    if (entry.packet.qos === 2 || packet.cmd === 'pubrel')
      this.#journal?.add(...enqueueOp(entry.id, client.id, entry.packet));
  }

  override async outgoingClearMessageId(
    client: Id,
    { messageId }: Pick<StoredPacket, 'messageId'>,
  ): Promise<StoredPacket | undefined> {
    const session = this.#sessions.get(client.id);
    const entry = messageId === undefined ? undefined : session?.byMessageId.get(messageId);
    if (!session || !entry) return undefined;
    this.#remove(session, entry);
    return entry.packet;
  }

  #remove(session: Session, entry: Entry): void {
    const { messageId } = entry.packet;
    if (messageId !== undefined && session.byMessageId.get(messageId) === entry)
      session.byMessageId.delete(messageId);
    session.queue.delete(entry.id);
    session.byName.delete(nameOf(entry.packet));
    session.queuedBytes -= entry.bytes;
    this.#queuedBytes -= entry.bytes;
    session.isFull &&= session.queue.size > this.#limits.maxQueuedMessages / 2;
    this.#journal?.add('dequeue', entry.id);
    this.#outgoing.removed(entry);
  }

  override outgoingStream(client: Client): Readable {
    return Readable.from(this.#outgoing.stream(client, this.#sessions.get(client.id)));
  }

  override async incomingStorePacket(client: Client, packet: StoredPacket): Promise<void> {
    this.#taken(client.id).set(packet.messageId!, ownPacket(packet, packet.messageId));
    if (!this.#sessions.has(client.id)) return;
    this.#journal?.add('take', client.id, packet.messageId!);
    await this.#journal?.committed();
  }

  override async incomingGetPacket(client: Id, { messageId }: StoredPacket): Promise<StoredPacket> {
    const packet = this.#incoming.get(client.id)?.get(messageId!);
    if (!packet) throw new Error('no such packet');
    return packet;
  }

  override async incomingDelPacket(client: Id, { messageId }: StoredPacket): Promise<void> {
    const taken = this.#incoming.get(client.id);
    if (!taken?.delete(messageId!)) throw new Error('no such packet');
    if (taken.size === 0) this.#incoming.delete(client.id);
    if (this.#sessions.has(client.id)) this.#journal?.add('release', client.id, messageId!);
  }

  override async cleanIncoming(client: Id): Promise<void> {
    if (this.#incoming.delete(client.id) && this.#sessions.has(client.id))
      this.#journal?.add('forgetIncoming', client.id);
  }

  #create(client: string, user: string): Session {
    const session = newSession(user);
    this.#sessions.set(client, session);
    return session;
  }

  #enqueue(client: string, packet: StoredPacket, reservation: Reservation | undefined): void {
    const session = this.#sessions.get(client) ?? this.#create(client, '');
    // Two subscriptions of one client may match the same message.
    if (session.byName.has(nameOf(packet))) return;
    let id = reservation?.rows.get(client);
    if (id === undefined) {
      // `reserve` has found no room, and has said so.
      if (session.isFull || !this.#hasRoom(session, client, packet)) return;
      id = this.#nextId++;
      this.#journal?.add(...enqueueOp(id, client, packet));
    }
    this.#insert(session, id, ownPacket(packet, undefined));
  }

  #insert(session: Session, id: number, packet: StoredPacket): void {
    const bytes = bytesOf(packet);
    const entry: Entry = { id, bytes, packet };
    session.queue.set(id, entry);
    session.byName.set(nameOf(packet), entry);
    if (packet.messageId !== undefined) session.byMessageId.set(packet.messageId, entry);
    session.queuedBytes += bytes;
    this.#queuedBytes += bytes;
  }

  #hasRoom(
    session: Session,
    client: string,
    packet: { readonly topic: string; readonly payload: Buffer },
  ): boolean {
    const { maxQueuedMessages, maxQueuedBytes, maxQueuedBytesInAll } = this.#limits;
    const bytes = bytesOf(packet);
    const hasRoom =
      session.queue.size < maxQueuedMessages &&
      session.queuedBytes + bytes <= maxQueuedBytes &&
      this.#queuedBytes + bytes <= maxQueuedBytesInAll;
    if (hasRoom) return true;
    session.isFull = true;
    this.#complain('queue full', client);
    return false;
  }

  #keepRetained(topic: string, payload: Buffer, qos: number): void {
    if (payload.length === 0) this.#journal?.add('unretain', topic);
    else this.#journal?.add('retain', topic, ownCopy(payload), qos);
  }

  #taken(client: string): Map<number, StoredPacket> {
    const taken = this.#incoming.get(client) ?? new Map<number, StoredPacket>();
    this.#incoming.set(client, taken);
    return taken;
  }
}

function bytesOf({ topic, payload }: { readonly topic?: string; readonly payload?: Buffer }): number {
  return (payload?.length ?? 0) + (topic?.length ?? 0) + ENTRY_BYTES;
}

function enqueueOp(
  id: number,
  client: string,
  packet: Pick<StoredPacket, 'topic' | 'payload' | 'qos' | 'messageId'> & { cmd?: string },
): JournalOp {
  const { topic = '', payload, qos = 2, messageId, cmd } = packet;
  const bytes = payload ? ownCopy(payload) : new Uint8Array(0);
  return ['enqueue', id, client, topic, bytes, qos, messageId ?? null, cmd === 'pubrel' ? 1 : 0];
}
