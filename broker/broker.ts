import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { Aedes, type AedesOptions, type AuthenticateError, type Client } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { ServiceContext } from '../core/context.ts';
import { SluiceError } from '../core/errors.ts';
import type { Service } from '../core/lifecycle.ts';
import { formatAddress, isLoopback, listen } from '../core/listen.ts';
import { mayPublish, maySubscribe } from './access.ts';
import { Complaints } from './complaints.ts';
import type { BrokerConfig, ListenerConfig } from './config.ts';
import { PacketLimit } from './packet-limit.ts';
import { type User, Users } from './users.ts';

/** MQTT 3.1.1, table 3.1: connect return codes. */
const IDENTIFIER_REJECTED = 2;
const BAD_USER_NAME_OR_PASSWORD = 4;

/** Names, a password and a will: a gateway's CONNECT has about 200 bytes. */
const MAX_CONNECT_BYTES = 16_384;

/** With aedes' default of 100 the emitter collapses under backlog: from 105 000 to 21 000 messages/s. */
const EMITTER_CONCURRENCY = 20_000;

/**
 * The embedded MQTT 3.1.1 broker: one core, and a service for each listener, so that a port that is taken keeps
 * no other listener down.
 */
export function createBroker(
  config: BrokerConfig,
  { log, clock, configFolder }: ServiceContext,
): readonly Service[] {
  const users =
    config.usersFile === undefined ? undefined : Users.load(resolve(configFolder, config.usersFile));
  for (const [index, listener] of config.listeners.entries()) {
    if (!users && !isLoopback(listener.host)) {
      throw new SluiceError('LISTEN_WITHOUT_CREDENTIALS', {
        what: 'the MQTT broker',
        address: formatAddress(listener),
        setting: `broker.usersFile (for broker.listeners[${index}])`,
      });
    }
  }
  const core = new BrokerCore(users, new Complaints(log, clock));
  const listeners = config.listeners.map(
    (listener, index) => new BrokerListener(core, listener, index, config.maxPacketBytes),
  );
  return [core, ...listeners];
}

class BrokerCore implements Service {
  readonly name = 'broker';
  readonly #users: Users | undefined;
  readonly #complaints: Complaints;
  readonly #userOf = new WeakMap<Client, User>();
  #aedes: Aedes | undefined;

  constructor(users: Users | undefined, complaints: Complaints) {
    this.#users = users;
    this.#complaints = complaints;
  }

