import { BURN_WINDOWS_MS, RECORDS_MS } from './burn-rules.ts';

const HOUR_MS = 3_600_000;
const LONGEST_MS = BURN_WINDOWS_MS.at(-1)! + HOUR_MS;

/** What a budget is about: of so many, so many were bad. */
export interface Share {
  readonly probes: number;
  readonly bad: number;
  /** Records, or slots of five minutes in a long window, with a bad one among them. */
  readonly badRecords: number;
  /** The time that it speaks of, ms. */
  readonly knownMs: number;
}

/** Of one record: lost or late of those sent, and too slow of those answered. */
export interface RecordCounts {
  readonly fromMs: number;
  readonly toMs: number;
  readonly sent: number;
  readonly lost: number;
  readonly answered: number;
  readonly slow: number;
  /** Where it is of several records: how long they are in all, which may be less than from … to. */
  readonly knownMs?: number;
}

/** Records, or slots of five minutes in a long window, in order of time: `Blocks` of `core/links/statistics`. */
export interface BurnBlocks {
  readonly probes: readonly number[];
  readonly bad: readonly number[];
}

export const BUDGETS = ['loss', 'latency'] as const;
export type BudgetKind = (typeof BUDGETS)[number];

/** Time that counts for nothing: somebody was at work on the link. */
export interface LeftOut {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What is asked of the time up to `nowMs`. */
export interface ShareQuery {
  readonly windowMs: number;
  readonly nowMs: number;
  /** Without what came too late to say anything of now. */
  readonly onlyLive?: boolean;
  readonly leftOut?: readonly LeftOut[];
}

/** What is known of a link over a time up to now, without what is left out. */
export interface LinkFigures {
  readonly share: (kind: BudgetKind, windowMs: number) => Share;
  readonly blocks: (kind: BudgetKind, windowMs: number) => BurnBlocks;
}

interface Kept extends RecordCounts {
  /** It came while it still said what is now. */
  readonly isLive: boolean;
  readonly lastsMs: number;
}

/** No record is longer. */
export const SLOT_MS = 300_000;
const SLOTS = Math.ceil(LONGEST_MS / SLOT_MS) + 1;
/** Of one slot: the counts of `RecordCounts`, and how long its records are in all. */
const FIELDS = 5;

/**
 * What burn rates are judged by, of one link: the records of the last six hours one by one, so that one which comes again
 * counts once, and three days in slots of five minutes, 18 kB.
 */
export class LinkCounts {
  /** In order of `fromMs`. */
  #records: Kept[] = [];
  readonly #slots = new Uint32Array(SLOTS * FIELDS);
  /** Which slot of all time stands at each place; −1: none. */
  readonly #numbers = new Int32Array(SLOTS).fill(-1);

  take(record: RecordCounts, nowMs: number, isLive: boolean): void {
    if (record.toMs <= nowMs - LONGEST_MS) return;
    if (record.toMs > nowMs - RECORDS_MS) {
      let at = this.#records.length;
      while (at > 0 && this.#records[at - 1]!.fromMs > record.fromMs) at--;
      const same = this.#records[at - 1];
      if (same?.fromMs === record.fromMs) return;
      this.#records.splice(at, 0, { ...record, isLive, lastsMs: record.toMs - record.fromMs });
    }
    this.#add(record);
    const first = this.#records.findIndex(({ toMs }) => toMs > nowMs - RECORDS_MS);
    if (first > 0) this.#records = this.#records.slice(first);
  }

  /** Forgets slots that end by then: they are counted anew. */
  forget(untilMs: number): void {
    for (let place = 0; place < SLOTS; place++)
      if ((this.#numbers[place]! + 1) * SLOT_MS <= untilMs) this.#numbers[place] = -1;
  }

  share(kind: BudgetKind, query: ShareQuery): Share {
    const total = { probes: 0, bad: 0, badRecords: 0, knownMs: 0 };
    for (const { probes, bad, lastsMs } of this.#parts(kind, query)) {
      total.probes += probes;
      total.bad += bad;
      total.knownMs += lastsMs;
      if (bad > 0) total.badRecords++;
    }
    return total;
  }

  /** The same in order of time, part by part. */
  blocks(kind: BudgetKind, query: ShareQuery): BurnBlocks {
    const parts = [...this.#parts(kind, query)];
    return { probes: parts.map(({ probes }) => probes), bad: parts.map(({ bad }) => bad) };
  }

  *#parts(kind: BudgetKind, query: ShareQuery) {
    const { windowMs, nowMs, onlyLive, leftOut = [] } = query;
    const fromMs = nowMs - windowMs;
    const [probes, bad] = kind === 'loss' ? (['sent', 'lost'] as const) : (['answered', 'slow'] as const);
    for (const one of windowMs > RECORDS_MS ? this.#slotsFrom(fromMs, nowMs) : this.#recordsFrom(fromMs)) {
      if (onlyLive && !one.isLive) continue;
      if (leftOut.length > 0 && leftOut.some((out) => out.fromMs < one.toMs && out.toMs > one.fromMs))
        continue;
      yield { probes: one[probes], bad: one[bad], lastsMs: one.lastsMs };
    }
  }

  *#recordsFrom(fromMs: number) {
    let first = this.#records.length;
    while (first > 0 && this.#records[first - 1]!.toMs > fromMs) first--;
    for (let at = first; at < this.#records.length; at++) yield this.#records[at]!;
  }

  *#slotsFrom(startMs: number, nowMs: number) {
    for (let number = Math.floor(startMs / SLOT_MS); number * SLOT_MS <= nowMs; number++) {
      const place = number % SLOTS;
      if (this.#numbers[place] !== number) continue;
      const [sent, lost, answered, slow, lastsMs] = this.#slots.subarray(
        place * FIELDS,
        (place + 1) * FIELDS,
      );
      const fromMs = number * SLOT_MS;
      // A record that starts in it may end after it.
      const toMs = fromMs + SLOT_MS;
      yield {
        ...{ fromMs, toMs, sent: sent!, lost: lost!, answered: answered!, slow: slow! },
        ...{ lastsMs: lastsMs!, isLive: true },
      };
    }
  }

  #add({ fromMs, toMs, sent, lost, answered, slow }: RecordCounts): void {
    const number = Math.floor(fromMs / SLOT_MS);
    const place = number % SLOTS;
    // Only an older one may give way.
    if (this.#numbers[place]! > number) return;
    const at = place * FIELDS;
    if (this.#numbers[place] !== number) {
      this.#numbers[place] = number;
      this.#slots.fill(0, at, at + FIELDS);
    }
    [sent, lost, answered, slow, toMs - fromMs].forEach((one, field) => {
      this.#slots[at + field]! += one;
    });
  }
}
