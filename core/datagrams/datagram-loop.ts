/** A datagram as it was taken from a socket. Valid only during the call; `bytes` is a view. */
export interface Datagram {
  readonly bytes: Uint8Array;
  /** Textual; a link-local one with the number of its interface (`fe80::1%2`), for it is of no use without. */
  readonly address: string;
  readonly port: number;
  /** When it arrived, UTC in ms with a fraction (0.3 µs at best), by the system clock. */
  readonly arrivedMs: number;
  /** Who took that time. */
  readonly stampedBy: 'kernel' | 'program';
  /** TTL or hop limit that it arrived with; 0 where the platform does not tell. */
  readonly ttl: number;
  /** Differentiated services code point that it arrived with; 0 where the platform does not tell. */
  readonly dscp: number;
}

export interface SocketOptions {
  /** A socket of IPv6 takes none of IPv4. */
  readonly family: 4 | 6;
  /** The address to bind to; empty for all of the family. */
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Of what is sent. Where the platform cannot mark it, `open` throws for any other than 0. */
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
   * where the system did not take it, and `trouble` then says why. `dscp` is for this one only.
   */
  send(bytes: Uint8Array, address: string, port: number, dscp?: number): number;
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
  /**
   * A `send` that returned `sentMs` failed after all, with these words. Only where the platform tells no sooner (dgram);
   * one that does not listen for it takes the datagram for lost.
   */
  notSent?(socket: DatagramSocket, sentMs: number, reason: string): void;
  /**
   * The kernel has thrown away `count` datagrams of this socket since the one before, for this program was too slow to take them
   * (or their checksum was wrong). Told before the first one that came afterwards; never on dgram, which is not told itself.
   */
  overflowed?(socket: DatagramSocket, count: number): void;
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
  /** Why it is not `kernel`: nobody wanted it, or the words of what failed. */
  readonly reason?: string | undefined;
  /** Resolves when the socket is bound. Throws `SOCKET_UNAVAILABLE` with the system's words. May be called while it runs. */
  open(options: SocketOptions): Promise<DatagramSocket>;
  /** UTC of the system clock, ms with a fraction. */
  utcMs(): number;
  /** A clock that is never set, ms with a fraction; comparable within one machine boot on Linux. */
  monotonicMs(): number;
  discipline(): ClockDiscipline;
  /** Until `stop` is called, from within a callback; the kernel loop lets nothing else happen in its thread. Closes all sockets. Rejects with what a callback throws. */
  run(handler: LoopHandler): Promise<void>;
  stop(): void;
}
