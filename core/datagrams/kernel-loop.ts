import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { SluiceError } from '../errors.ts';
import { formatAddress } from '../listen.ts';
import type {
  ClockDiscipline,
  Datagram,
  DatagramLoop,
  DatagramSocket,
  LoopHandler,
  SocketOptions,
} from './datagram-loop.ts';
import { calls, EPOLL_EVENT, LINUX, lastErrno, wordsOf } from './linux-calls.ts';
import { readDiscipline } from './linux-discipline.ts';
import { ReceiveBatch, readTimespecMs } from './receive-batch.ts';
import { SOCKADDR_BYTES, SocketAddresses } from './socket-address.ts';

/** A message waits for this at most. */
const LONGEST_WAIT_MS = 20;
const READY = 64;
const POLLFD_BYTES = 8;
const TIMESPEC_BYTES = 16;

/**
 * Waits in the kernel. All sockets hang on one epoll, and `ppoll` waits for that: to the nanosecond, which `epoll_wait`
 * cannot, at the same cost for one socket and for hundreds.
 */
export class KernelLoop implements DatagramLoop {
  readonly kind = 'kernel';
  readonly reason = undefined;
  readonly #port: MessagePort | undefined;
  readonly #sockets = new Map<number, KernelSocket>();
  readonly #addresses = new SocketAddresses();
  readonly #batch = new ReceiveBatch();
  readonly #now = buffer(TIMESPEC_BYTES);
  readonly #wait = buffer(TIMESPEC_BYTES);
  readonly #pollfd = buffer(POLLFD_BYTES);
  readonly #ready = buffer(READY * EPOLL_EVENT.bytes);
  readonly #datagram = { ...NO_DATAGRAM };
  readonly #epoll: number;
  #isStopped = false;
  #isOpening = false;

