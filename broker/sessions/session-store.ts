import { type Duplex, Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Client, Subscription } from 'aedes';
import Memory from 'aedes-persistence/asyncPersistence.js';
import type { Clock } from '../../core/clock.ts';
import { topicMatches } from '../topic-matches.ts';
import type { Journal } from './journal.ts';
import type { JournalContent, JournalOp } from './journal-op.ts';

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

/** A packet as aedes hands it over; `brokerId` with `brokerCounter` names it while this process lives. */
export interface StoredPacket {
  cmd: string;
  brokerId?: string | undefined;
  brokerCounter?: number | undefined;
  topic: string;
  payload: Buffer;
  qos: number;
  retain: boolean;
  dup: boolean;
  messageId?: number | undefined;
}

interface Entry {
  readonly id: number;
  readonly bytes: number;
  packet: StoredPacket;
  window?: Window;
}

/** How much of a queue is with its client. */
interface Window {
  inFlight: number;
  /** The latest that was given to aedes, until it is about to send it; then all before it are sent. */
  given: Entry | undefined;
  wake: () => void;
}

interface Session {
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

/** Of what a queue may hold. */
const CROWDED = 0.75;
/** Messages that a client is sent in one turn of the event loop when it is to catch up. */
const MOST_AT_ONCE = 1_000;

type Id = Pick<Client, 'id'>;

/** What aedes' type leaves out. */
interface AedesClient {
  /** The latest counter by broker: of what comes after it, nothing is sent. */
  readonly duplicates: Record<string, number>;
  deliverQoS(packet: StoredPacket, done: () => void): void;
  readonly conn: Duplex;
}

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
 */
export class SessionStore extends Memory {
  readonly #limits: SessionLimits;
  readonly #clock: Clock;
  readonly #complain: (shortage: Shortage, client: string) => void;
  readonly #admits: (client: Client, filter: string) => boolean;
  readonly #sessions = new Map<string, Session>();
  /** Connections that have been given all that waited for them, and are given what comes. */
  readonly #caughtUp = new WeakSet<Client>();
  readonly #windows = new WeakMap<Client, Window>();
  readonly #retained = new Map<string, StoredPacket>();
  readonly #incoming = new Map<string, Map<number, StoredPacket>>();
  readonly #reservations = new Map<Buffer, Reservation>();
  #journal: Pick<Journal, 'add' | 'committed'> | undefined;
  #numbering: { counter: number } | undefined;
  #nextId = 1;
  #queuedBytes = 0;
  #retainedBytes = 0;
  #subscriptions = 0;

