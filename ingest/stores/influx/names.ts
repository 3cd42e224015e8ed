import { TAGS } from '../../../core/reading.ts';

/**
 * How a field is kept: numbers in `field`, texts in `field_text`, because InfluxDB fixes the type of a field by what
 * comes first and refuses the other from then on. Quality and clock are in `field_status`, where they are
 * not good and synced.
 */
export const STATUS_SUFFIX = '_status';
export const TEXT_SUFFIX = '_text';

/** Roll-ups of a measurement are in measurements beside it, each field in several columns. */
export const ROLL_UP_SUFFIX = { minute: '_1m', hour: '_1h' } as const;
export const ROLL_UP_COLUMNS = {
  count: '_count',
  texts: '_texts',
  sum: '_sum',
  min: '_min',
  max: '_max',
  first: '_first',
  last: '_last',
  histogram: '_histogram',
} as const;

export function isRollUp(measurement: string): boolean {
  return Object.values(ROLL_UP_SUFFIX).some((suffix) => measurement.endsWith(suffix));
}

const RESERVED_FIELDS = new Set<string>([...TAGS, 'time']);

/**
 * Names as InfluxDB can hold them, close to what they are. A backslash cannot be written before a delimiter, and
 * control characters end a line, so these are percent-encoded, and with them a percent sign that would read as such a code.
 */
export function encodeName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get through
  return name.replace(/%(?=[0-9A-F]{2})|[\\\u0000-\u001f\u007f]|^#/g, percentCode);
}

/** As `encodeName`; also keeps fields apart from tags, from `time`, and from the columns that stand beside a field. */
export function encodeField(field: string): string {
  const name = encodeName(field);
  const isReserved = RESERVED_FIELDS.has(name) || name.endsWith(STATUS_SUFFIX) || name.endsWith(TEXT_SUFFIX);
  return isReserved ? name.slice(0, -1) + percentCode(name.slice(-1)) : name;
}

/** As `encodeName`; also keeps measurements apart from roll-ups. */
export function encodeMeasurement(measurement: string): string {
  const name = encodeName(measurement);
  return isRollUp(name) ? name.slice(0, -1) + percentCode(name.slice(-1)) : name;
}

export function decodeName(name: string): string {
  return name.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** InfluxQL identifier. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** InfluxQL string. */
export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function percentCode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
