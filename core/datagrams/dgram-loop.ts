import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import { reasonOf, SluiceError } from '../errors.ts';
import { formatAddress } from '../listen.ts';
import type {
  ClockDiscipline,
  DatagramLoop,
  DatagramSocket,
  LoopHandler,
  SocketOptions,
} from './datagram-loop.ts';

const LONGEST_TIMER_MS = 1_000_000;

/** The same on Node's own sockets and timers, for platforms without the other: arrivals are stamped when the program sees them. */
export class DgramLoop implements DatagramLoop {
  readonly kind = 'dgram';
  readonly reason: string;
  readonly #port: MessagePort | undefined;
  readonly #sockets = new Set<PlainSocket>();
  #handler: LoopHandler | undefined;
  #cancel: (() => void) | undefined;
  #finish: (() => void) | undefined;
  #fail: ((error: unknown) => void) | undefined;
  #isStopped = false;
  #utcOffsetMs = utcOffsetMs();

  constructor(reason: string, port?: MessagePort) {
    this.reason = reason;
    this.#port = port;
  }

  async open(options: SocketOptions): Promise<DatagramSocket> {
    const { family, address, port, dscp, receiveBufferBytes, ttl } = options;
    const fail = (reason: string) => {
      const host = address || (family === 4 ? '0.0.0.0' : '::');
      return new SluiceError('SOCKET_UNAVAILABLE', { address: formatAddress({ host, port }), reason });
    };
    if (dscp > 0) throw fail('this platform cannot set a DSCP');
    const type = family === 4 ? 'udp4' : 'udp6';
    const raw = createSocket({
      type,
      ipv6Only: family === 6,
      recvBufferSize: receiveBufferBytes,
      // At once: by itself Node would send only when this turn of its event loop is over.
      lookup: (host, _, found) => found(null, host, family),
    });
    await new Promise<void>((resolve, reject) => {
      raw.once('error', (error) => reject(fail(reasonOf(error))));
      raw.bind({ port, ...(address ? { address } : {}), exclusive: true }, resolve);
    }).catch((error) => {
      raw.close();
      throw error;
    });
    raw.removeAllListeners('error');
    if (ttl > 0) raw.setTTL(ttl);
    const socket = new PlainSocket(raw, family, this);
    this.#sockets.add(socket);
    raw.on('message', (bytes, from) => this.#hear(socket, bytes, from));
    return socket;
  }

  /** For the socket itself, when it is closed. */
  forget(socket: PlainSocket): void {
    this.#sockets.delete(socket);
  }

  /** For the socket itself, when a datagram did not leave. */
  tellNotSent(socket: PlainSocket, sentMs: number, reason: string): void {
    this.#call(() => this.#handler?.notSent?.(socket, sentMs, reason));
  }

  /** `Date.now()` has whole milliseconds: it only tells when the clock was set. */
  utcMs(): number {
    const utcMs = this.#utcOffsetMs + performance.now();
    const aheadMs = utcMs - Date.now();
    if (aheadMs > -0.5 && aheadMs < 1.5) return utcMs;
    this.#utcOffsetMs = utcOffsetMs();
    return this.#utcOffsetMs + performance.now();
  }

  monotonicMs(): number {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1_000 + nanoseconds / 1e6;
  }

  discipline(): ClockDiscipline {
    return { isSynced: false, errorMs: Number.NaN };
  }

  stop(): void {
    this.#isStopped = true;
    this.#finish?.();
  }

  async run(handler: LoopHandler): Promise<void> {
    this.#handler = handler;
    const listen = (message: unknown) => this.#call(() => handler.message(message));
    try {
      await new Promise<void>((resolve, reject) => {
        this.#finish = resolve;
        this.#fail = reject;
        this.#port?.on('message', listen);
        if (this.#isStopped) resolve();
        else this.#arm();
      });
    } finally {
      this.#isStopped = true;
      this.#cancel?.();
      this.#port?.off('message', listen);
      for (const socket of [...this.#sockets]) socket.close();
    }
  }

  #hear(socket: PlainSocket, bytes: Buffer, { address, port }: RemoteInfo): void {
    const arrivedMs = this.utcMs();
    const datagram = { bytes, address, port, arrivedMs, stampedBy: 'program', ttl: 0, dscp: 0 } as const;
    this.#call(() => this.#handler?.datagram(socket, datagram));
  }

  #call(callback: () => void): void {
    if (this.#isStopped) return;
    try {
      callback();
    } catch (error) {
      this.#isStopped = true;
      this.#fail?.(error);
      return;
    }
    this.#arm();
  }

  #arm(): void {
    this.#cancel?.();
    const { dueMs } = this.#handler ?? {};
    if (!dueMs || this.#isStopped) return;
    const waitMs = this.#handler!.dueMs() - this.monotonicMs();
    if (waitMs === Number.POSITIVE_INFINITY) return;
    const wake = () => {
      if (this.monotonicMs() < this.#handler!.dueMs()) this.#arm();
      else this.#call(() => this.#handler!.turn());
    };
    if (waitMs > 0) {
      const timer = setTimeout(wake, Math.min(Math.ceil(waitMs), LONGEST_TIMER_MS));
      this.#cancel = () => clearTimeout(timer);
    } else {
      const immediate = setImmediate(wake);
      this.#cancel = () => clearImmediate(immediate);
    }
  }
}

/** What `performance.now()` lacks to UTC: looked at when a millisecond begins. */
function utcOffsetMs(): number {
  const fromMs = Date.now();
  let nowMs = fromMs;
  while (nowMs === fromMs) nowMs = Date.now();
  return nowMs - performance.now();
}

class PlainSocket implements DatagramSocket {
  readonly address: string;
  readonly port: number;
  readonly #socket: Socket;
  readonly #family: 4 | 6;
  readonly #loop: DgramLoop;
  #trouble: string | undefined;
  #isClosed = false;

  constructor(socket: Socket, family: 4 | 6, loop: DgramLoop) {
    this.#socket = socket;
    this.#family = family;
    this.#loop = loop;
    this.address = socket.address().address;
    this.port = socket.address().port;
    // Nobody may be told of it: the next `send` says what there is to say.
    socket.on('error', (error) => {
      this.#trouble = reasonOf(error);
    });
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  send(bytes: Uint8Array, address: string, port: number): number {
    if (this.#isClosed || isIP(address) !== this.#family) {
      this.#trouble = this.#isClosed ? 'it is closed' : `${address} is no address of IPv${this.#family}`;
      return Number.NaN;
    }
    const sentMs = this.#loop.utcMs();
    this.#trouble = undefined;
    this.#socket.send(Uint8Array.from(bytes), port, address, (error) => {
      if (!error || this.#isClosed) return;
      this.#trouble = reasonOf(error);
      this.#loop.tellNotSent(this, sentMs, this.#trouble);
    });
    return sentMs;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#loop.forget(this);
    this.#socket.close();
  }
}
