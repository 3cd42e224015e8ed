import { BlockList, isIP } from 'node:net';

export interface UnicastAddress {
  /** As the system writes it: one address has one text. */
  readonly text: string;
  readonly family: 4 | 6;
}

/**
 * Nobody's: unspecified, multicast, and what is above it (broadcast). A probe to many would be answered by many. And what stands for an
 * IPv4 address in IPv6 (RFC 4291, 2.5.5): packets would go by IPv4 to an address that no check of IPv4 has seen.
 */
const NOBODY = new BlockList();
NOBODY.addSubnet('0.0.0.0', 8, 'ipv4');
NOBODY.addSubnet('224.0.0.0', 3, 'ipv4');
NOBODY.addAddress('::', 'ipv6');
NOBODY.addSubnet('ff00::', 8, 'ipv6');
/** ::ffff:7f00:1 and ::7f00:1, which are 127.0.0.1; not ::1. */
const STANDS_FOR_IPV4 = /^::(ffff:)?[0-9a-f]+:[0-9a-f]+$/;

/** Of an IPv4 or IPv6 address of one host, without a zone; `undefined` for anything else. */
export function unicastAddress(text: string): UnicastAddress | undefined {
  const family = isIP(text);
  if (family === 0 || text.includes('%')) return undefined;
  if (NOBODY.check(text, family === 4 ? 'ipv4' : 'ipv6')) return undefined;
  if (family === 4) return { text, family: 4 };
  const written = new URL(`http://[${text}]`).hostname.slice(1, -1);
  return STANDS_FOR_IPV4.test(written) ? undefined : { text: written, family: 6 };
}
