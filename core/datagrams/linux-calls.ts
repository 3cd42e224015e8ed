import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

/**
 * The calls into the C library that the kernel loop needs, and the numbers that go with them. All of it is the same on
 * x64 and arm64 (both little-endian with eight-byte pointers), but for `struct epoll_event`.
 */
const isKnown = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');
if (!isKnown)
  throw new Error(
    `its structures are known for Linux on x64 and arm64, and not for ${process.platform} on ${process.arch}`,
  );

const libc = koffi.load(null);

/** Memory is handed over as it is: a `Buffer` of its own `ArrayBuffer`, which the collector never moves. */
export const calls = {
  socket: libc.func('int socket(int, int, int)'),
  bind: libc.func('int bind(int, void *, unsigned int)'),
  getsockname: libc.func('int getsockname(int, void *, void *)'),
  setsockopt: libc.func('int setsockopt(int, int, int, void *, unsigned int)'),
  sendto: libc.func('long sendto(int, void *, size_t, int, void *, unsigned int)'),
  recvmmsg: libc.func('int recvmmsg(int, void *, unsigned int, int, void *)'),
  close: libc.func('int close(int)'),
  ppoll: libc.func('int ppoll(void *, unsigned long, void *, void *)'),
  epollCreate: libc.func('int epoll_create1(int)'),
  epollCtl: libc.func('int epoll_ctl(int, int, int, void *)'),
  epollWait: libc.func('int epoll_wait(int, void *, int, int)'),
  clockGettime: libc.func('int clock_gettime(int, void *)'),
  adjtimex: libc.func('int adjtimex(void *)'),
  ifNameToIndex: libc.func('unsigned int if_nametoindex(str)'),
  prctl: libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)'),
  strerror: libc.func('str strerror(int)'),
} as const;

export const LINUX = {
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_DGRAM: 2,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SO_RCVBUF: 8,
  /** Also the type of the control message that brings the time. */
  SO_TIMESTAMPNS: 35,
  /** As well: it brings how many the socket had no room for, u32, once there was one. */
  SO_RXQ_OVFL: 40,
  IPPROTO_IP: 0,
  IP_TOS: 1,
  IP_TTL: 2,
  IP_RECVTTL: 12,
  IP_RECVTOS: 13,
  IPPROTO_IPV6: 41,
  IPV6_UNICAST_HOPS: 16,
  IPV6_V6ONLY: 26,
  IPV6_RECVHOPLIMIT: 51,
  IPV6_HOPLIMIT: 52,
  IPV6_RECVTCLASS: 66,
  IPV6_TCLASS: 67,
  EPOLL_CLOEXEC: 0o2000000,
  EPOLL_CTL_ADD: 1,
  EPOLLIN: 1,
  POLLIN: 1,
  CLOCK_REALTIME: 0,
  CLOCK_MONOTONIC: 1,
  PR_SET_TIMERSLACK: 29,
} as const;

/** Packed on x64 only. */
export const EPOLL_EVENT =
  process.arch === 'x64' ? ({ bytes: 12, dataAt: 4 } as const) : ({ bytes: 16, dataAt: 8 } as const);

/** Of the call before. */
export function lastErrno(): number {
  return koffi.errno();
}

/** `EHOSTUNREACH: No route to host`. */
export function wordsOf(errno: number): string {
  return `${getSystemErrorName(-errno)}: ${calls.strerror(errno)}`;
}

/** Where `memory` begins, for structures that point to others. */
export function addressOf(memory: ArrayBuffer): bigint {
  return koffi.address(memory);
}
