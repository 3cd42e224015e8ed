/** Numbers that are settled, both ends included, and the times of the readings at both ends, UTC. */
export interface Span {
  readonly first: number;
  readonly last: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Both ends included. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Which numbers of a ledger are settled, as spans that neither touch nor overlap, in ascending order. Holds at most
 * `limit` of them: a gateway that sends every second number only would fill the memory otherwise.
 */
export class SpanSet {
  readonly #limit: number;
  readonly #spans: Span[];

  constructor(limit: number, spans: readonly Span[] = []) {
    this.#limit = limit;
    this.#spans = [...spans];
  }

  get spans(): readonly Span[] {
    return this.#spans;
  }

  /**
   * The parts of `added` that were not in it yet, in ascending order. `undefined`, and nothing is changed, where one
   * more span would be needed than there may be: whoever sends it sends it again, once gaps have closed.
   */
  add(added: Span): NumberRange[] | undefined {
    const spans = this.#spans;
    const newest = spans.at(-1);
    // Nearly always the numbers go on where they ended.
    if (newest && added.first === newest.last + 1) {
      spans[spans.length - 1] = { ...newest, last: added.last, lastMs: added.lastMs };
      return [{ first: added.first, last: added.last }];
    }
    const from = this.#firstEndingAt(added.first - 1);
    let to = from;
    while (to < spans.length && spans[to]!.first <= added.last + 1) to++;
    if (from === to && spans.length >= this.#limit) return undefined;
    const touched = spans.slice(from, to);
    const news = gapsBetween(added, touched);
    const lowest = touched[0];
    const highest = touched.at(-1);
    const low = lowest && lowest.first <= added.first ? lowest : added;
    const high = highest && highest.last >= added.last ? highest : added;
    const { first, firstMs } = low;
    const { last, lastMs } = high;
    spans.splice(from, to - from, { first, firstMs, last, lastMs });
    return news;
  }

  /** The span that holds all numbers of the range. */
  around({ first, last }: NumberRange): Span | undefined {
    const span = this.#spans[this.#firstEndingAt(first)];
    return span && span.first <= first && span.last >= last ? span : undefined;
  }

  /** Index of the first span whose last number is at least `number`. */
  #firstEndingAt(number: number): number {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#spans[middle]!.last < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What of `range` is in none of `spans`, which are in ascending order. */
function gapsBetween({ first, last }: NumberRange, spans: readonly NumberRange[]): NumberRange[] {
  const gaps: NumberRange[] = [];
  let next = first;
  for (const span of spans) {
    if (span.first > next) gaps.push({ first: next, last: Math.min(last, span.first - 1) });
    next = Math.max(next, span.last + 1);
  }
  if (next <= last) gaps.push({ first: next, last });
  return gaps;
}
