/** What leaves at a time. */
export interface Departure {
  readonly dueMs: number;
  /** Sets apart what is due at the same time: first come, first out. */
  readonly number: number;
}

/** The earliest first, in O(log n): a binary heap. */
export class DepartureQueue<T extends Departure> {
  readonly #heap: T[] = [];

  get length(): number {
    return this.#heap.length;
  }

  /** Of the earliest; Infinity where there is none. */
  get dueMs(): number {
    return this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  push(departure: T): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(departure);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(departure, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = departure;
  }

  /** Takes the earliest out. */
  pop(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Departure, other: Departure): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.number < other.number);
}