  async start(): Promise<void> {
    const aedes = new Aedes(this.#options());
    aedes.on('clientError', (client, error) => this.#reportClient(client, error));
    aedes.on('connectionError', (client, error) => this.#reportClient(client, error));
    await aedes.listen();
    this.#aedes = aedes;
  }

  async stop(): Promise<void> {
    const aedes = this.#aedes;
    this.#aedes = undefined;
    if (aedes) await new Promise<void>((resolve) => aedes.close(resolve));
  }

  get asksForUsers(): boolean {
    return this.#users !== undefined;
  }

  /** Takes over a connection; while the core is down the connection is ended. */
  handle(stream: Duplex): void {
    if (this.#aedes) this.#aedes.handle(stream);
    else stream.destroy();
  }

  #options(): AedesOptions {
    return {
      concurrency: EMITTER_CONCURRENCY,
      preConnect: (client, packet, done) => {
        if (packet.clientId !== '' || packet.clean) return done(null, true);
        // [MQTT-3.1.3-8]: refused with return code 2. aedes closes the connection without saying why, so it is said here.
        client.conn.write(Buffer.from([0x20, 0x02, 0x00, IDENTIFIER_REJECTED]));
        done(new Error('an empty client id needs a clean session'), false);
      },
      authenticate: (client, name, password, done) => {
        this.#authenticate(client, name, password).then(
          (accepted) => {
            if (accepted) done(null, true);
            else done(refusal('wrong user name or password'), false);
          },
          (error) => done(refusal(String(error)), false),
        );
      },
      authorizePublish: (client, packet, done) => {
        // aedes may publish a will without its client; with nobody to check it against, it is refused.
        const user = client ? this.#userOf.get(client) : undefined;
        const allowed = (user !== undefined || !this.#users) && mayPublish(user, packet.topic, packet.retain);
        done(allowed ? null : new Error(`publishing to ${packet.topic} is not allowed`));
      },
      authorizeSubscribe: (client, subscription, done) => {
        // Answering null makes aedes send 0x80 (failure) for this subscription and keep the connection.
        done(null, maySubscribe(this.#userOf.get(client), subscription.topic) ? subscription : null);
      },
      // A lasting session belongs to its client id: another user under that id must not get what waited in it.
      authorizeForward: (client, packet) =>
        maySubscribe(this.#userOf.get(client), packet.topic) ? packet : null,
    };
  }

  async #authenticate(client: Client, name: string | undefined, password: Uint8Array | undefined) {
    if (!this.#users) return true;
    const user = await this.#users.verify(name ?? '', password ?? new Uint8Array());
    if (user) this.#userOf.set(client, user);
    else
      this.#complaints.add(
        { ...peerOf(client), user: name ?? '' },
        'MQTT connection refused: wrong user or password',
      );
    return user !== undefined;
  }

  #reportClient(client: Client, error: Error): void {
    // A refused password has been reported by then.
    if (!('returnCode' in error)) this.#complaints.add(peerOf(client), `MQTT client: ${error.message}`);
  }
}

function peerOf(client: Client): { client: string; from: string } {
  return { client: client.id ?? '', from: (client.conn as Partial<Socket>).remoteAddress ?? '' };
}

function refusal(message: string): AuthenticateError {
  return Object.assign(new Error(message), { returnCode: BAD_USER_NAME_OR_PASSWORD }) as AuthenticateError;
}

class BrokerListener implements Service {
  readonly name: string;
  readonly #core: BrokerCore;
  readonly #config: ListenerConfig;
  readonly #index: number;
  readonly #maxPacketBytes: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(core: BrokerCore, config: ListenerConfig, index: number, maxPacketBytes: number) {
    this.name = `broker ${config.protocol} ${formatAddress(config)}`;
    this.#core = core;
    this.#config = config;
    this.#index = index;
    this.#maxPacketBytes = maxPacketBytes;
  }

  async start(): Promise<void> {
    const server = this.#config.protocol === 'mqtt' ? this.#tcpServer() : this.#webSocketServer();
    server.on('connection', (socket: Socket) => {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await listen(
      server,
      this.#config,
      `the broker's ${this.#config.protocol} listener`,
      `broker.listeners[${this.#index}].port`,
    );
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #tcpServer(): Server {
    return createTcpServer((socket) => this.#handle(socket));
  }

  #webSocketServer(): Server {
    const server = createHttpServer((_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket' });
      response.end('This port speaks MQTT over WebSocket.\n');
    });
    const webSockets = new WebSocketServer({
      // A server handed to it would have its errors, a taken port among them, thrown where nobody can catch them.
      noServer: true,
      maxPayload: this.#maxPacketBytes,
      handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
    });
    server.on('upgrade', (request, socket, head) => {
      if (!this.#core.asksForUsers && !isFromThisMachine(request.headers)) {
        socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
        return;
      }
      const { remoteAddress } = request.socket;
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.#handle(Object.assign(createWebSocketStream(webSocket), { remoteAddress }));
      });
    });
    return server;
  }

  #handle(stream: Duplex): void {
    limitPackets(stream, new PacketLimit(MAX_CONNECT_BYTES, this.#maxPacketBytes));
    this.#core.handle(stream);
  }
}

/**
 * A web page elsewhere can open a WebSocket to this machine from the browser of whoever looks at it, and can point a
 * name of its own here (DNS rebinding): its Origin or the Host header gives it away. Programs send no Origin.
 */
function isFromThisMachine({ host, origin }: IncomingHttpHeaders): boolean {
  const names = [`ws://${host}`, ...(origin === undefined ? [] : [origin])];
  return names.every((name) => URL.canParse(name) && isLoopback(new URL(name).hostname));
}

/** Ends the connection with the first packet that is too long. aedes takes its bytes by `read`. */
function limitPackets(stream: Duplex, limit: PacketLimit): void {
  const read = stream.read.bind(stream);
  stream.read = (size) => {
    const chunk = read(size) as Buffer | null;
    if (chunk === null || limit.accepts(chunk)) return chunk;
    stream.destroy(new Error('a packet is longer than maxPacketBytes, or is no MQTT packet'));
    return null;
  };
}
