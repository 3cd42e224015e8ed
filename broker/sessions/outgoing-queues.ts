import type { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Client } from 'aedes';
import type { Entry, Session, Window } from './session.ts';
import { nameOf, type StoredPacket } from './stored-packet.ts';

/** Of what a queue may hold. */
const CROWDED = 0.75;
/** Messages that a client is sent in one turn of the event loop when it is to catch up. */
const MOST_AT_ONCE = 1_000;

interface QueueLimits {
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  readonly maxInFlight: number;
}

/** What aedes' type leaves out. */
interface AedesClient {
  /** The latest counter by broker: of what comes after it, nothing is sent. */
  readonly duplicates: Record<string, number>;
  deliverQoS(packet: StoredPacket, done: () => void): void;
  readonly conn: Duplex;
}

/** How what waited for a client reaches it once it has come back: in order, before what is new, and no more at a time than it can hold. */
export class OutgoingQueues {
  readonly #limits: QueueLimits;
  /** Connections that have been given all that waited for them, and are given what comes. */
  readonly #caughtUp = new WeakSet<Client>();
  readonly #windows = new WeakMap<Client, Window>();

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /**
   * Whether a message waits behind older ones that its client has not been given yet, since it came back: it is sent after them
   * (MQTT-4.6.0-6). Where so much waits that the next ones might be lost, it goes out at once: then the client sets the pace.
   */
  isHeldBack(client: Client, session: Session | undefined, packet: StoredPacket): boolean {
    if (this.#caughtUp.has(client)) return false;
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

  /** Its client is about to be sent it. */
  sent(entry: Entry): void {
    if (entry.window) leave(entry.window, entry);
  }

  /** It waits no more, and its client may have another. */
  removed(entry: Entry): void {
    const { window } = entry;
    if (!window) return;
    window.inFlight--;
    leave(window, entry);
    window.wake();
  }

  /**
   * What was sent before and not acknowledged, which keeps its message id (MQTT-4.4.0-1), so new ones begin after those. All else that
   * waits follows it, no more unacknowledged at a time than a client can be asked to hold.
   */
  async *stream(client: Client, session: Session | undefined): AsyncGenerator<StoredPacket> {
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
