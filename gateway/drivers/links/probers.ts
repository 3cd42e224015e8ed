import type { ProbeKind } from '../../../core/links/measures.ts';
import { httpProber, tcpProber } from './connect/connect-prober.ts';
import { icmpProber } from './icmp/icmp-prober.ts';
import type { ProberKind } from './prober.ts';
import { stampProber } from './stamp-prober.ts';

/** Every way of probing that there is. */
export const PROBERS: { readonly [K in ProbeKind]: ProberKind<K> } = {
  stamp: stampProber,
  icmp: icmpProber,
  tcp: tcpProber,
  http: httpProber,
};
