import { type ErrorCode, SluiceError } from '../../core/errors.ts';
import { DATA_TYPES, type Metric } from '../../core/sparkplug/payload.ts';
import type { MetricBinding } from './metric-binding.ts';

const EARLIEST_MS = Date.UTC(2020, 0, 1);
/** Evidence of a link with many flows is the longest that there is. */
const LONGEST_TEXT = 16_384;

/** Why a reading is not taken. The words are only made where they are shown. */
export interface Refusal {
  readonly code: ErrorCode;
  describe(): SluiceError;
}

/**
 * The value as it is stored: a number in the canonical unit, 0 or 1 for a boolean, or a text for a metric that is
 * not in the catalogue, or is a text there.
 */
export function checkValue(
  { key, quantity, convert }: MetricBinding,
  { value, dataType }: Metric,
): number | string | Refusal {
  if (typeof value === 'string' && (!quantity || quantity.kind === 'text')) {
    if (value.length <= LONGEST_TEXT) return value;
    const details = { metric: key.field, length: value.length, limit: LONGEST_TEXT };
    return refusal('TEXT_TOO_LONG', details);
  }
  if (value === undefined || value === null) {
    return refusal('METRIC_TYPE_UNSUPPORTED', { metric: key.field, type: typeName(dataType) });
  }
  const raw = typeof value === 'string' ? Number.NaN : Number(value);
  const number = convert ? convert(raw) : raw;
  if (!Number.isFinite(number)) {
    const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
    return refusal('VALUE_NOT_A_NUMBER', { measurement: key.measurement, field: key.field, value: shown });
  }
  if (quantity && (number < quantity.min || number > quantity.max)) {
    const { measurement, field, unit, min, max } = quantity;
    return refusal('VALUE_OUT_OF_RANGE', { measurement, field, value: number, unit, min, max });
  }
  return number;
}

/** As `checkValue` for a number, without words: NaN where it would be refused. */
export function checkNumber({ quantity, convert }: MetricBinding, raw: number): number {
  const number = convert ? convert(raw) : raw;
  if (!Number.isFinite(number)) return Number.NaN;
  return quantity && (number < quantity.min || number > quantity.max) ? Number.NaN : number;
}

export function isTimePossible(timeMs: number, latestMs: number): boolean {
  return timeMs >= EARLIEST_MS && timeMs <= latestMs;
}

/** `undefined` where the time can be right. */
export function checkTime(
  timeMs: number,
  nowMs: number,
  maxAheadS: number,
  gateway: string,
): Refusal | undefined {
  if (isTimePossible(timeMs, nowMs + maxAheadS * 1000)) return undefined;
  const isDate = Math.abs(timeMs) <= 8.64e15;
  const time = isDate ? new Date(timeMs).toISOString() : `${timeMs} ms`;
  return refusal('TIME_IMPOSSIBLE', { time, aheadS: maxAheadS, gateway });
}

export function refusal(code: ErrorCode, details: Record<string, string | number>): Refusal {
  return { code, describe: () => new SluiceError(code, details) };
}

function typeName(dataType: number | undefined): string {
  const known = Object.entries(DATA_TYPES).find(([, number]) => number === dataType);
  return known ? known[0] : String(dataType ?? 'unknown');
}
