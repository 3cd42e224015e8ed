import { RangeSet } from './range-set.ts';

interface Sent {
  readonly first: number;
  last: number;
  readonly atMs: number;
}

/** Numbers that went out so close together share a time. */
const SAME_MS = 500;

/** Which numbers are under way, and since when. */
export class SentTimes {
  readonly #numbers = new RangeSet();
  /** In the order of sending, so that each row's times ascend; numbers that were settled meanwhile may stay in them. */
  readonly #rows: readonly [live: Sent[], historical: Sent[]] = [[], []];

  get size(): number {
    return this.#numbers.size;
  }

  /** When the oldest went out; infinite where there is none. */
  get oldestMs(): number {
    return Math.min(...this.#rows.map((row) => row[0]?.atMs ?? Number.POSITIVE_INFINITY));
  }

  has(number: number): boolean {
    return this.#numbers.has(number);
  }

  nextMissing(number: number): number {
    return this.#numbers.nextMissing(number);
  }

  add(first: number, last: number, atMs: number, isHistorical: boolean): void {
    this.#numbers.add(first, last);
    const row = this.#rows[isHistorical ? 1 : 0];
    const newest = row.at(-1);
    if (newest && newest.last + 1 === first && atMs - newest.atMs < SAME_MS) newest.last = last;
    else row.push({ first, last, atMs });
  }

  remove(first: number, last: number): void {
    this.#numbers.remove(first, last);
    for (const row of this.#rows) {
      while (row[0] && this.#numbers.within(row[0].first, row[0].last).length === 0) row.shift();
    }
  }

  /** Takes out what was sent at `untilMs` or before, and returns the lowest number of it. */
  expire(untilMs: number): number | undefined {
    let lowest: number | undefined;
    for (const row of this.#rows) {
      while (row[0] && row[0].atMs <= untilMs) {
        const { first, last } = row.shift()!;
        for (const range of this.#numbers.within(first, last)) {
          lowest = Math.min(lowest ?? range.first, range.first);
          this.#numbers.remove(range.first, range.last);
        }
      }
    }
    return lowest;
  }

  /** Takes out everything, and returns the lowest number of it. */
  clear(): number | undefined {
    return this.expire(Number.POSITIVE_INFINITY);
  }
}
