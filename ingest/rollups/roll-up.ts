import { LatencyHistogram } from '../../core/latency-histogram.ts';
import { emptySummary, mergeSummary, type WindowSummary } from './window-summary.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** Readings of one series in order of time, as columns. */
export interface Columns {
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
  readonly texts?: ReadonlyMap<number, string> | undefined;
}

/** Rolls up rows `from` to `to` (exclusive) into windows of a minute, in order of time. */
export function minutesOf(
  columns: Columns,
  from: number,
  to: number,
  hasPercentiles: boolean,
): WindowSummary[] {
  const { timeMs, value, texts } = columns;
  const summaries: WindowSummary[] = [];
  let row = from;
  while (row < to) {
    const windowMs = Math.floor(timeMs[row]! / MINUTE_MS) * MINUTE_MS;
    const summary = emptySummary(windowMs);
    for (; row < to && timeMs[row]! < windowMs + MINUTE_MS; row++) {
      if (texts?.has(row)) summary.texts++;
      else takeNumber(summary, timeMs[row]!, value[row]!, hasPercentiles);
    }
    summaries.push(summary);
  }
  return summaries;
}

/** Rolls up minutes, in order of time, into hours. */
export function hoursOf(minutes: readonly WindowSummary[]): WindowSummary[] {
  const hours: WindowSummary[] = [];
  for (const minute of minutes) {
    const windowMs = Math.floor(minute.windowMs / HOUR_MS) * HOUR_MS;
    let hour = hours.at(-1);
    if (hour?.windowMs !== windowMs) {
      hour = emptySummary(windowMs);
      hours.push(hour);
    }
    mergeSummary(hour, minute);
  }
  return hours;
}

function takeNumber(summary: WindowSummary, timeMs: number, value: number, hasPercentiles: boolean): void {
  if (summary.count++ === 0) {
    summary.sum = value;
    summary.min = value;
    summary.max = value;
    summary.first = value;
    summary.firstMs = timeMs;
  } else {
    summary.sum += value;
    if (value < summary.min) summary.min = value;
    if (value > summary.max) summary.max = value;
  }
  summary.last = value;
  summary.lastMs = timeMs;
  if (!hasPercentiles) return;
  summary.histogram ??= new LatencyHistogram();
  summary.histogram.add(value);
}
