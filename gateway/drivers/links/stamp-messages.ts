import type { LoopChoice } from '../../../core/datagrams/create-datagram-loop.ts';
import type { StampProbe } from '../../../core/links/link-plan.ts';
import type { ProbeEvidence } from './probe-evidence.ts';
import type { ProbedLink } from './prober.ts';

/** What the thread is told. */
export type StampOrder =
  | {
      readonly kind: 'links';
      readonly recordMs: number;
      readonly links: readonly ProbedLink<StampProbe>[];
      /** The IP address of each name that has one. */
      readonly addresses: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'addresses'; readonly addresses: ReadonlyMap<string, string> }
  | { readonly kind: 'stop' };

/** What it tells. */
export type StampNews =
  | { readonly kind: 'loop'; readonly loop: 'kernel' | 'dgram'; readonly reason: string | undefined }
  | { readonly kind: 'evidence'; readonly evidence: ProbeEvidence }
  /** Why probes of a link are not sent; `undefined` when they are again. */
  | { readonly kind: 'trouble'; readonly link: string; readonly reason: string | undefined }
  | { readonly kind: 'note'; readonly text: string };

export interface StampThreadData {
  readonly loop: LoopChoice;
}
