import { BlockList, isIP } from 'node:net';

export interface UnicastAddress {
  /** As the system writes it: one address has one text. */
  readonly text: string;
  readonly family: 4 | 6;
}

/** Nobody's: unspecified, multicast, and what is above it (broadcast). A probe to many would be answered by many. */
const NOBODY = new BlockList();
NOBODY.addSubnet('0.0.0.0', 8, 'ipv4');
NOBODY.addSubnet('224.0.0.0', 3, 'ipv4');
NOBODY.addAddress('::', 'ipv6');
NOBODY.addSubnet('ff00::', 8, 'ipv6');

/** Of an IPv4 or IPv6 address of one host, without a zone; `undefined` for anything else. */
export function unicastAddress(text: string): UnicastAddress | undefined {
  const family = isIP(text);
  if (family === 0 || text.includes('%')) return undefined;
  if (NOBODY.check(text, family === 4 ? 'ipv4' : 'ipv6')) return undefined;
  if (family === 4) return { text, family: 4 };
  return { text: new URL(`http://[${text}]`).hostname.slice(1, -1), family: 6 };
}