  constructor(
    limits: SessionLimits,
    clock: Clock,
    complain: (shortage: Shortage, client: string) => void = () => {},
    admits: (client: Client, filter: string) => boolean = () => true,
  ) {
    super();
    this.#limits = limits;
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
      this.#setRetained({ cmd: 'publish', topic, payload: bytes, qos, retain: true, dup: false });
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
    for (const { topic, payload, qos } of this.#retained.values()) ops.push(['retain', topic, payload, qos]);
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

  /**
   * Whether a message waits behind older ones that its client has not been given yet, since it came back: it is sent after them
   * (MQTT-4.6.0-6). Where so much waits that the next ones might be lost, it goes out at once: then the client sets the pace.
   */
  isHeldBack(client: Client, packet: StoredPacket): boolean {
    if (this.#caughtUp.has(client)) return false;
    const session = this.#sessions.get(client.id);
    const entry = session?.byName.get(nameOf(packet));
    if (!session || !entry || entry.window) return false;
    const window = this.#windows.get(client);
    const { maxQueuedMessages, maxQueuedBytes } = this.#limits;
    const isCrowded =
      session.queue.size > CROWDED * maxQueuedMessages || session.queuedBytes > CROWDED * maxQueuedBytes;
    if (!window || !isCrowded) return true;
    entry.window = window;
    window.inFlight++;
    return false;
  }

  /** Its client may not have it any more. */
  giveUp(client: string, packet: StoredPacket): void {
    const session = this.#sessions.get(client);
    const entry = session?.byName.get(nameOf(packet));
    if (session && entry) this.#remove(session, entry);
  }

  /** Whether one more message may be retained; those that take the place of another always may. */
  mayRetain({ topic, payload }: { readonly topic: string; readonly payload: Buffer }): boolean {
    const before = this.#retained.get(topic);
    const bytes = this.#retainedBytes + payload.length - (before?.payload.length ?? 0);
    if (payload.length === 0 || bytes <= this.#limits.maxRetainedBytes) {
      if (before || payload.length === 0 || this.#retained.size < this.#limits.maxRetainedMessages)
        return true;
    }
    this.#complain('retained messages full', topic);
    return false;
  }

  // From here on: what aedes asks of a persistence.

  override storeRetained(packet: StoredPacket): PromiseLike<void> {
    this.#setRetained({ ...packet });
    if (!this.#reservations.get(packet.payload)?.isRetained)
      this.#keepRetained(packet.topic, packet.payload, packet.qos);
    return AT_ONCE;
  }

  override createRetainedStream(filter: string): Readable {
    return this.createRetainedStreamCombi([filter]);
  }

  override createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(this.#retainedFor(filters));
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
    if (entry.window) leave(entry.window, entry);
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
    if (entry.window) {
      entry.window.inFlight--;
      leave(entry.window, entry);
      entry.window.wake();
    }
  }

  override outgoingStream(client: Client): Readable {
    return Readable.from(this.#outgoing(client));
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
    const session: Session = {
      user,
      asleepSinceMs: undefined,
      subscriptions: new Map(),
      queue: new Map(),
      byName: new Map(),
      byMessageId: new Map(),
      queuedBytes: 0,
      isFull: false,
    };
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

  #setRetained(packet: StoredPacket): void {
    this.#retainedBytes -= this.#retained.get(packet.topic)?.payload.length ?? 0;
    this.#retained.delete(packet.topic);
    if (packet.payload.length === 0) return;
    this.#retained.set(packet.topic, packet);
    this.#retainedBytes += packet.payload.length;
  }

  *#retainedFor(filters: readonly string[]): Generator<StoredPacket> {
    for (const filter of filters) {
      if (!/[+#]/.test(filter)) {
        const packet = this.#retained.get(filter);
        if (packet) yield packet;
        continue;
      }
      for (const [topic, packet] of this.#retained) if (topicMatches(filter, topic)) yield packet;
    }
  }

  #taken(client: string): Map<number, StoredPacket> {
    const taken = this.#incoming.get(client) ?? new Map<number, StoredPacket>();
    this.#incoming.set(client, taken);
    return taken;
  }

  /**
   * What was sent before and not acknowledged, which keeps its message id (MQTT-4.4.0-1), so new ones begin after those. All else that
   * waits follows it, no more unacknowledged at a time than a client can be asked to hold.
   */
  async *#outgoing(client: Client): AsyncGenerator<StoredPacket> {
    const session = this.#sessions.get(client.id);
    if (!session) {
      this.#caughtUp.add(client);
      return;
    }
    const window: Window = { inFlight: 0, given: undefined, wake: () => {} };
    this.#windows.set(client, window);
    const wake = () => window.wake();
    client.conn?.once('close', wake);
    const used = Math.max(0, ...session.byMessageId.keys());
    if (used > 0) Object.assign(client, { _nextId: (used % 65_535) + 1 });
    for (const entry of [...session.queue.values()]) {
      // Without a connection somebody only looks at what there is.
      if (client.conn && entry.packet.messageId === undefined) continue;
      while (window.inFlight >= this.#limits.maxInFlight && !client.closed) await woken(window);
      if (client.closed) return;
      if (!session.queue.has(entry.id) || entry.window === window) continue;
      entry.window = window;
      window.given = entry;
      window.inFlight++;
      // A message that may have been seen says so (MQTT-3.3.1-1).
      const isResent = entry.packet.messageId !== undefined && entry.packet.cmd === 'publish';
      if (isResent && client.conn) entry.packet.dup = true;
      yield entry.packet;
    }
    if (!client.conn) return;
    while (window.given && !client.closed) await woken(window);
    // It is sent once `outgoingUpdate` has returned.
    await turn();
    await this.#catchUp(client, session, window);
  }

  /** Many at a time, for more goes on coming: from its stream aedes sends one each turn, and would never be done. */
  async #catchUp(client: Client, session: Session, window: Window): Promise<void> {
    const { duplicates, deliverQoS, conn } = client as unknown as AedesClient;
    const { maxInFlight } = this.#limits;
    while (!client.closed) {
      // Held back, they were noted as seen.
      for (const broker of Object.keys(duplicates)) delete duplicates[broker];
      let room = Math.min(MOST_AT_ONCE, maxInFlight - window.inFlight);
      for (const entry of session.queue.values()) {
        if (room <= 0) break;
        if (entry.window === window) continue;
        room--;
        entry.window = window;
        window.inFlight++;
        deliverQoS(entry.packet, () => {});
      }
      if (room > 0) {
        this.#caughtUp.add(client);
        return;
      }
      await turn();
      // It comes when the connection ends, too.
      if (conn.writableNeedDrain && !client.closed)
        await new Promise<void>((resolve) => conn.once('drain', () => resolve()));
      while (window.inFlight > maxInFlight / 2 && !client.closed) await woken(window);
    }
  }
}

function leave(window: Window, entry: Entry): void {
  if (window.given !== entry) return;
  window.given = undefined;
  window.wake();
}

function woken(window: Window): Promise<void> {
  return new Promise((resolve) => {
    window.wake = resolve;
  });
}

/** What aedes hands over stays its own. */
function ownPacket(packet: StoredPacket, messageId: number | undefined): StoredPacket {
  const { cmd, brokerId, brokerCounter, topic, payload, qos, retain, dup } = packet;
  return { cmd, brokerId, brokerCounter, topic, payload, qos, retain, dup: dup ?? false, messageId };
}

function nameOf({ brokerId, brokerCounter }: StoredPacket): string {
  return `${brokerId}:${brokerCounter}`;
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

/** A slice of what came from the socket would take its whole chunk along, to another thread or into a queue. */
function ownCopy(bytes: Buffer): Buffer {
  if (bytes.byteLength === bytes.buffer.byteLength) return bytes;
  return Buffer.from(new Uint8Array(bytes).buffer);
}
