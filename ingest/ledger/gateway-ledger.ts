import type { ErrorCode } from '../../core/errors.ts';
import { type NumberRange, type Span, SpanSet } from './span-set.ts';

/** Spans of one ledger; a gateway that fills its backlog from its oldest end needs two or three. */
const MOST_SPANS = 1_000;
/** Ranges that a gateway had to drop; past it, neighbours in time are told of as one. */
const MOST_DROPS = 200;
const HOUR_MS = 3_600_000;

/** Readings that the gateway gave up, with the time that they span, UTC. */
export interface DroppedRange extends NumberRange {
  readonly readings: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** One numbered message whose readings are all stored or rejected. */
export interface SettledMessage extends NumberRange {
  /** By number, in ascending order; all others are stored. */
  readonly rejected: readonly { readonly number: number; readonly code: ErrorCode }[];
  /** Of the earliest and the latest reading, UTC. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** By number from `first` on; only needed where they do not lie in one hour. */
  readonly timesMs?: readonly number[];
}

/** What one gateway's ledger adds to an hour: 0 or more readings, under the code they were rejected with or `''` for stored. */
export type CountHour = (hourMs: number, code: ErrorCode | '', readings: number) => void;

/** As it is kept on disk. */
export interface LedgerRecord {
  readonly ledger: string;
  readonly base: number;
  readonly next: number;
  readonly stored: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly dropped: number;
  readonly spans: readonly Span[];
  readonly drops: readonly DroppedRange[];
  readonly openedMs: number;
  /** Absent while it is the gateway's ledger. */
  readonly closedMs?: number;
}

/**
 * What became of the numbers of one ledger of a gateway. At every moment:
 * produced = stored + rejected + dropped + in flight, and stored + rejected + dropped is what the spans hold.
 */
export class GatewayLedger {
  readonly ledger: string;
  readonly openedMs: number;
  #closedMs: number | undefined;
  /** The lowest number that is ours to account for: what is below it was settled before we met. */
  #base: number;
  #next: number;
  #stored: number;
  readonly #rejected: Map<string, number>;
  #dropped: number;
  #spans: SpanSet;
  readonly #drops: DroppedRange[];

  constructor(record: LedgerRecord) {
    this.ledger = record.ledger;
    this.openedMs = record.openedMs;
    this.#closedMs = record.closedMs;
    this.#base = record.base;
    this.#next = record.next;
    this.#stored = record.stored;
    this.#rejected = new Map(Object.entries(record.rejected));
    this.#dropped = record.dropped;
    this.#spans = new SpanSet(MOST_SPANS, record.spans);
    this.#drops = [...record.drops];
  }

  static open(ledger: string, first: number, next: number, nowMs: number): GatewayLedger {
    const counts = { stored: 0, rejected: {}, dropped: 0, spans: [], drops: [] };
    return new GatewayLedger({
      ledger,
      base: first,
      next: Math.max(first, next),
      openedMs: nowMs,
      ...counts,
    });
  }

  get produced(): number {
    return this.#next - this.#base;
  }

  get stored(): number {
    return this.#stored;
  }

  get rejected(): ReadonlyMap<string, number> {
    return this.#rejected;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get drops(): readonly DroppedRange[] {
    return this.#drops;
  }

