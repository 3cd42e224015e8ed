import type { LinkRecord } from '../../core/links/link-record.ts';
import type { Link, Words } from '../../core/links/mesh.ts';
import { allowedShare } from '../sla/budget/budget-report.ts';
import { BURN_RULES, type BurnRule } from '../sla/budget/burn-rules.ts';
import { countsOf } from '../sla/budget/counts-of.ts';
import { burnRate, stepBurn } from '../sla/budget/judge-burn.ts';
import { BUDGETS, type BudgetKind, LinkCounts } from '../sla/budget/link-counts.ts';
import type { Seen } from '../sla/outages/attribute.ts';
import { sketchOf } from '../sla/outages/find-outages.ts';
import { type Condition, conditionKey } from './condition.ts';
import { isDownNow, type LinkNow, seenNow, stepLinkNow } from './link-now.ts';

export interface WatchOptions {
  /** How long a link must have answered nothing until it counts as down. */
  readonly outageMs: number;
  /** Evidence that is older says nothing of now. */
  readonly freshMs: number;
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

  seen(nowMs: number, { freshMs, outageMs }: WatchOptions): Seen {
    return seenNow(this.#now, nowMs, freshMs, outageMs);
  }

  /** `before`: what was wrong with it at the last look, by key. What is not known to be better stays as it is. */
  conditions(
    link: Link,
    before: (key: string) => Condition | undefined,
    nowMs: number,
    options: WatchOptions,
  ): Condition[] {
    const outage = this.#outage(link, before(conditionKey('outage', link.id)), nowMs, options);
    const burns = BUDGETS.map((kind) => this.#burn(link, kind, before(conditionKey(kind, link.id)), nowMs));
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

  #burn(link: Link, kind: BudgetKind, before: Condition | undefined, nowMs: number): Condition | undefined {
    const allowed = allowedShare(link.objective, kind);
    const burning = stepBurn(new Set(before?.rules), {
      allowed,
      long: ({ longMs }) => this.#counts.share(kind, longMs, nowMs),
      short: ({ shortMs }) => this.#counts.share(kind, shortMs, nowMs, true),
      shortOfAll: ({ shortMs }) => this.#counts.share(kind, shortMs, nowMs),
    });
    if (burning.size === 0) return undefined;
    const rules = BURN_RULES.filter(({ id }) => burning.has(id));
    const ids = rules.map(({ id }) => id);
    if (before && ids.join() === before.rules?.join()) return before;
    return {
      ...{ key: conditionKey(kind, link.id), kind, subject: link.id, rules: ids },
      severity: rules.some(({ severity }) => severity === 'critical') ? 'critical' : 'warning',
      ...{ sinceMs: before?.sinceMs ?? nowMs, noticedMs: before?.noticedMs ?? nowMs },
      explains: rules.some(({ id }) => id !== 'slow'),
      words: this.#words(link, kind, rules[0]!, allowed, nowMs),
    };
  }

  #words(link: Link, kind: BudgetKind, rule: BurnRule, allowed: number, nowMs: number): Words {
    const share = this.#counts.share(kind, rule.longMs, nowMs);
    const rate = (burnRate(share, allowed) ?? 0).toFixed(1);
    const percent = `${Number(((100 * share.bad) / Math.max(1, share.probes)).toPrecision(3))} %`;
    const may = `${Number((100 * allowed).toPrecision(3))} %`;
    const [hours, minutes] = [rule.longMs / 3_600_000, rule.longMs / 60_000];
    const over =
      hours >= 1
        ? { en: `${hours} h`, zh: `${hours} 小时` }
        : { en: `${minutes} min`, zh: `${minutes} 分钟` };
    return kind === 'loss'
      ? {
          en: `${link.id} has lost ${percent} of its probes in ${over.en}; ${may} is allowed, so its budget is used up ${rate} times too fast`,
          zh: `${link.id} 在 ${over.zh}内丢失 ${percent} 的探测（允许 ${may}），预算消耗速度为允许值的 ${rate} 倍`,
        }
      : {
          en: `${percent} of the answers on ${link.id} in ${over.en} took ${link.objective.latencyMs} ms or longer; ${may} is allowed, so its budget is used up ${rate} times too fast`,
          zh: `${link.id} 在 ${over.zh}内 ${percent} 的应答时延达到或超过 ${link.objective.latencyMs} ms（允许 ${may}），预算消耗速度为允许值的 ${rate} 倍`,
        };
  }
}
