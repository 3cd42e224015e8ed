import { findQuantity } from '../../../core/quantities.ts';
import { seriesIdentity, seriesKey, TAGS, type Tags } from '../../../core/reading.ts';
import type { Series, SeriesTable } from '../../../core/reading-batch.ts';
import type { Rows } from '../rows.ts';
import type { InfluxConnection, InfluxSeries } from './influx-connection.ts';
import { UNIT_MEASUREMENT } from './influx-lines.ts';
import type { FieldColumns } from './influxql.ts';
import { decodeName, isRollUp, quoteName, STATUS_SUFFIX, TEXT_SUFFIX } from './names.ts';

interface Field extends FieldColumns {
  readonly measurement: string;
  readonly field: string;
  hasNumbers: boolean;
  hasTexts: boolean;
  hasStatus: boolean;
}

/** Which fields the database has, in which columns, and units that the quantity catalogue does not know. */
export class InfluxCatalog {
  readonly #fields = new Map<string, Field>();
  readonly #bySeries: Field[] = [];
  readonly #units = new Map<string, string>();

  async load(connection: InfluxConnection): Promise<void> {
    for await (const { name, values } of connection.query('SHOW FIELD KEYS')) {
      if (name !== UNIT_MEASUREMENT && !isRollUp(name))
        for (const [key] of values) this.#addColumn(decodeName(name), String(key));
    }
    const tags = [...TAGS, 'measurement', 'field'].map(quoteName).join(', ');
    const units = `SELECT "unit" FROM ${quoteName(UNIT_MEASUREMENT)} GROUP BY ${tags}`;
    for await (const { tags = {}, values } of connection.query(units)) {
      const { measurement = '', field = '' } = tags;
      const key = { measurement: decodeName(measurement), field: decodeName(field), ...tagsOf(tags) };
      this.#units.set(seriesIdentity(key), String(values.at(-1)![1]));
    }
  }

  fields(): Iterable<Readonly<Field>> {
    return this.#fields.values();
  }

  /** Undefined where nobody has written that field. */
  columns(measurement: string, field: string): FieldColumns | undefined {
    return this.#fields.get(keyOf(measurement, field));
  }

  /** The whole key of a series that the database has named by its tags. */
  seriesKey(measurement: string, field: string, tags: InfluxSeries['tags']) {
    const key = { measurement, field, ...tagsOf(tags) };
    const unit = findQuantity(measurement, field)?.unit ?? this.#units.get(seriesIdentity(key)) ?? '';
    return seriesKey({ ...key, unit });
  }

  /** Whether the database could not tell the unit of this series. */
  lacksUnit(series: Series): boolean {
    const { measurement, field, unit } = series;
    return (findQuantity(measurement, field)?.unit ?? this.#units.get(seriesIdentity(series)) ?? '') !== unit;
  }

  noteUnit(series: Series): void {
    this.#units.set(seriesIdentity(series), series.unit);
  }

  /** Takes note of the columns that rows are about to be written to. */
  noteRows(table: SeriesTable, rows: Rows): void {
    for (let row = 0; row < rows.length; row++) {
      const id = rows.seriesId[row]!;
      let field = this.#bySeries[id];
      if (!field) {
        const series = table.get(id);
        field = this.#field(series.measurement, series.field);
        this.#bySeries[id] = field;
      }
      const isText = rows.texts.size > 0 && rows.texts.has(row);
      if (isText) field.hasTexts = true;
      else field.hasNumbers = true;
      if (isText || rows.status[row] !== 0) field.hasStatus = true;
    }
  }

  #addColumn(measurement: string, column: string): void {
    if (column.endsWith(STATUS_SUFFIX)) {
      this.#field(measurement, decodeName(column.slice(0, -STATUS_SUFFIX.length))).hasStatus = true;
    } else if (column.endsWith(TEXT_SUFFIX)) {
      this.#field(measurement, decodeName(column.slice(0, -TEXT_SUFFIX.length))).hasTexts = true;
    } else {
      this.#field(measurement, decodeName(column)).hasNumbers = true;
    }
  }

  #field(measurement: string, field: string): Field {
    const key = keyOf(measurement, field);
    let found = this.#fields.get(key);
    if (!found) {
      found = { measurement, field, hasNumbers: false, hasTexts: false, hasStatus: false };
      this.#fields.set(key, found);
    }
    return found;
  }
}

export function tagsOf(tags: InfluxSeries['tags'] = {}): Tags {
  return Object.fromEntries(TAGS.map((tag) => [tag, decodeName(tags[tag] ?? '')])) as unknown as Tags;
}

function keyOf(measurement: string, field: string): string {
  return `${measurement}\u0000${field}`;
}
