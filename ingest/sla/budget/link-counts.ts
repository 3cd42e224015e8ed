import { BURN_WINDOWS_MS, RECORDS_MS } from './burn-rules.ts';

const HOUR_MS = 3_600_000;
const LONGEST_MS = BURN_WINDOWS_MS.at(-1)!;

/** What a budget is about: of so many, so many were bad. */
export interface Share {
  readonly probes: number;
  readonly bad: number;
  /** Records with a bad one among them; 0 where they were not counted. */
  readonly badRecords: number;
}

/** Of one record: lost or late of those sent, and too slow of those answered. */
export interface RecordCounts {
  readonly fromMs: number;
  readonly toMs: number;
  readonly sent: number;
  readonly lost: number;
  readonly answered: number;
  readonly slow: number;
}

export const BUDGETS = ['loss', 'latency'] as const;
export type BudgetKind = (typeof BUDGETS)[number];

interface Kept extends RecordCounts {
  /** It came while it still said what is now. */
  readonly isLive: boolean;
}

interface Sum {
  sent: number;
  lost: number;
  answered: number;
  slow: number;
}

/**
 * What burn rates are judged by, of one link: the records of the last six hours one by one, so that one which comes again
 * counts once, and sums of hours for three days. Bounded by that.
 */
export class LinkCounts {
  /** In order of `fromMs`. */
  #records: Kept[] = [];
  readonly #hours = new Map<number, Sum>();

  take(record: RecordCounts, nowMs: number, isLive: boolean): void {
    const hourMs = Math.floor(record.fromMs / HOUR_MS) * HOUR_MS;
    if (record.toMs <= nowMs - LONGEST_MS - HOUR_MS) return;
    if (record.toMs > nowMs - RECORDS_MS) {
      let at = this.#records.length;
      while (at > 0 && this.#records[at - 1]!.fromMs > record.fromMs) at--;
      const same = this.#records[at - 1];
      if (same?.fromMs === record.fromMs) return;
      this.#records.splice(at, 0, { ...record, isLive });
    }
    this.#add(hourMs, record);
    this.#forget(nowMs);
  }

  /** The sum of an hour that is over, as it was kept elsewhere, in place of what was counted here. */
  takeHour(hourMs: number, sum: Omit<RecordCounts, 'fromMs' | 'toMs'>): void {
    const { sent, lost, answered, slow } = sum;
    this.#hours.set(hourMs, { sent, lost, answered, slow });
  }

  /** Over the time up to `nowMs`. `onlyLive`: without what came too late to say anything of now. */
  share(kind: BudgetKind, windowMs: number, nowMs: number, onlyLive = false): Share {
    const fromMs = nowMs - windowMs;
    if (windowMs > RECORDS_MS) return this.#ofHours(kind, fromMs);
    let [probes, bad, badRecords] = [0, 0, 0];
    for (let at = this.#records.length - 1; at >= 0; at--) {
      const record = this.#records[at]!;
      if (record.toMs <= fromMs) break;
      if (onlyLive && !record.isLive) continue;
      const [ofProbes, isBad] = pick(kind, record);
      probes += ofProbes;
      bad += isBad;
      if (isBad > 0) badRecords++;
    }
    return { probes, bad, badRecords };
  }

  #ofHours(kind: BudgetKind, fromMs: number): Share {
    let [probes, bad] = [0, 0];
    for (const [hourMs, sum] of this.#hours) {
      if (hourMs + HOUR_MS <= fromMs) continue;
      const [ofProbes, isBad] = pick(kind, sum);
      probes += ofProbes;
      bad += isBad;
    }
    // More than six hours: whether they come from one record is no question any more.
    return { probes, bad, badRecords: bad };
  }

  #add(hourMs: number, { sent, lost, answered, slow }: Sum): void {
    const sum = this.#hours.get(hourMs) ?? { sent: 0, lost: 0, answered: 0, slow: 0 };
    sum.sent += sent;
    sum.lost += lost;
    sum.answered += answered;
    sum.slow += slow;
    this.#hours.set(hourMs, sum);
  }

  #forget(nowMs: number): void {
    const first = this.#records.findIndex(({ toMs }) => toMs > nowMs - RECORDS_MS);
    if (first > 0) this.#records = this.#records.slice(first);
    for (const hourMs of this.#hours.keys())
      if (hourMs + HOUR_MS <= nowMs - LONGEST_MS) this.#hours.delete(hourMs);
  }
}

function pick(kind: BudgetKind, { sent, lost, answered, slow }: Sum): [number, number] {
  return kind === 'loss' ? [sent, lost] : [answered, slow];
}
