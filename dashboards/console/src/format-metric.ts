import { plainText } from '../../../core/plain-text.ts';
import type { Quantity } from '../../../core/quantities.ts';
import type { Metric } from './farm.ts';
import type { Locale } from './i18n/locale.ts';

const LONGEST_TEXT = 200;

export interface FormattedValue {
  readonly figure: string;
  readonly unit: string;
}

/** A value as figure and unit: by the catalogue's digits where it is in it, as it came otherwise. */
export function formatMetric({ reading, quantity }: Metric, locale: Locale): FormattedValue {
  const { value } = reading;
  if (typeof value === 'string')
    return { figure: shortened(plainText(value)), unit: shownUnit(reading.unit) };
  const state = quantity?.states?.[value];
  if (state) return { figure: state[locale.language], unit: '' };
  const figure = quantity ? locale.number(value, quantity.decimals) : String(value);
  return { figure, unit: shownUnit(reading.unit) };
}

/** A no-break space between figure and unit, so that a line never ends between them. */
export function figureWithUnit(value: number, quantity: Quantity, locale: Locale): string {
  const unit = shownUnit(quantity.unit);
  const figure = locale.number(value, quantity.decimals);
  return unit === '' ? figure : `${figure}\u00a0${unit}`;
}

/** "Soil moisture (volumetric)" is right in a catalogue, and too long for a phone. */
export function shortLabel(quantity: Quantity, locale: Locale): string {
  return quantity[locale.language].replace(/\s*[(（].*[)）]$/, '');
}

/** What a device says in words may be as long as a letter; here it stands in a cell. */
function shortened(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

/** A ratio's unit is "1", which nobody writes. */
function shownUnit(unit: string): string {
  return unit === '1' ? '' : unit;
}
