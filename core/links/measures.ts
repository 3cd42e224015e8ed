import { LatencyHistogram } from '../latency-histogram.ts';

/** `intra`: within one network (网内); `inter`: between networks (网间); `international`: across a border. */
export const LINK_CLASSES = ['intra', 'inter', 'international'] as const;
export type LinkClass = (typeof LINK_CLASSES)[number];

/** How a link is probed; stands as `point` in the names of its metrics, for a link may be probed in several ways. */
export const PROBE_KINDS = ['stamp', 'icmp', 'tcp', 'http'] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];

/**
 * Where each scheduled probe ended: `scheduled` is always the sum of the others.
 *
 * - `received`: answered within the time-out.
 * - `lost`: sent, and never answered.
 * - `late`: answered after the time-out. It counts as loss in a verdict, and is shown apart.
 * - `notSent`: its turn was missed (the agent was stopping, the machine asleep), or the system refused to send it.
 * - `invalid`: what became of it says nothing about the link: the agent stalled, its clock was set, its socket failed.
 * - `excluded`: taken out of the verdict by somebody, with a reason. Agents exclude nothing; a verdict does.
 */
export interface Account {
  scheduled: number;
  received: number;
  lost: number;
  late: number;
  notSent: number;
  invalid: number;
  excluded: number;
}

/** Why probes were invalid; adds up to `invalid` of the account. */
export interface InvalidBy {
  stall: number;
  clockStep: number;
  socket: number;
}

/** What was measured over some time on one link or one flow of it. All of it adds up: see `mergeMeasures`. Times in ms. */
export interface Measures {
  readonly account: Account;
  readonly invalidBy: InvalidBy;
  /** Of every received probe: round trip, or time to connect, or time to the first byte. */
  readonly roundTrip: LatencyHistogram;
  /** One way, only where both clocks were synchronised; `oneWayErrorMs` is the largest error that those may have. */
  readonly forward: LatencyHistogram;
  readonly back: LatencyHistogram;
  oneWayErrorMs: number;
  /** |difference| of the round trips of two received probes that were sent one after the other on one flow (RFC 3393). */
  readonly variation: LatencyHistogram;
  /** The estimate of RFC 3550, A.8, over round trips, at the end of the time; the largest of what was merged. */
  jitterMs: number;
  /** Further answers to probes that had one. */
  duplicates: number;
  /** Received after one that was sent later on the same flow (RFC 4737). */
  reordered: number;
  /** Of the lost, those that a stateful reflector shows to have been lost on the way there, or on the way back. */
  lostForward: number;
  lostReturn: number;
  /** Of the received, those whose arrival was stamped by the kernel and not by the program. */
  kernelStamped: number;
}

export function noMeasures(): Measures {
  return {
    account: { scheduled: 0, received: 0, lost: 0, late: 0, notSent: 0, invalid: 0, excluded: 0 },
    invalidBy: { stall: 0, clockStep: 0, socket: 0 },
    roundTrip: new LatencyHistogram(),
    forward: new LatencyHistogram(),
    back: new LatencyHistogram(),
    oneWayErrorMs: 0,
    variation: new LatencyHistogram(),
    jitterMs: 0,
    duplicates: 0,
    reordered: 0,
    lostForward: 0,
    lostReturn: 0,
    kernelStamped: 0,
  };
}

/** Adds `other` to `into`. In any order and any grouping it gives the same. */
export function mergeMeasures(into: Measures, other: Measures): void {
  for (const key of Object.keys(into.account) as (keyof Account)[]) into.account[key] += other.account[key];
  for (const key of Object.keys(into.invalidBy) as (keyof InvalidBy)[])
    into.invalidBy[key] += other.invalidBy[key];
  into.roundTrip.merge(other.roundTrip);
  into.forward.merge(other.forward);
  into.back.merge(other.back);
  into.variation.merge(other.variation);
  into.oneWayErrorMs = Math.max(into.oneWayErrorMs, other.oneWayErrorMs);
  into.jitterMs = Math.max(into.jitterMs, other.jitterMs);
  into.duplicates += other.duplicates;
  into.reordered += other.reordered;
  into.lostForward += other.lostForward;
  into.lostReturn += other.lostReturn;
  into.kernelStamped += other.kernelStamped;
}

/** Whether every scheduled probe has exactly one end. */
export function isExact({ account, invalidBy, roundTrip }: Measures): boolean {
  const { scheduled, received, lost, late, notSent, invalid, excluded } = account;
  return (
    scheduled === received + lost + late + notSent + invalid + excluded &&
    invalid === invalidBy.stall + invalidBy.clockStep + invalidBy.socket &&
    received === roundTrip.count
  );
}
