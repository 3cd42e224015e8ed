import type { LedgerRange } from '../../core/ledger.ts';

/** A set of whole numbers as ranges, ascending and apart. Both ends of every range belong to it. */
export class RangeSet {
  readonly #firsts: number[] = [];
  readonly #lasts: number[] = [];
  #size = 0;

  constructor(ranges: readonly LedgerRange[] = []) {
    for (const { first, last } of ranges) this.add(first, last);
  }

  /** How many numbers are in it. */
  get size(): number {
    return this.#size;
  }

  get ranges(): LedgerRange[] {
    return this.#firsts.map((first, at) => ({ first, last: this.#lasts[at]! }));
  }

  get count(): number {
    return this.#firsts.length;
  }

  add(first: number, last: number): void {
    let from = this.#after(first - 1);
    // One that touches from below grows too.
    if (from > 0 && this.#lasts[from - 1]! >= first - 1) from--;
    let to = from;
    let [low, high] = [first, last];
    for (; to < this.#firsts.length && this.#firsts[to]! <= last + 1; to++) {
      low = Math.min(low, this.#firsts[to]!);
      high = Math.max(high, this.#lasts[to]!);
      this.#size -= this.#lasts[to]! - this.#firsts[to]! + 1;
    }
    this.#firsts.splice(from, to - from, low);
    this.#lasts.splice(from, to - from, high);
    this.#size += high - low + 1;
  }

  remove(first: number, last: number): void {
    for (const range of this.within(first, last)) {
      const at = this.#after(range.first) - 1;
      const [low, high] = [this.#firsts[at]!, this.#lasts[at]!];
      const parts: [number, number][] = [];
      if (low < range.first) parts.push([low, range.first - 1]);
      if (high > range.last) parts.push([range.last + 1, high]);
      this.#firsts.splice(at, 1, ...parts.map(([part]) => part));
      this.#lasts.splice(at, 1, ...parts.map(([, part]) => part));
      this.#size -= range.last - range.first + 1;
    }
  }

  has(number: number): boolean {
    const at = this.#after(number) - 1;
    return at >= 0 && this.#lasts[at]! >= number;
  }

  covers(first: number, last: number): boolean {
    const at = this.#after(first) - 1;
    return at >= 0 && this.#lasts[at]! >= last;
  }

  /** What of `first` to `last` is in it. */
  within(first: number, last: number): LedgerRange[] {
    const found: LedgerRange[] = [];
    let at = Math.max(0, this.#after(first) - 1);
    for (; at < this.#firsts.length && this.#firsts[at]! <= last; at++) {
      const range = { first: Math.max(first, this.#firsts[at]!), last: Math.min(last, this.#lasts[at]!) };
      if (range.first <= range.last) found.push(range);
    }
    return found;
  }

  /** What of `first` to `last` is not in it. */
  gaps(first: number, last: number): LedgerRange[] {
    const gaps: LedgerRange[] = [];
    let from = first;
    for (const range of this.within(first, last)) {
      if (range.first > from) gaps.push({ first: from, last: range.first - 1 });
      from = range.last + 1;
    }
    if (from <= last) gaps.push({ first: from, last });
    return gaps;
  }

  /** The lowest number from `number` on that is not in it. */
  nextMissing(number: number): number {
    const at = this.#after(number) - 1;
    return at >= 0 && this.#lasts[at]! >= number ? this.#lasts[at]! + 1 : number;
  }

  /** Index of the first range that begins above `number`. */
  #after(number: number): number {
    let low = 0;
    let high = this.#firsts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#firsts[middle]! > number) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
