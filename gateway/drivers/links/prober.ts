import type { Clock } from '../../../core/clock.ts';
import type { LoopChoice } from '../../../core/datagrams/create-datagram-loop.ts';
import type { SluiceError } from '../../../core/errors.ts';
import type { ProbeSpec } from '../../../core/links/link-plan.ts';
import type { ProbeKind } from '../../../core/links/measures.ts';
import type { Log } from '../../../core/log.ts';
import type { LinkField, ProbeEvidence } from './probe-evidence.ts';

/** A link as one kind of probe sees it. */
export interface ProbedLink<S extends ProbeSpec = ProbeSpec> {
  readonly link: string;
  readonly spec: S;
}

/**
 * Probes all links of an agent in one way. It keeps a `ProbeLedger` for each link, goes by an absolute schedule
 * (`ProbeSchedule`), and reports each record when it is closed.
 */
export interface Prober<S extends ProbeSpec = ProbeSpec> {
  /**
   * What it probes from now on; may come before `start`, and again at any time. A link whose spec is the same goes on
   * without a break in its records (`isDeepStrictEqual`); one that changed or is gone has its records ended and reported. With
   * another `recordMs` all do. Their last records may be reported within the next seconds.
   */
  replace(links: readonly ProbedLink<S>[], recordMs: number): void;
  /** Something that it needs and that is absent (a program, a privilege) is no failure here: it is `trouble`. */
  start(signal: AbortSignal): Promise<void>;
  /** What keeps it from probing, while that lasts. */
  trouble(): SluiceError | undefined;
  /** Reports what records it has, the open ones cut short, before it resolves. May be called more than once. */
  stop(): Promise<void>;
}

export interface ProberContext {
  readonly clock: Clock;
  readonly log: Log;
  report(evidence: ProbeEvidence): void;
}

/** An entry of the map of probers. */
export interface ProberKind<K extends ProbeKind = ProbeKind> {
  /** What this kind can measure: the readings that a link has of it. */
  readonly fields: readonly LinkField[];
  /** Makes one; touches no socket and starts no program. `loop`: what waits for datagrams, for a kind that has them. */
  create(context: ProberContext, loop: LoopChoice): Prober<Extract<ProbeSpec, { kind: K }>>;
}
