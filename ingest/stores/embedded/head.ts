import type { LogRows } from './log-record.ts';
import { Points } from './points.ts';

/** The rows of a stretch of the log, in memory by series, until they are sealed into blocks. */
export class Head {
  rows = 0;
  records = 0;
  /** Characters of all texts together. */
  textLength = 0;
  /** The last log record that is in here. */
  lastSeq = 0;
  readonly #points: (Points | undefined)[] = [];
  /** Series below this number have no points any more. */
  #dropped = 0;

  add(seq: number, rows: LogRows): void {
    const { length, seriesId, timeMs, value, status, texts } = rows;
    for (let row = 0; row < length; row++) {
      const id = seriesId[row]!;
      let points = this.#points[id];
      if (!points) {
        points = new Points();
        this.#points[id] = points;
      }
      const text = texts.size > 0 ? texts.get(row) : undefined;
      points.push(timeMs[row]!, value[row]!, status[row]!, text);
    }
    for (const text of texts.values()) this.textLength += text.length;
    this.rows += length;
    this.records++;
    this.lastSeq = seq;
  }

  points(seriesId: number): Points | undefined {
    return this.#points[seriesId];
  }

  /** Forgets what has become blocks. */
  drop(seriesId: number): void {
    this.rows -= this.#points[seriesId]?.length ?? 0;
    this.#points[seriesId] = undefined;
  }

  /** Up to `count` series that have points; the next ones after those were dropped. */
  firstSeries(count: number): number[] {
    while (this.#dropped < this.#points.length && !this.#points[this.#dropped]) this.#dropped++;
    const ids: number[] = [];
    for (let id = this.#dropped; id < this.#points.length && ids.length < count; id++) {
      if (this.#points[id]) ids.push(id);
    }
    return ids;
  }
}
