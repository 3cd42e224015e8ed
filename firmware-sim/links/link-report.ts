import type { LatencyHistogram } from '../../core/latency-histogram.ts';
import type { Impairment } from './link-config.ts';

/**
 * What happened to the packets of one direction since the link is up:
 * arrived + duplicated = lost + refused + failed + departed + waiting.
 */
export interface DirectionCounts {
  arrived: number;
  /** By the model, and while the link was down. */
  lost: number;
  /** Copies made. */
  duplicated: number;
  /** Sent on, copies among them. */
  departed: number;
  /** Sent on after one of the same flow that had arrived later. */
  reordered: number;
  /** More packets or flows than the link holds. */
  refused: number;
  /** Not taken by the system. */
  failed: number;
  waiting: number;
}

export interface DirectionReport extends DirectionCounts {
  readonly impairment: Impairment;
  /** Delay asked for, delay given (from the arrival as stamped to the call that sends), and what the second was above the first: ms. */
  readonly imposed: DelayFigures;
  readonly added: DelayFigures;
  readonly error: DelayFigures;
}

export interface DelayFigures {
  readonly count: number;
  /** `null` while there is none. */
  readonly p1: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  /** `LatencyHistogram.toText`. */
  readonly histogram: string;
}

export interface LinkReport {
  readonly id: string;
  readonly listen: { readonly address: string; readonly port: number };
  readonly isDown: boolean;
  /** Source addresses and ports that have come by. */
  readonly flows: number;
  /** Datagrams from elsewhere than the reflector; thrown away. */
  readonly strangers: number;
  /** Whether the kernel stamped what arrived and woke for what was due: without it delays are true to a millisecond or two only. */
  readonly isPrecise: boolean;
  readonly there: DirectionReport;
  readonly back: DirectionReport;
}

export function figuresOf(histogram: LatencyHistogram): DelayFigures {
  const at = (q: number) => (histogram.count === 0 ? null : histogram.quantile(q));
  return {
    ...{ count: histogram.count, p1: at(0.01), p50: at(0.5), p99: at(0.99), max: at(1) },
    histogram: histogram.toText(),
  };
}
