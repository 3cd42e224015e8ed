import { join, resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import {
  Aedes,
  type AedesOptions,
  type AuthenticateError,
  type Client,
  type PublishPacket,
  type Subscription,
} from 'aedes';
import type { Cancel } from '../core/clock.ts';
import type { ServiceContext } from '../core/context.ts';
import { asSluiceError, reasonOf, SluiceError } from '../core/errors.ts';
import { FolderLock } from '../core/folder-lock.ts';
import type { Service } from '../core/lifecycle.ts';
import { type PasswordAnswer, PasswordCheck } from '../core/passwords/password-check.ts';
import { watchFiles } from '../core/watch-files.ts';
import { mayPublish, maySubscribe } from './access.ts';
import { Audit, type AuditEntry } from './audit.ts';
import { Complaints } from './complaints.ts';
import type { BrokerConfig } from './config.ts';
import { ConnectionCounts } from './connection-counts.ts';
import type { Peer } from './peer.ts';
import { Journal } from './sessions/journal.ts';
import { SessionStore } from './sessions/session-store.ts';
import type { StoredPacket } from './sessions/stored-packet.ts';
import { Unread } from './unread.ts';
import { type User, Users } from './users.ts';

/** MQTT 3.1.1, table 3.1: connect return codes. */
const IDENTIFIER_REJECTED = 2;
const SERVER_UNAVAILABLE = 3;
const BAD_USER_NAME_OR_PASSWORD = 4;
const NOT_AUTHORIZED = 5;

/** With aedes' default of 100 the emitter collapses under backlog: from 105 000 to 21 000 messages/s. */
const EMITTER_CONCURRENCY = 20_000;
const SWEEP_MS = 30_000;
const DISK_RETRY_MS = 5_000;

/** Why a CONNECT is turned away, and what the client is told. */
interface Refusal {
  readonly code: number;
  readonly why: string;
}

/** A client that was let in. */
interface Guest {
  readonly peer: Peer;
  readonly user: User | undefined;
  /** The client id that it came with; aedes has it with the user's name before it. */
  readonly saysId: string;
  /** At least as many as it has: what its session brings and what it gives up is counted once it matters. */
  subscriptions: number;
  mustCount: boolean;
  why: string | undefined;
  /** Resolves when all that it sent at QoS 1 and 2 has been let through. */
  turn: Promise<void> | undefined;
}

const PASSWORD_REFUSALS: Record<Exclude<PasswordAnswer, 'right'>, Refusal> = {
  wrong: { code: BAD_USER_NAME_OR_PASSWORD, why: 'wrong user or password' },
  'too many failures': { code: SERVER_UNAVAILABLE, why: 'too many wrong passwords from this address' },
  'too busy': { code: SERVER_UNAVAILABLE, why: 'too many logins at once' },
};

/** What all listeners of a broker share: aedes with its hooks, users, sessions and the audit. */
export class BrokerCore implements Service {
  readonly name = 'broker';
  readonly connections: ConnectionCounts;
  readonly #config: BrokerConfig;
  readonly #context: ServiceContext;
  readonly #usersFile: string | undefined;
  readonly #complaints: Complaints;
  readonly #audit: Audit;
  readonly #unread: Unread;
  readonly #passwords: PasswordCheck;
  readonly #guests = new Map<Client, Guest>();
  readonly #peers = new WeakMap<Duplex, Peer>();
  /** How many connections a client id has: one may be taking over from another. */
  readonly #holders = new Map<string, number>();
  readonly #cancels: Cancel[] = [];
  #users: Users | undefined;
  #usersTrouble: SluiceError | undefined;
  /** Why sessions could not be opened; it is tried again. */
  #diskTrouble: SluiceError | undefined;
  #opening: Promise<void> | undefined;
  #store: SessionStore;
  #journal: Journal | undefined;
  #lock: FolderLock | undefined;
  #aedes: Aedes | undefined;

  constructor(config: BrokerConfig, context: ServiceContext) {
    const { log, clock, dataFolder, configFolder } = context;
    this.#config = config;
    this.#context = context;
    this.#usersFile = config.usersFile === undefined ? undefined : resolve(configFolder, config.usersFile);
    this.#users = this.#usersFile === undefined ? undefined : Users.load(this.#usersFile);
    this.#complaints = new Complaints(log, clock);
    this.connections = new ConnectionCounts(config.limits, clock);
    this.#unread = new Unread(config.limits.maxUnreadMessages, config.limits.maxUnreadBytes);
    this.#audit = new Audit(join(dataFolder, 'broker', 'audit'), config.audit, clock, log);
    this.#passwords = new PasswordCheck(config.limits.failedLoginsPerMin, clock);
    this.#store = this.#newStore();
  }

  get asksForUsers(): boolean {
    return this.#users !== undefined;
  }

  /** Throws `DATA_FOLDER_IN_USE`, which is retryable. Where the disk takes nothing, it goes on from memory, and says so. */
  async start(): Promise<void> {
    this.#store = this.#newStore();
    try {
      await this.#openDisk();
    } catch (error) {
      this.#goOnWithoutDisk(asSluiceError(error));
    }
    const aedes = new Aedes(this.#options());
    this.#store.numberBy(aedes as unknown as { counter: number });
    aedes.on('clientError', (client, error) => this.#reportClient(client, error));
    aedes.on('connectionError', (client, error) => this.#reportClient(client, error));
    aedes.on('unsubscribe', (_topics, client) => {
      const guest = this.#guests.get(client);
      if (guest) guest.mustCount = true;
    });
    aedes.on('keepaliveTimeout', (client) => this.#leaveWhy(client, 'keep alive timeout'));
    this.#onEvent(aedes, 'error', (error) =>
      this.#context.log.error({ error: reasonOf(error) }, 'MQTT broker'),
    );
    await aedes.listen();
    this.#aedes = aedes;
    this.#watch();
  }

  /** Whoever goes from now on goes because of us. */
  sayGoodbye(): void {
    for (const guest of this.#guests.values()) guest.why ??= 'the broker stops';
  }

  async stop(): Promise<void> {
    const aedes = this.#aedes;
    this.#aedes = undefined;
    for (const cancel of this.#cancels.splice(0)) cancel();
    await this.#opening;
    this.sayGoodbye();
    if (aedes) await new Promise<void>((resolve) => aedes.close(resolve));
    for (const [client, guest] of this.#guests) this.#leave(client, guest);
    await this.#journal?.close();
    this.#journal = undefined;
    this.#audit.close();
    this.#lock?.release();
    this.#lock = undefined;
  }

  /** What the broker does without at present: its users file, its disk. */
  trouble(): SluiceError | undefined {
    return this.#usersTrouble ?? this.#diskTrouble ?? this.#journal?.trouble ?? this.#audit.trouble;
  }

  /** Takes over a connection; while the core is down the connection is ended. */
  handle(stream: Duplex, peer: Peer): void {
    if (!this.#aedes) {
      stream.destroy();
      return;
    }
    this.#peers.set(stream, peer);
    this.#aedes.handle(stream);
  }

  /** Somebody was turned away before MQTT began. */
  refused(peer: Omit<Peer, 'certificate'>, why: string): void {
    this.#complaints.add({ from: peer.address }, `MQTT connection refused: ${why}`);
    this.#audit.add({ event: 'refuse', from: peer.address, listener: peer.listener, why });
  }

  #newStore(): SessionStore {
    const { sessions, limits } = this.#config;
    return new SessionStore(
      { ...sessions, maxInFlight: limits.maxInFlight, maxSubscriptions: limits.maxSubscriptions },
      this.#context.clock,
      (shortage, of) => this.#complaints.add({ client: of }, `${shortage}: further messages are not kept`),
      (client, filter) => this.#maySubscribe(client, filter),
    );
  }

  async #openDisk(): Promise<void> {
    const { log, clock, dataFolder } = this.#context;
    const { sessions, audit } = this.#config;
    const folder = join(dataFolder, 'broker');
    if (sessions.keep || audit.enabled) this.#lock ??= new FolderLock(folder);
    if (!sessions.keep) return;
    const store = this.#store;
    const file = join(folder, 'sessions.sqlite');
    const journal = new Journal({ file, log, clock, whole: () => store.whole() });
    try {
      const wasInUse = await store.restore(await journal.open(), journal);
      if (wasInUse) journal.rewrite();
    } catch (error) {
      await journal.close();
      this.#lock?.release();
      this.#lock = undefined;
      throw error;
    }
    this.#journal = journal;
  }

  /**
   * A farm wants its live values and commands more than the promise about sleeping clients. What is on the disk is taken up once it
   * can be read, beside what has come by then. Another broker's folder is left alone: that is thrown.
   */
  #goOnWithoutDisk(error: SluiceError): void {
    const { log, clock } = this.#context;
    if (error.code !== 'DATA_FOLDER_UNUSABLE') throw error;
    log.error(
      { code: error.code },
      `${error.message} Until then sessions and retained messages are in memory only.`,
    );
    this.#diskTrouble = error;
    const again = async () => {
      try {
        await this.#openDisk();
        this.#diskTrouble = undefined;
        log.info({}, 'sessions and retained messages are on the disk');
      } catch (thrown) {
        this.#diskTrouble = asSluiceError(thrown);
        plan();
      }
    };
    let cancel: Cancel;
    const plan = () => {
      cancel = clock.after(DISK_RETRY_MS, () => {
        this.#opening = again();
      });
    };
    plan();
    this.#cancels.push(() => cancel());
  }

  #watch(): void {
    const { clock } = this.#context;
    const sweep = () => {
      const ended = this.#store.sweep((name) => !this.#users || this.#users.find(name) !== undefined);
      for (const client of ended)
        this.#context.log.info({ client }, 'a session that slept too long has ended');
      cancelSweep = clock.after(SWEEP_MS, sweep);
    };
    let cancelSweep = clock.after(SWEEP_MS, sweep);
    this.#cancels.push(() => cancelSweep());
    const { reloadS } = this.#config;
    if (this.#usersFile !== undefined)
      this.#cancels.push(watchFiles([this.#usersFile], reloadS * 1000, clock, () => this.#reloadUsers()));
  }

  /** Whoever is not there any more, or may do something else now, loses the connection. */
  #reloadUsers(): void {
    const { log } = this.#context;
    try {
      this.#users = Users.load(this.#usersFile!);
    } catch (error) {
      this.#usersTrouble = new SluiceError('BROKER_USERS_UNUSABLE', { reason: reasonOf(error) }, error);
      log.error({ code: this.#usersTrouble.code }, this.#usersTrouble.message);
      return;
    }
    this.#usersTrouble = undefined;
    log.info({ file: this.#usersFile }, 'the users file was read again');
    for (const [client, guest] of this.#guests) {
      const now = this.#users.find(guest.user?.name ?? '');
      if (now && JSON.stringify(now) === JSON.stringify(guest.user)) continue;
      guest.why = 'the user was removed or changed';
      client.close();
    }
  }

  #options(): AedesOptions {
    const { limits } = this.#config;
    return {
      concurrency: EMITTER_CONCURRENCY,
      drainTimeout: this.#config.limits.unreadS * 1000,
      connectTimeout: limits.connectTimeoutS * 1000,
      maxTopicLevels: limits.maxTopicLevels,
      maxInflightInbound: limits.maxInFlight,
      // Its type wants what aedes never asks for.
      persistence: this.#store as never,
      preConnect: (client, packet, done) => {
        if (packet.clientId !== '' || packet.clean) return done(null, true);
        // [MQTT-3.1.3-8]: refused with return code 2. aedes closes the connection without saying why, so it is said here.
        client.conn.write(Buffer.from([0x20, 0x02, 0x00, IDENTIFIER_REJECTED]));
        done(new Error('an empty client id needs a clean session'), false);
      },
      authenticate: (client, name, password, done) => {
        this.#authenticate(client, name, password).then(
          (refusal) => (refusal ? done(refusalError(refusal), false) : done(null, true)),
          (error) => done(refusalError({ code: SERVER_UNAVAILABLE, why: reasonOf(error) }), false),
        );
      },
      authorizePublish: (client, packet, done) => this.#authorizePublish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) =>
        this.#authorizeSubscribe(client, subscription, done),
      authorizeForward: (client, packet) => {
        // What waited in a lasting session may have become forbidden to its user since.
        if (!maySubscribe(this.#guests.get(client)?.user, packet.topic)) {
          if (!client.clean) this.#store.giveUp(client.id, packet as StoredPacket);
          return null;
        }
        if (packet.qos === 0 && !this.#unread.hasRoom(client.conn)) {
          this.#complaints.add(
            this.#detailsOf(client),
            'MQTT client does not read: messages at QoS 0 are lost',
          );
          return null;
        }
        const isKept = packet.qos > 0 && !client.clean;
        if (isKept && this.#store.isHeldBack(client, packet as StoredPacket)) return null;
        if (packet.qos > 0 && this.#unread.isBeyond(client.conn)) {
          // It comes again, and gets what its session has kept.
          client.conn.destroy(new Error('it does not read, and too much waits for it'));
          return null;
        }
        return isKept && this.#store.isBeyond(client.id, packet as StoredPacket) ? null : packet;
      },
    };
  }

  /** Undefined where the client may come in; it is a guest from then on. */
  async #authenticate(
    client: Client,
    name: string | undefined,
    password: Uint8Array | undefined,
  ): Promise<Refusal | undefined> {
    const peer = this.#peers.get(client.conn) ?? { address: '', listener: '', certificate: undefined };
    const login = await this.#login(peer, name, password);
    const user = 'code' in login ? undefined : login.user;
    // Whoever has hung up meanwhile needs no answer, and must not count.
    if (client.conn.destroyed) return { code: SERVER_UNAVAILABLE, why: 'gone' };
    const saysId = client.id;
    client.id = ownId(user, saysId);
    const guest: Guest = {
      ...{ peer, user, saysId, subscriptions: Infinity, mustCount: true },
      ...{ why: undefined, turn: undefined },
    };
    const refusal = 'code' in login ? login : (this.#objection(client, user) ?? this.#admit(client, guest));
    if (!refusal) return undefined;
    const shown = user?.name ?? name;
    const details = { client: saysId, user: shown ?? '', from: peer.address };
    this.#complaints.add(details, `MQTT connection refused: ${refusal.why}`);
    this.#audit.add({ ...auditOf(guest, shown), event: 'refuse', why: refusal.why });
    return refusal;
  }

  async #login(
    peer: Peer,
    name: string | undefined,
    password: Uint8Array | undefined,
  ): Promise<{ user: User | undefined } | Refusal> {
    const users = this.#users;
    if (!users) return { user: undefined };
    const bearer = peer.certificate && users.ofCertificate(peer.certificate.names);
    if (bearer) {
      if (name === undefined || name === '' || name === bearer.name) return { user: bearer };
      return { code: NOT_AUTHORIZED, why: 'the certificate is that of another user' };
    }
    const found = users.find(name ?? '');
    const bytes = password ?? new Uint8Array();
    const answer = await this.#passwords.check(found, name ?? '', bytes, peer.address);
    if (answer !== 'right') return PASSWORD_REFUSALS[answer];
    // The file may have been read again meanwhile.
    const now = this.#users?.find(name ?? '');
    return now && now.passwordHash === found?.passwordHash ? { user: now } : PASSWORD_REFUSALS.wrong;
  }

  /** What a client with a right password may still not do. */
  #objection(client: Client, user: User | undefined): Refusal | undefined {
    // aedes has put it there before it asks.
    const { _will: will } = client as unknown as { _will?: { topic: string; retain: boolean } };
    if (will && !this.#mayPublish(user, will.topic, will.retain))
      return { code: NOT_AUTHORIZED, why: `its will may not be published to ${shortened(will.topic)}` };
    return undefined;
  }

  #admit(client: Client, guest: Guest): Refusal | undefined {
    const mine = guest.user?.name ?? '';
    if (!this.connections.enterUser(mine))
      return { code: SERVER_UNAVAILABLE, why: 'too many connections of this user' };
    if (!client.clean && !this.#store.wake(client.id, mine)) {
      this.connections.leaveUser(mine);
      return { code: SERVER_UNAVAILABLE, why: 'too many lasting sessions' };
    }
    const holders = this.#holders.get(client.id) ?? 0;
    if (holders > 0) {
      for (const [other, { why }] of this.#guests)
        if (other.id === client.id) this.#leaveWhy(other, why ?? 'taken over');
    }
    this.#holders.set(client.id, holders + 1);
    this.#guests.set(client, guest);
    client.conn.once('close', () => this.#leave(client, guest));
    this.#audit.add({ ...auditOf(guest, guest.user?.name), event: 'connect' });
    return undefined;
  }

  #leave(client: Client, guest: Guest): void {
    if (!this.#guests.delete(client)) return;
    this.connections.leaveUser(guest.user?.name ?? '');
    const left = (this.#holders.get(client.id) ?? 1) - 1;
    if (left > 0) this.#holders.set(client.id, left);
    else {
      this.#holders.delete(client.id);
      if (!client.clean) this.#store.sleep(client.id);
    }
    const { _disconnected: said } = client as unknown as { _disconnected: boolean };
    const why = guest.why ?? (said ? 'disconnected' : 'connection lost');
    this.#audit.add({ ...auditOf(guest, guest.user?.name), event: 'disconnect', why });
  }

  #authorizePublish(
    client: Client | null,
    packet: PublishPacket,
    done: (error?: Error | null) => void,
  ): void {
    // aedes may publish a will without its client; with nobody to check it against, it is refused.
    const guest = client ? this.#guests.get(client) : undefined;
    const isAllowed =
      (guest !== undefined || !this.#users) && this.#mayPublish(guest?.user, packet.topic, packet.retain);
    if (!isAllowed) {
      done(new Error(`publishing to ${shortened(packet.topic)} is not allowed`));
      return;
    }
    const bytes = packet.payload as Buffer;
    // It goes out all the same; only whoever comes later does not get it.
    if (packet.retain && !this.#store.mayRetain({ topic: packet.topic, payload: bytes }))
      packet.retain = false;
    const reserved = this.#store.concerns(packet)
      ? this.#store.reserve(packet as StoredPacket & PublishPacket)
      : undefined;
    if (packet.qos === 0 || !(reserved || guest?.turn)) {
      done(null);
      return;
    }
    // Nothing overtakes what its client sent before at QoS 1 or 2, though that waits for the disk and it does not (MQTT-4.6.0-6).
    const turn = Promise.all([guest?.turn, reserved]).then(() => done(null), done);
    if (!guest) return;
    guest.turn = turn;
    void turn.then(() => {
      if (guest.turn === turn) guest.turn = undefined;
    });
  }

  #authorizeSubscribe(
    client: Client,
    subscription: Subscription,
    done: Parameters<NonNullable<AedesOptions['authorizeSubscribe']>>[2],
  ): void {
    const mine = client as unknown as { subscriptions: Record<string, unknown> };
    // Answering null makes aedes send 0x80 (failure) for this subscription and keep the connection.
    if (!this.#maySubscribe(client, subscription.topic)) {
      done(null, null);
      return;
    }
    const isNew = mine.subscriptions[subscription.topic] === undefined;
    const isTooMany = isNew && !this.#hasRoomFor(this.#guests.get(client), mine.subscriptions);
    if (isTooMany) this.#complaints.add(this.#detailsOf(client), 'MQTT client: too many subscriptions');
    done(null, isTooMany ? null : subscription);
  }

  /** Counts up, and looks again only after something was given up: counting a thousand for each of a thousand more is work for a flood. */
  #hasRoomFor(guest: Guest | undefined, subscriptions: Record<string, unknown>): boolean {
    if (!guest) return false;
    if (guest.subscriptions >= this.#config.limits.maxSubscriptions && guest.mustCount) {
      guest.subscriptions = Object.keys(subscriptions).length;
      guest.mustCount = false;
    }
    if (guest.subscriptions >= this.#config.limits.maxSubscriptions) return false;
    guest.subscriptions++;
    return true;
  }

  #maySubscribe(client: Client, filter: string): boolean {
    return this.#fits(filter) && maySubscribe(this.#guests.get(client)?.user, filter);
  }

  #mayPublish(user: User | undefined, topic: string, isRetained: boolean): boolean {
    return this.#fits(topic) && mayPublish(user, topic, isRetained);
  }

  #fits(topic: string): boolean {
    const { maxTopicBytes } = this.#config.limits;
    // A character has at most three bytes in UTF-8, or two with two of them.
    return topic.length * 3 <= maxTopicBytes || Buffer.byteLength(topic) <= maxTopicBytes;
  }

  #leaveWhy(client: Client, why: string): void {
    const guest = this.#guests.get(client);
    if (guest) guest.why ??= why;
  }

  #reportClient(client: Client, error: Error): void {
    this.#leaveWhy(client, error.message);
    // A refused CONNECT has been reported by then.
    if (!('returnCode' in error))
      this.#complaints.add(this.#detailsOf(client), `MQTT client: ${error.message}`);
  }

  #detailsOf(client: Client): { client: string; from: string } {
    return { client: client.id ?? '', from: this.#peers.get(client.conn)?.address ?? '' };
  }

  /** aedes emits more than its types say. */
  #onEvent(aedes: Aedes, event: string, listener: (error: unknown) => void): void {
    (aedes as unknown as NodeJS.EventEmitter).on(event, listener);
  }
}

function auditOf({ peer, saysId }: Guest, user: string | undefined): Omit<AuditEntry, 'event'> {
  const { address, listener, certificate } = peer;
  return {
    client: saysId,
    ...(user === undefined ? {} : { user }),
    from: address,
    ...(certificate === undefined ? {} : { serial: certificate.serial }),
    listener,
  };
}

/**
 * A client id is good within its user. Were it good for all, whoever has any account could come with the id of a gateway
 * or of ingest, which are easily guessed: it would be ended ([MQTT-3.1.4-2]), or kept out for as long as the guest stays.
 */
function ownId(user: User | undefined, saysId: string): string {
  // The name without a slash, so that no two users and ids make the same.
  return user ? `${encodeURIComponent(user.name)}/${saysId}` : saysId;
}

function refusalError({ code, why }: Refusal): AuthenticateError {
  return Object.assign(new Error(why), { returnCode: code }) as AuthenticateError;
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