  constructor(port?: MessagePort) {
    this.#port = port;
    this.#epoll = calls.epollCreate(LINUX.EPOLL_CLOEXEC);
    if (this.#epoll < 0) throw new Error(wordsOf(lastErrno()));
    // The descriptors are the process's: a thread that ends before `run`, or out of the middle of it, would leave its ports taken.
    process.once('exit', this.#close);
    this.#pollfd.writeInt32LE(this.#epoll, 0);
    this.#pollfd.writeInt16LE(LINUX.POLLIN, 4);
    // Of this thread only: timers end when they are due, and not up to 50 µs later.
    calls.prctl(LINUX.PR_SET_TIMERSLACK, 1, 0, 0, 0);
  }

  async open(options: SocketOptions): Promise<DatagramSocket> {
    // What waits for this is to go on before the loop waits in the kernel again.
    this.#isOpening = true;
    const socket = new KernelSocket(options, this.#addresses, this);
    const event = buffer(EPOLL_EVENT.bytes);
    event.writeUInt32LE(LINUX.EPOLLIN, 0);
    event.writeInt32LE(socket.fd, EPOLL_EVENT.dataAt);
    if (calls.epollCtl(this.#epoll, LINUX.EPOLL_CTL_ADD, socket.fd, event) < 0) {
      const reason = wordsOf(lastErrno());
      socket.close();
      throw unavailable(options, reason);
    }
    this.#sockets.set(socket.fd, socket);
    return socket;
  }

  /** For the socket itself, when it is closed. */
  forget(fd: number): void {
    this.#sockets.delete(fd);
  }

  utcMs(): number {
    calls.clockGettime(LINUX.CLOCK_REALTIME, this.#now);
    return readTimespecMs(this.#now, 0);
  }

  monotonicMs(): number {
    calls.clockGettime(LINUX.CLOCK_MONOTONIC, this.#now);
    return readTimespecMs(this.#now, 0);
  }

  discipline(): ClockDiscipline {
    return readDiscipline();
  }

  stop(): void {
    this.#isStopped = true;
  }

  async run(handler: LoopHandler): Promise<void> {
    let messagesMs = Number.NEGATIVE_INFINITY;
    try {
      while (!this.#isStopped) {
        const nowMs = this.monotonicMs();
        if (nowMs >= messagesMs) {
          this.#takeMessages(handler);
          messagesMs = nowMs + LONGEST_WAIT_MS;
        } else if (nowMs >= handler.dueMs()) handler.turn();
        if (this.#isOpening) await this.#letOthersGoOn();
        if (this.#isStopped) break;
        // What is due now does not keep datagrams waiting: they are looked for after each turn.
        const untilMs = Math.min(handler.dueMs(), messagesMs) - this.monotonicMs();
        if (this.#isReady(Math.max(0, untilMs))) this.#takeDatagrams(handler);
      }
    } finally {
      process.off('exit', this.#close);
      this.#close();
    }
  }

  readonly #close = (): void => {
    for (const socket of [...this.#sockets.values()]) socket.close();
    calls.close(this.#epoll);
  };

  #takeMessages(handler: LoopHandler): void {
    if (!this.#port) return;
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { readonly message: unknown } | undefined;
      if (!received || this.#isStopped) return;
      handler.message(received.message);
    }
  }

  async #letOthersGoOn(): Promise<void> {
    this.#isOpening = false;
    await new Promise((resolve) => setImmediate(resolve));
  }

  #isReady(waitMs: number): boolean {
    const seconds = Math.floor(waitMs / 1_000);
    this.#wait.writeUInt32LE(seconds, 0);
    this.#wait.writeUInt32LE(Math.floor((waitMs - seconds * 1_000) * 1e6), 8);
    return calls.ppoll(this.#pollfd, 1, this.#wait, null) > 0;
  }

  #takeDatagrams(handler: LoopHandler): void {
    const count = calls.epollWait(this.#epoll, this.#ready, READY, 0);
    for (let at = 0; at < count && !this.#isStopped; at++) {
      // One that an earlier callback has closed is no more there.
      const fd = this.#ready.readInt32LE(at * EPOLL_EVENT.bytes + EPOLL_EVENT.dataAt);
      const socket = this.#sockets.get(fd);
      if (socket) this.#takeFrom(socket, handler);
    }
  }

  /** One batch; what is left makes the next wait end at once. */
  #takeFrom(socket: KernelSocket, handler: LoopHandler): void {
    const count = this.#batch.receive(socket.fd);
    for (let at = 0; at < count; at++) {
      if (this.#isStopped || socket.isClosed) return;
      this.#batch.read(at);
      const { bytes, nameAt, kernelMs, ttl, dscp, dropped, memory } = this.#batch;
      const lacking = socket.lackingSince(dropped);
      if (lacking > 0) handler.overflowed?.(socket, lacking);
      const datagram = this.#datagram;
      datagram.bytes = bytes;
      datagram.address = this.#addresses.toText(memory, nameAt);
      datagram.port = memory.readUInt16BE(nameAt + 2);
      datagram.stampedBy = kernelMs > 0 ? 'kernel' : 'program';
      datagram.arrivedMs = kernelMs > 0 ? kernelMs : this.utcMs();
      datagram.ttl = ttl;
      datagram.dscp = dscp;
      handler.datagram(socket, datagram);
    }
  }
}

const NO_DATAGRAM: { -readonly [key in keyof Datagram]: Datagram[key] } = {
  bytes: new Uint8Array(),
  address: '',
  port: 0,
  arrivedMs: 0,
  stampedBy: 'kernel',
  ttl: 0,
  dscp: 0,
};

class KernelSocket implements DatagramSocket {
  readonly fd: number;
  readonly address: string;
  readonly port: number;
  readonly #family: 4 | 6;
  readonly #addresses: SocketAddresses;
  readonly #loop: KernelLoop;
  readonly #dscp: number;
  readonly #option = buffer(4);
  readonly #optionLength = buffer(4);
  #sentDscp: number;
  #dropped = 0;
  #trouble: string | undefined;
  #isClosed = false;

  constructor(options: SocketOptions, addresses: SocketAddresses, loop: KernelLoop) {
    const { family, dscp, port } = options;
    this.#family = family;
    this.#addresses = addresses;
    this.#loop = loop;
    this.#dscp = dscp;
    this.#sentDscp = 0;
    const wanted = options.address || (family === 4 ? '0.0.0.0' : '::');
    const name = addresses.toKernel(family, wanted, port);
    if (!name) throw unavailable(options, `it is no address of IPv${family}`);
    const kind = LINUX.SOCK_DGRAM | LINUX.SOCK_NONBLOCK | LINUX.SOCK_CLOEXEC;
    this.fd = calls.socket(family === 4 ? LINUX.AF_INET : LINUX.AF_INET6, kind, 0);
    if (this.fd < 0) throw unavailable(options, wordsOf(lastErrno()));
    try {
      this.#setUp(options);
      if (calls.bind(this.fd, name, name.length) < 0) throw new Error(wordsOf(lastErrno()));
      const bound = buffer(SOCKADDR_BYTES);
      this.#optionLength.writeUInt32LE(SOCKADDR_BYTES, 0);
      if (calls.getsockname(this.fd, bound, this.#optionLength) < 0) throw new Error(wordsOf(lastErrno()));
      this.address = addresses.toText(bound, 0);
      this.port = bound.readUInt16BE(2);
    } catch (error) {
      calls.close(this.fd);
      throw unavailable(options, (error as Error).message);
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** How many more were dropped by the time of `dropped` than were known of. */
  lackingSince(dropped: number): number {
    const lacking = (dropped - this.#dropped) >>> 0;
    this.#dropped = dropped;
    return lacking;
  }

  send(bytes: Uint8Array, address: string, port: number, dscp = this.#dscp): number {
    const to = this.#addresses.toKernel(this.#family, address, port);
    if (this.#isClosed || !to) {
      this.#trouble = this.#isClosed ? 'it is closed' : `${address} is no address of IPv${this.#family}`;
      return Number.NaN;
    }
    if (dscp !== this.#sentDscp && !this.#mark(dscp)) return Number.NaN;
    const sentMs = this.#loop.utcMs();
    // The socket is not connected, and so what fails is this datagram: ICMP errors of earlier ones are not told to it (udp(7)).
    const sent = calls.sendto(this.fd, bytes, bytes.length, 0, to, to.length);
    this.#trouble = sent < 0 ? wordsOf(lastErrno()) : undefined;
    return sent < 0 ? Number.NaN : sentMs;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#loop.forget(this.fd);
    calls.close(this.fd);
  }

  #setUp({ family, dscp, ttl, receiveBufferBytes }: SocketOptions): void {
    const { SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6 } = LINUX;
    this.#set(SOL_SOCKET, LINUX.SO_TIMESTAMPNS, 1);
    this.#set(SOL_SOCKET, LINUX.SO_RCVBUF, receiveBufferBytes);
    this.#set(SOL_SOCKET, LINUX.SO_RXQ_OVFL, 1);
    if (family === 6) this.#set(IPPROTO_IPV6, LINUX.IPV6_V6ONLY, 1);
    if (family === 6) this.#set(IPPROTO_IPV6, LINUX.IPV6_RECVHOPLIMIT, 1);
    else this.#set(IPPROTO_IP, LINUX.IP_RECVTTL, 1);
    if (family === 6) this.#set(IPPROTO_IPV6, LINUX.IPV6_RECVTCLASS, 1);
    else this.#set(IPPROTO_IP, LINUX.IP_RECVTOS, 1);
    if (ttl > 0 && family === 6) this.#set(IPPROTO_IPV6, LINUX.IPV6_UNICAST_HOPS, ttl);
    else if (ttl > 0) this.#set(IPPROTO_IP, LINUX.IP_TTL, ttl);
    if (dscp > 0 && !this.#mark(dscp)) throw new Error(this.#trouble);
  }

  #mark(dscp: number): boolean {
    try {
      if (this.#family === 6) this.#set(LINUX.IPPROTO_IPV6, LINUX.IPV6_TCLASS, dscp << 2);
      else this.#set(LINUX.IPPROTO_IP, LINUX.IP_TOS, dscp << 2);
    } catch (error) {
      this.#trouble = (error as Error).message;
      return false;
    }
    this.#sentDscp = dscp;
    return true;
  }

  #set(level: number, option: number, value: number): void {
    this.#option.writeInt32LE(value, 0);
    if (calls.setsockopt(this.fd, level, option, this.#option, 4) < 0) throw new Error(wordsOf(lastErrno()));
  }
}

/** Memory that stays where it is; small arrays of V8's own do not. */
function buffer(lengthBytes: number): Buffer {
  return Buffer.from(new ArrayBuffer(lengthBytes));
}

function unavailable({ address, port, family }: SocketOptions, reason: string): SluiceError {
  const host = address || (family === 4 ? '0.0.0.0' : '::');
  return new SluiceError('SOCKET_UNAVAILABLE', { address: formatAddress({ host, port }), reason });
}
