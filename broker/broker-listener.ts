import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { Cancel } from '../core/clock.ts';
import type { ServiceContext } from '../core/context.ts';
import { asSluiceError, type SluiceError } from '../core/errors.ts';
import type { Service } from '../core/lifecycle.ts';
import { formatAddress, isLoopback, listen } from '../core/listen.ts';
import { watchFiles } from '../core/watch-files.ts';
import type { BrokerCore } from './broker-core.ts';
import type { BrokerConfig, ListenerConfig, TlsConfig } from './config.ts';
import { PacketLimit } from './packet-limit.ts';
import { certificateOf, tlsFiles, tlsOptions } from './tls-context.ts';

/** Names, a password and a will: a gateway's CONNECT has about 200 bytes. */
const MAX_CONNECT_BYTES = 16_384;
/** A peer whose cable was pulled is noticed by the system, whatever keep alive it asked for. */
const TCP_KEEPALIVE_MS = 60_000;
/** What is on its way to clients when the broker stops. */
const GOODBYE_MS = 300;

/** One port, with TLS or without. */
export class BrokerListener implements Service {
  readonly name: string;
  readonly #core: BrokerCore;
  readonly #config: ListenerConfig;
  readonly #index: number;
  readonly #broker: BrokerConfig;
  readonly #context: ServiceContext;
  readonly #sockets = new Set<Socket>();
  readonly #addresses = new WeakMap<Socket, string>();
  #server: Server | undefined;
  #cancelWatch: Cancel | undefined;
  #trouble: SluiceError | undefined;

  constructor(core: BrokerCore, broker: BrokerConfig, index: number, context: ServiceContext) {
    this.#config = broker.listeners[index]!;
    this.name = `broker ${this.#config.protocol} ${formatAddress(this.#config)}`;
    this.#core = core;
    this.#broker = broker;
    this.#index = index;
    this.#context = context;
  }

  /** Throws `PORT_TAKEN`, `LISTEN_FAILED` or what is wrong with a certificate: all retryable. */
  async start(): Promise<void> {
    const { protocol, tls } = this.#config;
    const server = protocol.startsWith('ws') ? this.#webSocketServer(tls) : this.#tcpServer(tls);
    server.prependListener('connection', (socket: Socket) => this.#count(socket));
    server.on('tlsClientError', (error: Error, socket: Socket) => {
      // The TLS socket forgets the address with its connection; the socket beneath it is the one that was counted.
      const { _parent: raw } = socket as { _parent?: Socket };
      const address = (raw && this.#addresses.get(raw)) ?? '';
      const { reason } = error as { reason?: string };
      this.#core.refused({ address, listener: this.name }, `TLS: ${reason ?? error.message}`);
    });
    await listen(
      server,
      this.#config,
      `the broker's ${protocol} listener`,
      `broker.listeners[${this.#index}].port`,
    );
    this.#server = server;
    this.#trouble = undefined;
    if (tls) this.#watchCertificate(server as TlsServer, tls);
    else if (!isLoopback(this.#config.host))
      this.#context.log.warn(
        { listener: this.name },
        'passwords travel in clear on this listener: use mqtts or wss, or a network that nobody else can hear',
      );
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#cancelWatch?.();
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.#core.sayGoodbye();
    for (const socket of this.#sockets) socket.end();
    const cancel = this.#context.clock.after(GOODBYE_MS, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await closed;
    cancel();
  }

  /** A certificate that has changed and cannot be used: the one before it stays in use. */
  trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  #tcpServer(tls: TlsConfig | undefined): Server {
    if (!tls) return createTcpServer((socket) => this.#handle(socket, socket));
    return createTlsServer(this.#readTls(tls), (socket) => this.#handle(socket, socket));
  }

  #webSocketServer(tls: TlsConfig | undefined): Server {
    const answer: Parameters<typeof createHttpServer>[1] = (_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket' });
      response.end('This port speaks MQTT over WebSocket.\n');
    };
    const server = tls ? createHttpsServer(this.#readTls(tls), answer) : createHttpServer(answer);
    const webSockets = new WebSocketServer({
      // A server handed to it would have its errors, a taken port among them, thrown where nobody can catch them.
      noServer: true,
      maxPayload: this.#broker.maxPacketBytes,
      handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
    });
    server.on('upgrade', (request, socket, head) => {
      if (!this.#core.asksForUsers && !isFromThisMachine(request.headers)) {
        socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
        return;
      }
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.#handle(createWebSocketStream(webSocket), request.socket);
      });
    });
    return server;
  }

  #readTls(tls: TlsConfig): ReturnType<typeof tlsOptions> {
    return tlsOptions(tls, this.#context.configFolder, this.#context.clock.nowMs());
  }

  /** Connections that are open go on with the certificate that they began with. */
  #watchCertificate(server: TlsServer, tls: TlsConfig): void {
    const { clock, log, configFolder } = this.#context;
    this.#cancelWatch = watchFiles(tlsFiles(tls, configFolder), this.#broker.reloadS * 1000, clock, () => {
      try {
        server.setSecureContext(this.#readTls(tls));
        this.#trouble = undefined;
        log.info({ listener: this.name }, 'certificates were read again');
      } catch (error) {
        this.#trouble = asSluiceError(error);
        log.error({ listener: this.name, code: this.#trouble.code }, this.#trouble.message);
      }
    });
  }

  #count(socket: Socket): void {
    const { remoteAddress: address = '' } = socket;
    const refusal = this.#core.connections.enter(address);
    if (refusal !== undefined) {
      this.#core.refused({ address, listener: this.name }, refusal);
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
    this.#sockets.add(socket);
    this.#addresses.set(socket, address);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#core.connections.leave(address);
    });
  }

  /** `stream` carries MQTT; `socket` is what it came by. */
  #handle(stream: Duplex, socket: Socket): void {
    const { remoteAddress: address = '' } = socket;
    const isTls = this.#config.tls !== undefined;
    const certificate = isTls ? certificateOf(socket as TLSSocket) : undefined;
    if (certificate === 'refused') {
      const { authorizationError } = socket as TLSSocket;
      this.#core.refused(
        { address, listener: this.name },
        `client certificate: ${String(authorizationError)}`,
      );
      stream.destroy();
      return;
    }
    limitPackets(stream, new PacketLimit(MAX_CONNECT_BYTES, this.#broker.maxPacketBytes));
    this.#core.handle(stream, { address, listener: this.name, certificate });
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
