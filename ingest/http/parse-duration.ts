import { quoted } from './quoted.ts';
import { requestInvalid } from './request-invalid.ts';

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const DURATION = /^([1-9]\d{0,8})(ms|s|m|h|d|w)$/;

/** Milliseconds from a duration such as 10s, 5m, 1h or 1d. */
export function parseDuration(field: string, text: string): number {
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (count === undefined || unit === undefined) {
    throw requestInvalid(field, {
      en: `${quoted(text)} is not a duration: use a whole number and one of ms, s, m, h, d, w, such as 10s or 1h`,
      zh: `${quoted(text)} 不是有效时长：请使用整数加单位 ms、s、m、h、d、w 之一，例如 10s 或 1h`,
    });
  }
  return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
}
