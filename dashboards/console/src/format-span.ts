import { PART_WORDS } from './components/words.ts';
import type { Locale } from './i18n/locale.ts';

/** Seconds of each unit that a length of time may be written in. */
export const SPAN_UNITS = { s: 1, min: 60, h: 3_600, d: 86_400 } as const;
export type SpanUnit = keyof typeof SPAN_UNITS;

/** The largest unit that says it in a whole number: 5400 s are 90 min. */
export function unitOfSpan(valueS: number): SpanUnit {
  if (valueS === 0) return 'min';
  const units = Object.keys(SPAN_UNITS).reverse() as SpanUnit[];
  return units.find((unit) => valueS % SPAN_UNITS[unit] === 0) ?? 's';
}

/** A length of time that somebody has set, exactly as it was set; `locale.duration` rounds what was measured. */
export function formatSpan(valueS: number, locale: Locale): string {
  const unit = unitOfSpan(valueS);
  const figure = valueS / SPAN_UNITS[unit];
  return PART_WORDS[locale.language].spans[unit](locale.number(figure, Number.isInteger(figure) ? 0 : 1));
}
