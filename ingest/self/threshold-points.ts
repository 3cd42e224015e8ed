import type { SeriesKey } from '../../core/reading.ts';
import {
  boundField,
  EXPECTED_MEASUREMENT,
  THRESHOLD_MEASUREMENT,
  type Threshold,
} from '../../core/thresholds/threshold.ts';
import type { SelfPoint } from './self-point.ts';

/** A series that thresholds judge. */
export interface JudgedNow {
  readonly key: SeriesKey;
  /** When it last spoke; undefined where it never has. */
  readonly heardMs: number | undefined;
  readonly thresholds: readonly Threshold[];
}

/** So many series at a time; then others have their turn. */
const AT_ONCE = 1_000;

/**
 * Bounds and silence of every series that is judged, with its own tags (`core/thresholds/threshold.ts`). Where thresholds of several
 * severities hold, the one that is crossed first. Yields `undefined` where others may have their turn.
 */
export function* thresholdPoints(
  judged: Iterable<JudgedNow>,
  nowMs: number,
): Generator<SelfPoint | undefined> {
  let count = 0;
  for (const { key, heardMs, thresholds } of judged) {
    if (++count % AT_ONCE === 0) yield undefined;
    for (const [what, value] of boundsOf(thresholds))
      yield pointOf(
        THRESHOLD_MEASUREMENT,
        key,
        boundField(key, what),
        what === 'no_data' ? 's' : key.unit,
        value,
      );
    const setMs = Math.min(...thresholds.map((one) => one.setMs));
    const silentS = Math.max(0, nowMs - (heardMs ?? setMs)) / 1000;
    yield pointOf(EXPECTED_MEASUREMENT, key, boundField(key, 'silent'), 's', silentS);
  }
}

type What = Parameters<typeof boundField>[1];

function boundsOf(thresholds: readonly Threshold[]): [What, number][] {
  const found: [What, number][] = [];
  const rules = thresholds.map(({ rule }) => rule);
  const lows = rules.flatMap((rule) => (rule.kind === 'bounds' && rule.low ? [rule.low] : []));
  const highs = rules.flatMap((rule) => (rule.kind === 'bounds' && rule.high ? [rule.high] : []));
  const [low] = lows.sort((a, b) => b.raise - a.raise);
  const [high] = highs.sort((a, b) => a.raise - b.raise);
  if (low) found.push(['low', low.raise], ['low_clear', low.clear]);
  if (high) found.push(['high', high.raise], ['high_clear', high.clear]);
  const silences = rules.flatMap((rule) => (rule.kind === 'no-data' ? [rule.afterS] : []));
  if (silences.length > 0) found.push(['no_data', Math.min(...silences)]);
  return found;
}

function pointOf(measurement: string, key: SeriesKey, field: string, unit: string, value: number): SelfPoint {
  return { key: { ...key, measurement, field, unit }, value };
}
