import { TAGS } from '../../../core/reading.ts';

/**
 * How a field is kept: numbers in `field`, texts in `field_text`, because InfluxDB fixes the type of a field by what
 * comes first and refuses the other from then on. Quality and clock are in `field_status`, where they are
 * not good and synced.
 */
export const STATUS_SUFFIX = '_status';
export const TEXT_SUFFIX = '_text';

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
