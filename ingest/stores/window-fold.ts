import { LatencyHistogram } from '../../core/latency-histogram.ts';
import type { WindowSummary } from '../rollups/window-summary.ts';
import { type Aggregate, quantileOf } from './store.ts';

/** Points to fold, as columns. */
interface Columns {
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
  readonly texts?: ReadonlyMap<number, string> | undefined;
}

/**
 * Folds points into one value per window; windows start at multiples of `everyMs` since 1970. Points of one call
 * are in order of time; those of several calls may lie across each other. What is rolled up already can be added too.
 */
export class WindowFold {
  readonly #everyMs: number;
  readonly #fn: Aggregate;
  readonly #slots = new Map<number, number>();
  /** Per slot: points that count, the running sum, extreme or value, and the time of that value. */
  readonly #count: number[] = [];
  readonly #held: (number | string)[] = [];
  readonly #heldMs: number[] = [];
  readonly #histograms: LatencyHistogram[] = [];
  readonly #quantile: number | undefined;

  constructor(everyMs: number, fn: Aggregate) {
    this.#everyMs = everyMs;
    this.#fn = fn;
    this.#quantile = quantileOf(fn);
  }

  add(points: Columns, from: number, to: number): void {
    const { timeMs, value, texts } = points;
    const takesTexts = this.#fn === 'count' || this.#fn === 'first' || this.#fn === 'last';
    let row = from;
    while (row < to) {
      const window = Math.floor(timeMs[row]! / this.#everyMs);
      const endMs = (window + 1) * this.#everyMs;
      let end = row + 1;
      while (end < to && timeMs[end]! < endMs) end++;
      let slot: number | undefined;
      for (; row < end; row++) {
        const text = texts?.get(row);
        if (text !== undefined && !takesTexts) continue;
        slot ??= this.#slot(window);
        this.#fold(slot, timeMs[row]!, text ?? value[row]!);
      }
    }
  }

  /**
   * Adds a window of a length that goes into `everyMs`. A text in it is counted, but is not there to be the first or
   * the last: whoever asks for these adds the readings of such a window instead.
   */
  addSummary(summary: WindowSummary): void {
    const texts = this.#fn === 'count' ? summary.texts : 0;
    if (summary.count + texts === 0 || (this.#quantile !== undefined && !summary.histogram)) return;
    const slot = this.#slot(Math.floor(summary.windowMs / this.#everyMs));
    const isFirst = this.#count[slot] === 0;
    this.#count[slot]! += summary.count + texts;
    switch (this.#fn) {
      case 'count':
        return;
      case 'mean':
      case 'sum':
        this.#held[slot] = (this.#held[slot] as number) + summary.sum;
        return;
      case 'min':
        if (isFirst || summary.min < (this.#held[slot] as number)) this.#held[slot] = summary.min;
        return;
      case 'max':
        if (isFirst || summary.max > (this.#held[slot] as number)) this.#held[slot] = summary.max;
        return;
      case 'first':
        if (isFirst || summary.firstMs < this.#heldMs[slot]!)
          this.#hold(slot, summary.firstMs, summary.first);
        return;
      case 'last':
        if (isFirst || summary.lastMs >= this.#heldMs[slot]!) this.#hold(slot, summary.lastMs, summary.last);
        return;
      default:
        this.#histograms[slot]!.merge(summary.histogram!);
    }
  }

  /** Windows in order of time, by their start. */
  result(): { timeMs: number[]; value: (number | string)[] } {
    const windows = [...this.#slots.keys()].sort((a, b) => a - b);
    return {
      timeMs: windows.map((window) => window * this.#everyMs),
      value: windows.map((window) => this.#valueOf(this.#slots.get(window)!)),
    };
  }

  get windows(): number {
    return this.#slots.size;
  }

  #slot(window: number): number {
    let slot = this.#slots.get(window);
    if (slot === undefined) {
      slot = this.#slots.size;
      this.#slots.set(window, slot);
      this.#count.push(0);
      this.#held.push(0);
      this.#heldMs.push(0);
      if (this.#quantile !== undefined) this.#histograms.push(new LatencyHistogram());
    }
    return slot;
  }

  #fold(slot: number, timeMs: number, value: number | string): void {
    const isFirst = this.#count[slot]!++ === 0;
    switch (this.#fn) {
      case 'count':
        return;
      case 'mean':
      case 'sum':
        this.#held[slot] = (this.#held[slot] as number) + (value as number);
        return;
      case 'min':
        if (isFirst || value < this.#held[slot]!) this.#held[slot] = value;
        return;
      case 'max':
        if (isFirst || value > this.#held[slot]!) this.#held[slot] = value;
        return;
      case 'first':
        if (isFirst || timeMs < this.#heldMs[slot]!) this.#hold(slot, timeMs, value);
        return;
      case 'last':
        if (isFirst || timeMs >= this.#heldMs[slot]!) this.#hold(slot, timeMs, value);
        return;
      default:
        this.#histograms[slot]!.add(value as number);
    }
  }

  #hold(slot: number, timeMs: number, value: number | string): void {
    this.#held[slot] = value;
    this.#heldMs[slot] = timeMs;
  }

  #valueOf(slot: number): number | string {
    if (this.#quantile !== undefined) return this.#histograms[slot]!.quantile(this.#quantile);
    if (this.#fn === 'count') return this.#count[slot]!;
    if (this.#fn === 'mean') return (this.#held[slot] as number) / this.#count[slot]!;
    return this.#held[slot]!;
  }
}