  get inFlight(): number {
    let settled = this.#stored + this.#dropped;
    for (const readings of this.#rejected.values()) settled += readings;
    return this.produced - settled;
  }

  get closedMs(): number | undefined {
    return this.#closedMs;
  }

  close(nowMs: number): void {
    this.#closedMs ??= nowMs;
  }

  /** A closed ledger that comes again, because an old disk was put back. */
  reopen(): void {
    this.#closedMs = undefined;
  }

  /** Takes note that these numbers exist. `next` is the first that does not. */
  see(first: number, next: number): void {
    // An empty ledger begins where its gateway says, not where it was first heard of.
    if (first < this.#base) this.#base = first;
    if (next > this.#next) this.#next = next;
  }

  /**
   * Its gateway no longer has what is below `first`. Where some of that was never seen here, another host settled it, and
   * this account begins anew at `first`; what had been rejected from there on counts as stored.
   */
  leaveOutBefore(first: number): void {
    if (first <= this.#next && this.gaps().every((gap) => gap.first >= first)) return;
    const spans = this.#spans.spans
      .filter(({ last }) => last >= first)
      .map((span) => ({ ...span, first: Math.max(span.first, first) }));
    this.#spans = new SpanSet(MOST_SPANS, spans);
    this.#base = first;
    this.#next = Math.max(this.#next, first);
    this.#stored = spans.reduce((sum, span) => sum + span.last - span.first + 1, 0);
    this.#rejected.clear();
    this.#dropped = 0;
    this.#drops.length = 0;
  }

  settledAround(range: NumberRange): NumberRange | undefined {
    return this.#spans.around(range);
  }

  /** True where nothing would be gained by storing it again: settled, and none of it given up by the gateway. */
  isDone(range: NumberRange): boolean {
    if (!this.#spans.around(range)) return false;
    return !this.#drops.some(({ first, last }) => first <= range.last && last >= range.first);
  }

  /** Everything that is settled from `first` on. */
  settledFrom(first: number): NumberRange[] {
    return this.#spans.spans.filter(({ last }) => last >= first);
  }

  /** False where it cannot be kept account of just now; then it must not be confirmed either. */
  settle(message: SettledMessage, count: CountHour): boolean {
    const news = this.#spans.add(message);
    if (!news) return false;
    this.see(message.first, message.last + 1);
    for (const range of news) {
      const rejected =
        message.rejected.length === 0
          ? message.rejected
          : message.rejected.filter(({ number }) => number >= range.first && number <= range.last);
      this.#stored += range.last - range.first + 1 - rejected.length;
      for (const { code } of rejected) this.#rejected.set(code, (this.#rejected.get(code) ?? 0) + 1);
      countHours(message, range, rejected, count);
    }
    if (this.#drops.length > 0) this.#takeBack(message, count);
    return true;
  }

  /**
   * A gateway said that it had given these up, and one has come all the same: it was under way. It is counted as what
   * became of it in the end, where it is known which numbers were dropped.
   */
  #takeBack(message: SettledMessage, count: CountHour): void {
    for (const drop of [...this.#drops]) {
      const first = Math.max(drop.first, message.first);
      const last = Math.min(drop.last, message.last);
      // Of ranges that were taken together, what lies between was never dropped.
      const isExact = drop.readings === drop.last - drop.first + 1;
      if (first > last || !isExact) continue;
      const rejected = message.rejected.filter(({ number }) => number >= first && number <= last);
      this.#dropped -= last - first + 1;
      this.#stored += last - first + 1 - rejected.length;
      for (const { code } of rejected) this.#rejected.set(code, (this.#rejected.get(code) ?? 0) + 1);
      countHours(message, { first, last }, rejected, count);
      const rest = [
        { ...drop, last: first - 1, readings: first - drop.first },
        { ...drop, first: last + 1, readings: drop.last - last },
      ];
      this.#drops.splice(this.#drops.indexOf(drop), 1, ...rest.filter(({ readings }) => readings > 0));
    }
  }

  /** As `settle`, for readings that the gateway gave up. What is settled already stays what it is. */
  drop(range: NumberRange, fromMs: number, toMs: number): boolean {
    const news = this.#spans.add({ ...range, firstMs: fromMs, lastMs: toMs });
    if (!news) return false;
    this.see(range.first, range.last + 1);
    for (const { first, last } of news) {
      const readings = last - first + 1;
      this.#dropped += readings;
      this.#noteDrop({ first, last, readings, fromMs, toMs });
    }
    return true;
  }

  #noteDrop(drop: DroppedRange): void {
    const latest = this.#drops.at(-1);
    if (latest && (latest.last + 1 === drop.first || this.#drops.length >= MOST_DROPS)) {
      this.#drops[this.#drops.length - 1] = {
        first: Math.min(latest.first, drop.first),
        last: Math.max(latest.last, drop.last),
        readings: latest.readings + drop.readings,
        fromMs: Math.min(latest.fromMs, drop.fromMs),
        toMs: Math.max(latest.toMs, drop.toMs),
      };
    } else this.#drops.push(drop);
  }

  /** Numbers that exist and are not settled, with the time of the readings on both sides as far as there are any. */
  gaps(): (NumberRange & { readonly afterMs?: number; readonly beforeMs?: number })[] {
    const gaps = [];
    let next = this.#base;
    let afterMs: number | undefined;
    for (const { first, last, firstMs, lastMs } of this.#spans.spans) {
      if (first > next) {
        gaps.push({
          first: next,
          last: first - 1,
          ...(afterMs === undefined ? {} : { afterMs }),
          beforeMs: firstMs,
        });
      }
      next = last + 1;
      afterMs = lastMs;
    }
    if (this.#next > next) {
      gaps.push({ first: next, last: this.#next - 1, ...(afterMs === undefined ? {} : { afterMs }) });
    }
    return gaps;
  }

  toRecord(): LedgerRecord {
    return {
      ledger: this.ledger,
      base: this.#base,
      next: this.#next,
      stored: this.#stored,
      rejected: Object.fromEntries(this.#rejected),
      dropped: this.#dropped,
      spans: this.#spans.spans,
      drops: this.#drops,
      openedMs: this.openedMs,
      ...(this.#closedMs === undefined ? {} : { closedMs: this.#closedMs }),
    };
  }
}

function countHours(
  { first, firstMs, timesMs }: SettledMessage,
  range: NumberRange,
  rejected: SettledMessage['rejected'],
  count: CountHour,
): void {
  if (!timesMs) {
    const hourMs = hourOf(firstMs);
    for (const { code } of rejected) count(hourMs, code, 1);
    const stored = range.last - range.first + 1 - rejected.length;
    if (stored > 0) count(hourMs, '', stored);
    return;
  }
  const codes = new Map(rejected.map(({ number, code }) => [number, code]));
  for (let number = range.first; number <= range.last; number++) {
    count(hourOf(timesMs[number - first]!), codes.get(number) ?? '', 1);
  }
}

export function hourOf(timeMs: number): number {
  return timeMs - (timeMs % HOUR_MS);
}
