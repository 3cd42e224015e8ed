import { TAGS, type Tags } from '../../../core/reading.ts';
import type { Series, SeriesTable } from '../../../core/reading-batch.ts';
import type { Rows } from '../rows.ts';
import { encodeField, encodeMeasurement, encodeName, STATUS_SUFFIX, TEXT_SUFFIX } from './names.ts';

/** In a status column: the value at this time is the text, whatever number was there before. */
export const TEXT_STATUS = 0x10;

/** 5 000 to 10 000 lines are its makers' advice. */
const LINES_PER_BODY = 5_000;
/** InfluxDB takes bodies of at most 25 MB, and cuts the connection on longer ones; a character is up to three bytes. */
const CHARACTERS_PER_BODY = 4_000_000;

export const UNIT_MEASUREMENT = 'sluice_unit';

/** Lines of line protocol with times in ms, for the rows from `from` on and before `to`. */
export interface InfluxBody {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

interface SeriesForm {
  /** Series with one head share lines; by number, because comparing numbers is cheap. */
  readonly headId: number;
  readonly head: string;
  readonly column: string;
  /** Its line in the body at hand, counted over all bodies; −1 in none. */
  line: number;
  /** `field=` as line protocol has it. */
  readonly number: string;
  readonly text: string;
  readonly status: string;
}

/**
 * Writes rows as line protocol, by hand: neighbouring rows of one device and time become one line, which the
 * database takes several times faster than a line for each value.
 *
 * InfluxDB merges the fields of a point that is written again. So a status stays behind when a good reading replaces
 * a bad one, unless it is written as well; `#explicitUntilMs` says up to which time a series needs that.
 */
export class InfluxLines {
  readonly #table: SeriesTable;
  readonly #forms: SeriesForm[] = [];
  readonly #heads = new Map<string, number>();
  /** The newest line of each head, counted over all bodies; −1 before the first. */
  readonly #openLines: number[] = [];
  #nextLine = 0;
  readonly #explicitUntilMs: number[] = [];
  readonly #firstExplicitMs: (series: Series) => number;

  /** `explicitUntilMs` says, for a series met for the first time, up to when the database may hold statuses of it. */
  constructor(table: SeriesTable, explicitUntilMs: (series: Series) => number) {
    this.#table = table;
    this.#firstExplicitMs = explicitUntilMs;
  }

  /**
   * Bodies for all rows, in their order where times are equal; each is made when the one before it is done with, so that a large batch
   * does not stand in memory as text.
   */
  *bodies(rows: Rows): Generator<InfluxBody> {
    for (let from = 0; from < rows.length; ) {
      const body = this.#body(rows, from, rows.length);
      from = body.to;
      yield body;
    }
  }

  /** The line of one row by itself. */
  line(rows: Rows, row: number): string {
    return this.#body(rows, row, row + 1).text;
  }

  /** As many of the rows as a body takes. */
  #body(rows: Rows, from: number, end: number): InfluxBody {
    const first = this.#nextLine;
    const texts: string[] = [];
    const timesMs: number[] = [];
    let characters = 0;
    let row = from;
    for (; row < end; row++) {
      const id = rows.seriesId[row]!;
      const timeMs = rows.timeMs[row]!;
      const form = this.#forms[id] ?? this.#addForm(id);
      const open = this.#openLines[form.headId]!;
      const fields = this.#fields(form, rows, row);
      // What is longer than a body may be has one to itself.
      characters += fields.length + form.head.length;
      if (characters > CHARACTERS_PER_BODY && row > from) break;
      if (open >= first && timesMs[open - first] === timeMs && form.line !== open) {
        texts[open - first] += `,${fields}`;
        form.line = open;
        continue;
      }
      if (texts.length === LINES_PER_BODY) break;
      form.line = this.#nextLine++;
      this.#openLines[form.headId] = form.line;
      texts.push(`${form.head} ${fields}`);
      timesMs.push(timeMs);
    }
    const text = texts.map((line, index) => `${line} ${timesMs[index]}`).join('\n');
    return { text, from, to: row };
  }

  /** What the database gives one type to: the field of the row's measurement, apart for texts. */
  columnOf(rows: Rows, row: number): string {
    const id = rows.seriesId[row]!;
    const form = this.#forms[id] ?? this.#addForm(id);
    return rows.texts.has(row) ? form.column + TEXT_SUFFIX : form.column;
  }

  #fields(form: SeriesForm, rows: Rows, row: number): string {
    const id = rows.seriesId[row]!;
    const timeMs = rows.timeMs[row]!;
    const text = rows.texts.get(row);
    const status = rows.status[row]! | (text === undefined ? 0 : TEXT_STATUS);
    const value = text === undefined ? form.number + numberText(rows.value[row]!) : form.text + quoted(text);
    if (status === 0 && timeMs > this.#explicitUntilMs[id]!) return value;
    if (status !== 0 && timeMs > this.#explicitUntilMs[id]!) this.#explicitUntilMs[id] = timeMs;
    return `${value},${form.status}${status}i`;
  }

  #addForm(id: number): SeriesForm {
    const series = this.#table.get(id);
    const head = lineHead(series);
    const headId = this.#heads.get(head) ?? this.#heads.size;
    this.#heads.set(head, headId);
    this.#openLines[headId] ??= -1;
    const field = encodeField(series.field);
    const form = {
      headId,
      head,
      line: -1,
      column: `${series.measurement} ${series.field}`,
      number: `${escapeKey(field)}=`,
      text: `${escapeKey(field + TEXT_SUFFIX)}=`,
      status: `${escapeKey(field + STATUS_SUFFIX)}=`,
    };
    this.#forms[id] = form;
    this.#explicitUntilMs[id] = this.#firstExplicitMs(series);
    return form;
  }
}

/** Keeps the unit of a series that the quantity catalogue does not know: InfluxDB has no place for it. */
export function unitLine(series: Series, timeMs: number): string {
  const names = { field: encodeName(series.field), measurement: encodeName(series.measurement) };
  return `${UNIT_MEASUREMENT}${tagList([...setTagsOf(series), ...Object.entries(names)])} unit=${quoted(series.unit)} ${timeMs}`;
}

export function lineHead(series: Tags & { readonly measurement: string }, suffix = ''): string {
  return escapeMeasurement(encodeMeasurement(series.measurement) + suffix) + tagList(setTagsOf(series));
}

function setTagsOf(series: Tags): [string, string][] {
  return TAGS.filter((tag) => series[tag] !== '').map((tag) => [tag, encodeName(series[tag])]);
}

/** In order of key, which saves the database sorting them. */
function tagList(tags: readonly (readonly [string, string])[]): string {
  return tags
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `,${key}=${escapeKey(value)}`)
    .join('');
}

function escapeMeasurement(name: string): string {
  return name.replace(/[, ]/g, '\\$&');
}

export function escapeKey(name: string): string {
  return name.replace(/[,= ]/g, '\\$&');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** JavaScript writes the shortest digits that give the same double back, but loses the sign of zero. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
