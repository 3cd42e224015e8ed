import type { LinkRecord } from '../../core/links/link-record.ts';
import type { Link } from '../../core/links/mesh.ts';
import { allowedShare } from '../sla/budget/budget-report.ts';
import { BURN_RULES } from '../sla/budget/burn-rules.ts';
import { countsOf } from '../sla/budget/counts-of.ts';
import { stepBurn } from '../sla/budget/judge-burn.ts';
import {
  BUDGETS,
  type BudgetKind,
  type LeftOut,
  LinkCounts,
  type LinkFigures,
} from '../sla/budget/link-counts.ts';
import type { Seen } from '../sla/outages/attribute.ts';
import { sketchOf } from '../sla/outages/find-outages.ts';
import { burnWords } from './burn-words.ts';
import { type Condition, conditionKey } from './condition.ts';
import { isDownNow, type LinkNow, seenNow, stepLinkNow } from './link-now.ts';

/** Evidence may come so late. */
const LATE_MS = 120_000;

export interface WatchOptions {
  /** How long a link must have answered nothing until it counts as down. */
  readonly outageMs: number;
  /** Evidence that is older says nothing of now. */
  readonly freshMs: number;
}

export interface JudgeOptions extends WatchOptions {
  /** Maintenance: budgets do not count it. */
  readonly leftOut: readonly LeftOut[];
}

/** What is known of one link from its records, and what of it is wrong now. */
export class LinkWatch {
  readonly #counts = new LinkCounts();
  #now: LinkNow | undefined;

  take(link: Link, record: LinkRecord, nowMs: number, { freshMs }: WatchOptions): void {
    const isLive = record.toMs > nowMs - freshMs;
    this.#counts.take(countsOf(record, link.objective), nowMs, isLive);
    if (isLive) this.#now = stepLinkNow(this.#now, sketchOf(record));
  }

  /** Of what is older than the last hours, so that it can be counted anew. */
  forget(untilMs: number): void {
    this.#counts.forget(untilMs);
  }

  seen(nowMs: number, { freshMs, outageMs }: WatchOptions): Seen {
    return seenNow(this.#now, nowMs, freshMs, outageMs);
  }

  /** What its probes say of the time up to now. */
  figures(nowMs: number, leftOut: readonly LeftOut[]): LinkFigures {
    return {
      share: (kind, windowMs) => this.#counts.share(kind, { windowMs, nowMs, leftOut }),
      blocks: (kind, windowMs) => this.#counts.blocks(kind, { windowMs, nowMs, leftOut }),
    };
  }

  /** `before`: what was wrong with it at the last look, by key. What is not known to be better stays as it is. */
  conditions(
    link: Link,
    before: (key: string) => Condition | undefined,
    nowMs: number,
    options: JudgeOptions,
  ): Condition[] {
    const outage = this.#outage(link, before(conditionKey('outage', link.id)), nowMs, options);
    const burns = BUDGETS.map((kind) =>
      this.#burn(link, kind, before(conditionKey(kind, link.id)), nowMs, options.leftOut),
    );
    return [outage, ...burns].filter((one) => one !== undefined);
  }

  #outage(
    { id }: Link,
    before: Condition | undefined,
    nowMs: number,
    { outageMs }: WatchOptions,
  ): Condition | undefined {
    if (!this.#now) return before;
    if (!isDownNow(this.#now, outageMs)) return undefined;
    const { fromMs } = this.#now.down!;
    if (before) return before;
    const since = new Date(fromMs).toISOString();
    return {
      ...{ key: conditionKey('outage', id), kind: 'outage', subject: id, severity: 'critical' },
      ...{ sinceMs: fromMs, noticedMs: nowMs, explains: true },
      words: { en: `${id} has answered nothing since ${since}`, zh: `${id} 自 ${since} 起无应答` },
    };
  }

  #burn(
    link: Link,
    kind: BudgetKind,
    before: Condition | undefined,
    nowMs: number,
    leftOut: readonly LeftOut[],
  ): Condition | undefined {
    const allowed = allowedShare(link.objective, kind);
    const counts = this.#counts;
    const over = (windowMs: number, onlyLive = false) => ({ windowMs, nowMs, onlyLive, leftOut });
    const burning = stepBurn(new Set(before?.rules), {
      ...{ kind, allowed },
      long: ({ longMs }) => counts.share(kind, over(longMs)),
      longBlocks: ({ longMs }) => counts.blocks(kind, over(longMs)),
      short: ({ shortMs }) => counts.share(kind, over(shortMs, true)),
      shortOfAll: ({ shortMs }) => counts.share(kind, over(shortMs)),
    });
    if (burning.size === 0) return undefined;
    const rules = BURN_RULES.filter(({ id }) => burning.has(id));
    const ids = rules.map(({ id }) => id);
    if (before && ids.join() === before.rules?.join()) return before;
    return {
      ...{ key: conditionKey(kind, link.id), kind, subject: link.id, rules: ids },
      severity: rules.some(({ severity }) => severity === 'critical') ? 'critical' : 'warning',
      ...{ sinceMs: before?.sinceMs ?? nowMs, noticedMs: before?.noticedMs ?? nowMs },
      lingersMs: Math.max(...rules.map(({ shortMs }) => shortMs)) + LATE_MS,
      explains: rules.some(({ id }) => id !== 'slow'),
      words: burnWords(link, kind, allowed, {
        longMs: rules[0]!.longMs,
        share: counts.share(kind, over(rules[0]!.longMs)),
      }),
    };
  }
}
