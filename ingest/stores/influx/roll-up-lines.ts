import type { WindowSummary } from '../../rollups/window-summary.ts';
import { tagsOf } from './influx-catalog.ts';
import type { InfluxConnection, InfluxSeries } from './influx-connection.ts';
import { escapeKey, lineHead, numberText } from './influx-lines.ts';
import { encodeField, ROLL_UP_COLUMNS, ROLL_UP_SUFFIX } from './names.ts';

const LINES_PER_BODY = 5_000;

/** Writes roll-ups of one field as line protocol. A window that is written again has all its columns replaced. */
export class RollUpLines {
  readonly #connection: InfluxConnection;
  readonly #measurement: string;
  readonly #field: string;
  #lines: string[] = [];

  constructor(connection: InfluxConnection, measurement: string, field: string) {
    this.#connection = connection;
    this.#measurement = measurement;
    this.#field = encodeField(field);
  }

  async add(
    tags: InfluxSeries['tags'],
    minutes: readonly WindowSummary[],
    hours: readonly WindowSummary[],
  ): Promise<void> {
    const series = { ...tagsOf(tags), measurement: this.#measurement };
    const [minuteHead, hourHead] = [
      lineHead(series, ROLL_UP_SUFFIX.minute),
      lineHead(series, ROLL_UP_SUFFIX.hour),
    ];
    for (const one of minutes) this.#lines.push(`${minuteHead} ${this.#columns(one)} ${one.windowMs}`);
    for (const one of hours) this.#lines.push(`${hourHead} ${this.#columns(one)} ${one.windowMs}`);
    if (this.#lines.length >= LINES_PER_BODY) await this.flush();
  }

  async flush(): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    for (let from = 0; from < lines.length; from += LINES_PER_BODY) {
      await this.#connection.write(lines.slice(from, from + LINES_PER_BODY).join('\n'));
    }
  }

  #columns({ count, texts, sum, min, max, first, last, histogram }: WindowSummary): string {
    const name = (column: keyof typeof ROLL_UP_COLUMNS) => escapeKey(this.#field + ROLL_UP_COLUMNS[column]);
    const columns = [`${name('count')}=${count}i`, `${name('texts')}=${texts}i`];
    if (count > 0) {
      const numbers = { sum, min, max, first, last };
      for (const [column, value] of Object.entries(numbers)) {
        columns.push(`${name(column as keyof typeof numbers)}=${numberText(value)}`);
      }
    }
    if (histogram) columns.push(`${name('histogram')}="${histogram.toText()}"`);
    return columns.join(',');
  }
}
