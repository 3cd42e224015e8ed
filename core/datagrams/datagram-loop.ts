/** A datagram as it was taken from a socket. Valid only during the call; `bytes` is a view. */
export interface Datagram {
  readonly bytes: Uint8Array;
  /** Textual, without a scope; IPv4 as IPv4 also on a dual-stack socket. */
  readonly address: string;
  readonly port: number;
  /** When it arrived, UTC in ms with a fraction (0.3 µs at best), by the system clock. */
  readonly arrivedMs: number;
  /** Who took that time. */
  readonly stampedBy: 'kernel' | 'program';
  /** TTL or hop limit that it arrived with; 0 where the platform does not tell. */
  readonly ttl: number;
}

export interface SocketOptions {
  readonly family: 4 | 6;
  /** The address to bind to; empty for all of the family. */
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly dscp: number;
  /** TTL or hop limit of what is sent; 0 leaves it to the system. */
  readonly ttl: number;
  readonly receiveBufferBytes: number;
}

export interface DatagramSocket {
  readonly address: string;
  readonly port: number;
  /**
   * Hands a datagram to the system. Returns when, UTC in ms with a fraction, taken as late before the call as can be; NaN
   * where the system did not take it, and `trouble` then says why.
   */
  send(bytes: Uint8Array, address: string, port: number): number;
  /** The words of the system for the last thing that failed; `undefined` after one that went well. */
  readonly trouble: string | undefined;
  close(): void;
}

/** What a thread does between waits. Callbacks run one at a time, and each is expected to be brief. */
export interface LoopHandler {
  /** When `turn` wants to be called next, on the loop's monotonic clock; Infinity for never. Asked after every callback. */
  dueMs(): number;
  turn(): void;
  datagram(socket: DatagramSocket, datagram: Datagram): void;
  /** From the thread that started this one; at the latest 50 ms after it was posted. */
  message(message: unknown): void;
}

/** How far the system clock can be trusted, as its discipline (adjtimex) says. */
export interface ClockDiscipline {
  readonly isSynced: boolean;
  /** An upper bound of its error, ms; NaN where nobody says. */
  readonly errorMs: number;
}

/**
 * Sockets and a clock for a thread that does nothing else. On Linux it waits in the kernel, is woken for a datagram or
 * for the time that is due, and has arrivals stamped by the kernel; elsewhere it is dgram and timers, and says so in each stamp.
 */
export interface DatagramLoop {
  readonly kind: 'kernel' | 'dgram';
  /** Resolves when the socket is bound. Throws `SOCKET_UNAVAILABLE` with the system's words. */
  open(options: SocketOptions): Promise<DatagramSocket>;
  /** UTC of the system clock, ms with a fraction. */
  utcMs(): number;
  /** A clock that is never set, ms with a fraction; comparable within one machine boot on Linux. */
  monotonicMs(): number;
  discipline(): ClockDiscipline;
  /** Until `stop` is called, from within a callback or by a message. Rejects with what a callback throws. */
  run(handler: LoopHandler): Promise<void>;
  stop(): void;
}
