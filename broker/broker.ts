import { createServer as createHttpServer } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { Aedes, type AedesOptions, type AuthenticateError, type Client } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { ServiceContext } from '../core/context.ts';
import { SluiceError } from '../core/errors.ts';
import type { Service } from '../core/lifecycle.ts';
import { formatAddress, isLoopback, listen } from '../core/listen.ts';
import type { Log } from '../core/log.ts';
import { mayPublish, maySubscribe } from './access.ts';
import type { BrokerConfig, ListenerConfig } from './config.ts';
import { type User, Users } from './users.ts';

/** MQTT 3.1.1, table 3.1: connect return codes. */
const IDENTIFIER_REJECTED = 2;
const BAD_USER_NAME_OR_PASSWORD = 4;

/** With aedes' default of 100 the emitter collapses under backlog: from 105 000 to 21 000 messages/s. */
const EMITTER_CONCURRENCY = 20_000;

/**
 * The embedded MQTT 3.1.1 broker: one core, and a service for each listener, so that a port that is taken keeps
 * no other listener down.
 */
export function createBroker(
  config: BrokerConfig,
  { log, configFolder }: ServiceContext,
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
  const core = new BrokerCore(users, log);
  const listeners = config.listeners.map((listener, index) => new BrokerListener(core, listener, index));
  return [core, ...listeners];
}

class BrokerCore implements Service {
  readonly name = 'broker';
  readonly #users: Users | undefined;
  readonly #log: Log;
  readonly #userOf = new WeakMap<Client, User>();
  #aedes: Aedes | undefined;

  constructor(users: Users | undefined, log: Log) {
    this.#users = users;
    this.#log = log;
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
        const allowed = (user !== undefined || !this.#users) && mayPublish(user, packet.topic);
        done(allowed ? null : new Error(`publishing to ${packet.topic} is not allowed`));
      },
      authorizeSubscribe: (client, subscription, done) => {
        // Answering null makes aedes send 0x80 (failure) for this subscription and keep the connection.
        done(null, maySubscribe(this.#userOf.get(client), subscription.topic) ? subscription : null);
      },
    };
  }

  async #authenticate(client: Client, name: string | undefined, password: Uint8Array | undefined) {
    if (!this.#users) return true;
    const user = await this.#users.verify(name ?? '', password ?? new Uint8Array());
    if (user) this.#userOf.set(client, user);
    else this.#log.warn({ client: client.id, user: name }, 'MQTT connection refused: wrong user or password');
    return user !== undefined;
  }

  #reportClient(client: Client, error: Error): void {
    this.#log.warn({ client: client.id ?? '' }, `MQTT client: ${error.message}`);
  }
}

function refusal(message: string): AuthenticateError {
  return Object.assign(new Error(message), { returnCode: BAD_USER_NAME_OR_PASSWORD }) as AuthenticateError;
}

class BrokerListener implements Service {
  readonly name: string;
  readonly #core: BrokerCore;
  readonly #config: ListenerConfig;
  readonly #index: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(core: BrokerCore, config: ListenerConfig, index: number) {
    this.name = `broker ${config.protocol} ${formatAddress(config)}`;
    this.#core = core;
    this.#config = config;
    this.#index = index;
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
    return createTcpServer((socket) => this.#core.handle(socket));
  }

  #webSocketServer(): Server {
    const server = createHttpServer((_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket' });
      response.end('This port speaks MQTT over WebSocket.\n');
    });
    const webSockets = new WebSocketServer({
      server,
      handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
    });
    webSockets.on('connection', (socket) => this.#core.handle(createWebSocketStream(socket)));
    return server;
  }
}
