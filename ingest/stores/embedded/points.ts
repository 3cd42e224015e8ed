const FIRST_CAPACITY = 16;

/**
 * Points of one series as columns: row i is (`timeMs[i]`, `value[i]` or `texts.get(i)`, `status[i]`). Columns have
 * room to spare; only the first `length` rows count. A text has NaN in `value`.
 */
export class Points {
  length = 0;
  timeMs: Float64Array;
  value: Float64Array;
  status: Uint8Array;
  texts: Map<number, string> | undefined;
  /** Whether every time is later than the one before. */
  isOrdered = true;

  constructor(capacity = FIRST_CAPACITY) {
    this.timeMs = new Float64Array(capacity);
    this.value = new Float64Array(capacity);
    this.status = new Uint8Array(capacity);
  }

  push(timeMs: number, value: number, status: number, text?: string): void {
    const row = this.length;
    if (row === this.timeMs.length) this.#reserve(row + 1);
    if (row > 0 && timeMs <= this.timeMs[row - 1]!) this.isOrdered = false;
    this.timeMs[row] = timeMs;
    this.value[row] = value;
    this.status[row] = status;
    if (text !== undefined) this.#setText(row, text);
    this.length = row + 1;
  }

  /** Appends rows `from` to `to` (exclusive) of `other`. */
  append(other: Points, from = 0, to = other.length): void {
    if (to <= from) return;
    const start = this.length;
    this.#reserve(start + to - from);
    const follows = start === 0 || other.timeMs[from]! > this.timeMs[start - 1]!;
    this.isOrdered = this.isOrdered && other.isOrdered && follows;
    this.timeMs.set(other.timeMs.subarray(from, to), start);
    this.value.set(other.value.subarray(from, to), start);
    this.status.set(other.status.subarray(from, to), start);
    for (const [row, text] of other.texts ?? []) {
      if (row >= from && row < to) this.#setText(start + row - from, text);
    }
    this.length = start + to - from;
  }

  valueAt(row: number): number | string {
    return this.texts?.get(row) ?? this.value[row]!;
  }

  #setText(row: number, text: string): void {
    this.texts ??= new Map();
    this.texts.set(row, text);
  }

  #reserve(rows: number): void {
    const capacity = this.timeMs.length;
    if (rows <= capacity) return;
    const wanted = Math.max(rows, capacity * 2, FIRST_CAPACITY);
    const { timeMs, value, status } = this;
    this.timeMs = new Float64Array(wanted);
    this.timeMs.set(timeMs);
    this.value = new Float64Array(wanted);
    this.value.set(value);
    this.status = new Uint8Array(wanted);
    this.status.set(status);
  }
}

/** All points of `sources` in order of time; of several with one time the last wins, in order of sources and rows. */
export function mergePoints(sources: readonly Points[]): Points {
  if (sources.length === 1) return inOrder(sources[0]!);
  const all = new Points(sources.reduce((rows, source) => rows + source.length, 0));
  for (const source of sources) all.append(source);
  return inOrder(all);
}

/** The first row at or after `timeMs`; `points` are in order. */
export function lowerBound(points: Points, timeMs: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (points.timeMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function inOrder(points: Points): Points {
  if (points.isOrdered) return points;
  const { timeMs, value, status, texts } = points;
  // A plain array, because its sort finds runs that are in order already, and there are few.
  const rows = Array.from({ length: points.length }, (_, row) => row);
  rows.sort((a, b) => timeMs[a]! - timeMs[b]! || a - b);
  const sorted = new Points(rows.length);
  rows.forEach((row, index) => {
    const next = rows[index + 1];
    if (next !== undefined && timeMs[next] === timeMs[row]) return;
    sorted.push(timeMs[row]!, value[row]!, status[row]!, texts?.get(row));
  });
  return sorted;
}
