import { clockOf, qualityOf, TAGS } from '../../core/reading.ts';
import { csvCell as cell } from './csv-cell.ts';
import type { Encoder, EncoderOptions, ExportRows } from './encoder.ts';

const utf8 = new TextEncoder();

/**
 * RFC 4180 in UTF-8: a header, and a line for each reading. Numbers stand in `value`, texts in `text`; a text or name that a
 * spreadsheet would run as a formula begins with an apostrophe.
 */
export class CsvEncoder implements Encoder {
  readonly #isFolded: boolean;
  readonly #hasBom: boolean;

  constructor({ isFolded, hasBom }: Pick<EncoderOptions, 'isFolded' | 'hasBom'>) {
    this.#isFolded = isFolded;
    this.#hasBom = hasBom;
  }

  head(): Uint8Array<ArrayBuffer> {
    const judged = this.#isFolded ? [] : ['quality', 'clock'];
    const names = ['time', 'time_ms', 'measurement', 'field', 'value', 'text', 'unit', ...judged, ...TAGS];
    return utf8.encode(`${this.#hasBom ? '\uFEFF' : ''}${names.join(',')}\r\n`);
  }

  rows({
    measurement,
    field,
    unit,
    tags,
    timeMs,
    value,
    texts,
    status,
  }: ExportRows): Uint8Array<ArrayBuffer> {
    const name = `,${cell(measurement)},${cell(field)},`;
    const tail = `,${tags.map(cell).join(',')}\r\n`;
    const units = `,${cell(unit)}`;
    const lines: string[] = [];
    for (let row = 0; row < timeMs.length; row++) {
      const ms = timeMs[row]!;
      const text = texts?.get(row);
      const told = text === undefined ? `${numberText(value[row]!)},` : `,${cell(text)}`;
      const judged = this.#isFolded ? '' : `,${qualityOf(status[row]!)},${clockOf(status[row]!)}`;
      lines.push(`${new Date(ms).toISOString()},${ms}${name}${told}${units}${judged}${tail}`);
    }
    return utf8.encode(lines.join(''));
  }

  end(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(0);
  }
}

/** The shortest text that reads back as the same double; a zero keeps its sign. */
function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
