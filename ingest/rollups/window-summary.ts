import { LatencyHistogram } from '../../core/latency-histogram.ts';

/** Everything that is kept of the readings of one series in one window, so that windows of windows stay right. */
export interface WindowSummary {
  /** Start of the window. */
  readonly windowMs: number;
  /** Numbers in the window; the next seven are meaningless where it is 0. */
  count: number;
  sum: number;
  min: number;
  max: number;
  first: number;
  firstMs: number;
  last: number;
  lastMs: number;
  /** Texts in the window, which are kept as readings only. */
  texts: number;
  /** For quantities that have percentiles. */
  histogram?: LatencyHistogram | undefined;
}

export function emptySummary(windowMs: number): WindowSummary {
  const nothing = { count: 0, sum: 0, min: 0, max: 0, first: 0, firstMs: 0, last: 0, lastMs: 0, texts: 0 };
  return { windowMs, ...nothing };
}

/** Adds readings of a later time, or another part of the same window. */
export function mergeSummary(into: WindowSummary, from: WindowSummary): void {
  into.texts += from.texts;
  if (from.count === 0) return;
  const isFirst = into.count === 0;
  into.count += from.count;
  into.sum += from.sum;
  if (isFirst || from.min < into.min) into.min = from.min;
  if (isFirst || from.max > into.max) into.max = from.max;
  if (isFirst || from.firstMs < into.firstMs) {
    into.first = from.first;
    into.firstMs = from.firstMs;
  }
  if (isFirst || from.lastMs >= into.lastMs) {
    into.last = from.last;
    into.lastMs = from.lastMs;
  }
  if (from.histogram) {
    into.histogram ??= new LatencyHistogram();
    into.histogram.merge(from.histogram);
  }
}
