import { addressOf, calls, LINUX } from './linux-calls.ts';
import { SOCKADDR_BYTES } from './socket-address.ts';

/** Datagrams taken by one call. */
const BATCH = 16;
/** The longest datagram of UDP, so that none is cut. Pages that no datagram has touched cost nothing. */
const DATA_BYTES = 65_536;
const CONTROL_BYTES = 128;
const MMSGHDR_BYTES = 64;
const IOVEC_BYTES = 16;
const CMSG_HEADER_BYTES = 16;

/**
 * Memory for `recvmmsg`, laid out once, and what it brought.
 *
 *     mmsghdr  0 name* · 8 name length u32 · 16 iovec* · 24 count u64 · 32 control* · 40 control length u64 · 48 flags i32 · 56 length u32
 *     iovec    0 base* · 8 length u64
 *     cmsghdr  0 length u64 with this header · 8 level i32 · 12 type i32 · 16 data; the next begins at a multiple of 8
 */
export class ReceiveBatch {
  readonly #memory: Buffer;
  readonly #dataAt: number;
  readonly #names: number;
  readonly #controls: number;
  /** Of the datagram that `read` was called for. */
  bytes: Buffer;
  nameAt = 0;
  /** UTC in ms, 0 where the kernel told none. */
  kernelMs = 0;
  ttl = 0;
  dscp = 0;
  /** Datagrams that its socket had no room for until it came, since the socket was made; goes on at 0 after 2^32. */
  dropped = 0;

  constructor() {
    const iovecs = BATCH * MMSGHDR_BYTES;
    this.#names = iovecs + BATCH * IOVEC_BYTES;
    this.#controls = this.#names + BATCH * 32;
    this.#dataAt = this.#controls + BATCH * CONTROL_BYTES;
    const memory = new ArrayBuffer(this.#dataAt + BATCH * DATA_BYTES);
    const base = addressOf(memory);
    this.#memory = Buffer.from(memory);
    this.bytes = this.#memory.subarray(0, 0);
    for (let at = 0; at < BATCH; at++) {
      const header = at * MMSGHDR_BYTES;
      const iovec = iovecs + at * IOVEC_BYTES;
      this.#memory.writeBigUInt64LE(base + BigInt(this.#names + at * 32), header);
      this.#memory.writeBigUInt64LE(base + BigInt(iovec), header + 16);
      this.#memory.writeBigUInt64LE(1n, header + 24);
      this.#memory.writeBigUInt64LE(base + BigInt(this.#controls + at * CONTROL_BYTES), header + 32);
      this.#memory.writeBigUInt64LE(base + BigInt(this.#dataAt + at * DATA_BYTES), iovec);
      this.#memory.writeBigUInt64LE(BigInt(DATA_BYTES), iovec + 8);
    }
  }

  get memory(): Buffer {
    return this.#memory;
  }

  /** Whether `count` datagrams are all that there may have been room for, and more may wait. */
  isFull(count: number): boolean {
    return count === BATCH;
  }

  /** How many came; negative where the call failed. */
  receive(fd: number): number {
    const memory = this.#memory;
    for (let header = 0; header < BATCH * MMSGHDR_BYTES; header += MMSGHDR_BYTES) {
      // The call has overwritten both with what it used.
      memory.writeUInt32LE(SOCKADDR_BYTES, header + 8);
      memory.writeUInt32LE(CONTROL_BYTES, header + 40);
    }
    return calls.recvmmsg(fd, memory, BATCH, 0, null);
  }

  read(at: number): void {
    const header = at * MMSGHDR_BYTES;
    const dataAt = this.#dataAt + at * DATA_BYTES;
    this.bytes = this.#memory.subarray(dataAt, dataAt + this.#memory.readUInt32LE(header + 56));
    this.nameAt = this.#names + at * 32;
    this.#readControl(this.#controls + at * CONTROL_BYTES, this.#memory.readUInt32LE(header + 40));
  }

  #readControl(from: number, lengthBytes: number): void {
    const memory = this.#memory;
    this.kernelMs = 0;
    this.ttl = 0;
    this.dscp = 0;
    this.dropped = 0;
    for (let at = from; at + CMSG_HEADER_BYTES <= from + lengthBytes; ) {
      const length = memory.readUInt32LE(at);
      const [level, type, data] = [
        memory.readInt32LE(at + 8),
        memory.readInt32LE(at + 12),
        at + CMSG_HEADER_BYTES,
      ];
      if (level === LINUX.SOL_SOCKET && type === LINUX.SO_TIMESTAMPNS)
        this.kernelMs = readTimespecMs(memory, data);
      else if (level === LINUX.SOL_SOCKET && type === LINUX.SO_RXQ_OVFL)
        this.dropped = memory.readUInt32LE(data);
      else if (level === LINUX.IPPROTO_IP && type === LINUX.IP_TTL) this.ttl = memory.readInt32LE(data);
      else if (level === LINUX.IPPROTO_IPV6 && type === LINUX.IPV6_HOPLIMIT)
        this.ttl = memory.readInt32LE(data);
      // One byte, and four in IPv6; the two bits below are congestion notification.
      else if (level === LINUX.IPPROTO_IP && type === LINUX.IP_TOS) this.dscp = memory.readUInt8(data) >> 2;
      else if (level === LINUX.IPPROTO_IPV6 && type === LINUX.IPV6_TCLASS)
        this.dscp = memory.readUInt8(data) >> 2;
      if (length < CMSG_HEADER_BYTES) return;
      at += (length + 7) & ~7;
    }
  }
}

/** `struct timespec`: seconds i64 and nanoseconds i64. */
export function readTimespecMs(memory: Buffer, at: number): number {
  return (
    (memory.readUInt32LE(at) + memory.readInt32LE(at + 4) * 2 ** 32) * 1_000 +
    memory.readUInt32LE(at + 8) / 1e6
  );
}
