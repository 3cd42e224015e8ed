import type { LedgerRange } from '../../core/ledger.ts';

/** More gaps than this are not kept apart: what lies behind them is sent again, which is harmless. */
const MOST_RANGES = 1000;

/** Numbers that are confirmed, from 0 on, in as few ranges as there are gaps. */
export class Confirmed {
  /** Ascending, apart from each other. */
  #ranges: LedgerRange[] = [];

  add(range: LedgerRange): void {
    const before = this.#ranges.filter(({ last }) => last < range.first - 1);
    const after = this.#ranges.filter(({ first }) => first > range.last + 1);
    const touched = this.#ranges.slice(before.length, this.#ranges.length - after.length);
    const first = Math.min(range.first, ...touched.map((one) => one.first));
    const last = Math.max(range.last, ...touched.map((one) => one.last));
    this.#ranges = [...before, { first, last }, ...after].slice(0, MOST_RANGES);
  }

  get count(): number {
    return this.#ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  /** The lowest number from `from` on that is not confirmed. */
  nextGap(from: number): number {
    const inside = this.#ranges.find(({ first, last }) => first <= from && from <= last);
    return inside ? inside.last + 1 : from;
  }
}
