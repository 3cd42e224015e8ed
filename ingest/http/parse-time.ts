import { quoted } from './quoted.ts';
import { requestInvalid } from './request-invalid.ts';

/** A year and month at least, so that a bare "2026" is not taken for milliseconds nor for a year by surprise. */
const ISO_8601 =
  /^\d{4}-\d{2}(-\d{2})?$|^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;
/** 2001-09-09 is the first moment with 13 digits: fewer are seconds, which would silently mean January 1970. */
const EPOCH_MS = /^\d{13}$/;

/** Milliseconds UTC from ISO 8601 with a zone (or a date alone, UTC) or from epoch milliseconds. */
export function parseTime(field: string, text: string): number {
  const isIso = ISO_8601.test(text) && isDay(text.slice(0, 10));
  const timeMs = EPOCH_MS.test(text) ? Number(text) : isIso ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) {
    throw requestInvalid(field, {
      en: `${quoted(text)} is not a time: use ISO 8601 with a zone (2026-06-01T08:00:00Z, with + as %2B) or milliseconds since 1970 (13 digits)`,
      zh: `${quoted(text)} 不是有效时间：请使用带时区的 ISO 8601（2026-06-01T08:00:00Z，其中 + 写作 %2B）或 1970 年以来的毫秒数（13 位）`,
    });
  }
  return timeMs;
}

/** `Date.parse` takes 31 February for 3 March. */
function isDay(date: string): boolean {
  const timeMs = Date.parse(date);
  return !Number.isNaN(timeMs) && new Date(timeMs).toISOString().startsWith(date);
}
