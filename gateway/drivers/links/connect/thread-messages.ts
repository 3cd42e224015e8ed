import type { ProbeEvidence } from '../probe-evidence.ts';
import type { ProbedLink } from '../prober.ts';
import type { ConnectProbe } from './connect-links.ts';

export type ToThread =
  | {
      readonly kind: 'replace';
      readonly links: readonly ProbedLink<ConnectProbe>[];
      readonly recordMs: number;
    }
  | { readonly kind: 'stop' };

export type FromThread =
  | { readonly kind: 'evidence'; readonly evidence: ProbeEvidence }
  /** It has nothing more to say. */
  | { readonly kind: 'over' }
  /** A probe could not be sent. */
  | { readonly kind: 'note'; readonly link: string; readonly reason: string };
