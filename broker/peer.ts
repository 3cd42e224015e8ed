import type { Duplex } from 'node:stream';
import type { CertificateIdentity } from './tls-context.ts';

/** Who is at the other end of a connection, as far as the connection itself says. */
export interface Peer {
  readonly address: string;
  /** Name of the listener. */
  readonly listener: string;
  readonly certificate: CertificateIdentity | undefined;
}

/** By the stream that aedes is given. */
export type Peers = WeakMap<Duplex, Peer>;
