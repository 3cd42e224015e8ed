import type {
  ClockDiscipline,
  Datagram,
  DatagramLoop,
  DatagramSocket,
  LoopHandler,
  SocketOptions,
} from '../../../../core/datagrams/datagram-loop.ts';

const SYNCED: ClockDiscipline = { isSynced: true, errorMs: 0.5 };

export interface SentDatagram {
  readonly socket: FakeSocket;
  readonly bytes: Buffer;
  readonly address: string;
  readonly port: number;
  readonly utcMs: number;
  readonly monotonicMs: number;
}

/** A loop whose time passes when it is told to, with sockets that keep what is sent. */
export class FakeLoop implements DatagramLoop {
  kind: 'kernel' | 'dgram' = 'kernel';
  readonly reason = undefined;
  readonly sent: SentDatagram[] = [];
  readonly opened: SocketOptions[] = [];
  readonly sockets: FakeSocket[] = [];
  clock = SYNCED;
  /** Why the system takes no datagram. */
  refusal: string | undefined;
  /** How long it takes to hand a datagram over. */
  handOverMs = 0;
  isStopped = false;
  #monotonicMs = 0;
  #utcMs: number;

  constructor(utcMs: number) {
    this.#utcMs = utcMs;
  }

  async open(options: SocketOptions): Promise<DatagramSocket> {
    this.opened.push(options);
    const socket = new FakeSocket(this, options.port || 50_000 + this.opened.length);
    this.sockets.push(socket);
    return socket;
  }

  utcMs = () => this.#utcMs;
  monotonicMs = () => this.#monotonicMs;
  discipline = () => this.clock;
  async run(): Promise<void> {}
  stop(): void {
    this.isStopped = true;
  }

  /** Time passes, and nobody gets a turn. */
  stall(ms: number): void {
    this.#monotonicMs += ms;
    this.#utcMs += ms;
  }

  /** The system clock is set. */
  step(ms: number): void {
    this.#utcMs += ms;
  }

  /** Time passes, and `handler` has its turns when they are due. */
  pass(ms: number, handler: LoopHandler): void {
    const endMs = this.#monotonicMs + ms;
    for (let dueMs = handler.dueMs(); dueMs <= endMs && !this.isStopped; dueMs = handler.dueMs()) {
      this.stall(Math.max(0, dueMs - this.#monotonicMs));
      handler.turn();
    }
    this.stall(endMs - this.#monotonicMs);
  }
}

export class FakeSocket implements DatagramSocket {
  readonly address = '0.0.0.0';
  readonly port: number;
  trouble: string | undefined;
  isClosed = false;
  readonly #loop: FakeLoop;

  constructor(loop: FakeLoop, port: number) {
    this.#loop = loop;
    this.port = port;
  }

  send(bytes: Uint8Array, address: string, port: number): number {
    this.trouble = this.#loop.refusal;
    if (this.trouble !== undefined) return Number.NaN;
    const [utcMs, monotonicMs] = [this.#loop.utcMs(), this.#loop.monotonicMs()];
    this.#loop.stall(this.#loop.handOverMs);
    this.#loop.sent.push({ socket: this, bytes: Buffer.from(bytes), address, port, utcMs, monotonicMs });
    return utcMs;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** What came back, now, unless `parts` says when. */
export function arriving(
  loop: FakeLoop,
  { address, port }: Pick<SentDatagram, 'address' | 'port'>,
  bytes: Uint8Array,
  parts: Partial<Datagram> = {},
): Datagram {
  const stampedBy = loop.kind === 'kernel' ? 'kernel' : 'program';
  return { bytes, address, port, arrivedMs: loop.utcMs(), stampedBy, ttl: 60, dscp: 0, ...parts };
}
