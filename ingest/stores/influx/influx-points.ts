import { SluiceError } from '../../../core/errors.ts';
import type { SeriesKey, Tag, Tags } from '../../../core/reading.ts';
import { SeriesTable } from '../../../core/reading-batch.ts';
import { type ScanBatch, ScanRows } from '../scan.ts';
import { compareTags, groupTags } from '../series-filter.ts';
import type { SeriesData, SeriesQuery } from '../store.ts';
import { WindowFold } from '../window-fold.ts';
import { tagsOf } from './influx-catalog.ts';
import type { InfluxSeries } from './influx-connection.ts';
import { TEXT_STATUS } from './influx-lines.ts';

export interface InfluxPoint {
  readonly timeMs: number;
  readonly value: number | string;
  readonly status: number;
}

/** The points of one part of an answer whose columns are time and some of `v`, `x`, `s` (see `influxql.ts`). */
export function* pointsOf({ columns, values }: InfluxSeries): Generator<InfluxPoint> {
  const [v, x, s] = ['v', 'x', 's'].map((name) => columns.indexOf(name)) as [number, number, number];
  for (const row of values) {
    const number = row[v] ?? undefined;
    const text = row[x] ?? undefined;
    // Another program may have written a text without the status that goes with it.
    const status = Number(row[s] ?? (number === undefined ? TEXT_STATUS : 0));
    const value = status & TEXT_STATUS ? text : number;
    // A point that was written as a text and as a number counts as what it was last.
    if (value === undefined) continue;
    yield {
      timeMs: Number(row[0]),
      value: typeof value === 'boolean' ? Number(value) : value!,
      status: status & ~TEXT_STATUS,
    };
  }
}

/** Batches of an answer that comes in parts, a part or a batch at a time. */
export async function* scanBatches(
  parts: AsyncIterable<InfluxSeries>,
  keyOf: (tags: InfluxSeries['tags']) => SeriesKey,
): AsyncGenerator<ScanBatch> {
  const table = new SeriesTable();
  const rows = new ScanRows();
  for await (const part of parts) {
    const series = table.intern(keyOf(part.tags));
    for (const { timeMs, value, status } of pointsOf(part)) {
      if (rows.push(timeMs, value, status)) yield* rows.take(series);
    }
    yield* rows.take(series);
  }
}

interface Group {
  readonly tags: Partial<Tags>;
  readonly timeMs: number[];
  readonly value: (number | string)[];
  readonly status: number[];
}

/** Collects an answer that comes in parts. Throws `QUERY_TOO_LARGE` as soon as it is. */
export class InfluxAnswer {
  readonly #limit: number;
  readonly #groupBy: readonly Tag[] | undefined;
  readonly #groups = new Map<string, Group>();
  #points = 0;

  constructor(limit: number, groupBy: readonly Tag[] | undefined) {
    this.#limit = limit;
    this.#groupBy = groupBy;
  }

  add(part: InfluxSeries): void {
    const tags = groupTags(tagsOf(part.tags), this.#groupBy);
    const key = JSON.stringify(tags);
    let group = this.#groups.get(key);
    if (!group) {
      group = { tags, timeMs: [], value: [], status: [] };
      this.#groups.set(key, group);
    }
    for (const { timeMs, value, status } of pointsOf(part)) {
      if (++this.#points > this.#limit) throw new SluiceError('QUERY_TOO_LARGE', { limit: this.#limit });
      group.timeMs.push(timeMs);
      group.value.push(value);
      group.status.push(status);
    }
  }

  points({ measurement, field }: SeriesQuery): SeriesData[] {
    return this.#ordered().map((group) => ({ measurement, field, ...group }));
  }

  /** The same without statuses. */
  windows({ measurement, field }: SeriesQuery): SeriesData[] {
    return this.#ordered().map(({ tags, timeMs, value }) => ({ measurement, field, tags, timeMs, value }));
  }

  /** Points folded into windows here, for what the database cannot fold. */
  foldedWindows({ measurement, field, window, maxPoints }: SeriesQuery): SeriesData[] {
    let room = maxPoints;
    return this.#ordered().flatMap(({ tags, timeMs, value }) => {
      const fold = new WindowFold(window!.everyMs, window!.fn);
      const texts = new Map(
        value.flatMap((one, row) => (typeof one === 'string' ? [[row, one] as const] : [])),
      );
      fold.add(
        { timeMs: Float64Array.from(timeMs), value: Float64Array.from(value, Number), texts },
        0,
        timeMs.length,
      );
      room -= fold.windows;
      if (room < 0) throw new SluiceError('QUERY_TOO_LARGE', { limit: maxPoints });
      return fold.windows > 0 ? [{ measurement, field, tags, ...fold.result() }] : [];
    });
  }

  #ordered(): Group[] {
    const groups = [...this.#groups.values()].filter(({ timeMs }) => timeMs.length > 0);
    return groups.sort((a, b) => compareTags(a.tags, b.tags));
  }
}
