import { createServer, type Server, type Socket } from 'node:net';
import { formatAddress, listen } from '../../core/listen.ts';
import type { Transport } from './transport.ts';

/** One end of a connection: what comes goes in, and `stop` forgets what is under way. */
export interface Conversation {
  receive(bytes: Uint8Array): void;
  stop(): void;
}

/** As serial-to-network converters have: the next one is refused. */
const MOST_CONNECTIONS = 16;
/** What a reader that reads nothing may leave unread. */
const MOST_UNREAD_BYTES = 65_536;

/** Slaves behind a TCP port of loopback. `hangUp` is for a peer that has lost its place in the stream. */
export class TcpTransport implements Transport {
  readonly address: string;
  readonly #port: number;
  readonly #converse: (send: (bytes: Uint8Array) => void, hangUp: () => void) => Conversation;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(
    port: number,
    converse: (send: (bytes: Uint8Array) => void, hangUp: () => void) => Conversation,
  ) {
    this.#port = port;
    this.address = formatAddress({ host: '127.0.0.1', port });
    this.#converse = converse;
  }

  /** Throws `PORT_TAKEN` or `LISTEN_FAILED`. */
  async open(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    server.maxConnections = MOST_CONNECTIONS;
    await listen(server, { host: '127.0.0.1', port: this.#port }, 'a simulated bus', 'buses: tcpPort');
    this.#server = server;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    await new Promise((resolve) => {
      server.close(resolve);
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const send = (bytes: Uint8Array) => {
      if (socket.writable && socket.writableLength < MOST_UNREAD_BYTES) socket.write(bytes);
    };
    const conversation = this.#converse(send, () => socket.destroy());
    socket.on('data', (bytes) => conversation.receive(bytes));
    // A peer that hangs up in the middle of something is nobody's fault; `close` follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      conversation.stop();
      this.#sockets.delete(socket);
    });
  }
}
