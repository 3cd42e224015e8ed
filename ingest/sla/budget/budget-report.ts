import type { Objective } from '../../../core/links/mesh.ts';
import { BURN_RULES, BURN_WINDOWS_MS } from './burn-rules.ts';
import { burnRate, stepBurn } from './judge-burn.ts';
import { BUDGETS, type BudgetKind, type RecordCounts, type Share } from './link-counts.ts';

const DAY_MS = 86_400_000;
export const BUDGET_DAYS = 30;

export interface Period extends Pick<Share, 'probes' | 'bad'> {
  readonly fromMs: number;
  readonly toMs: number;
  /** The time of it that there is evidence of. */
  readonly knownMs: number;
  /** Bad probes that the objective allows in the whole period at the pace of its probes, and what share of them there were. */
  readonly allowed: number;
  readonly spent: number | null;
}

export interface BurnWindow extends Pick<Share, 'probes' | 'bad'> {
  readonly windowMs: number;
  /** How many times as fast as allowed; null without a probe. */
  readonly rate: number | null;
}

export interface Budget {
  readonly kind: BudgetKind;
  /** The share of bad probes that the objective allows. */
  readonly objective: number;
  readonly days30: Period;
  /** In UTC, up to the time that was asked for; `allowed` is of the whole month. */
  readonly month: Period;
  readonly burn: readonly BurnWindow[];
  /** Rules that would raise an alert if nothing were raised yet. */
  readonly burning: readonly string[];
  /** When the budget of 30 days is used up at the pace of the last hour; null where it is not within a year. */
  readonly usedUpMs: number | null;
}

/** Where the evidence for a report at `atMs` begins. */
export function budgetFromMs(atMs: number): number {
  return Math.min(atMs - BUDGET_DAYS * DAY_MS, monthOf(atMs).fromMs);
}

/** What the objective allows to be bad: lost, or slower than its bound. */
export function allowedShare(objective: Objective, kind: BudgetKind): number {
  return kind === 'loss' ? objective.loss : 1 - objective.latencyQuantile;
}

/** Of records in any order, each once. */
export function budgetReport(objective: Objective, records: readonly RecordCounts[], atMs: number): Budget[] {
  return BUDGETS.map((kind) => {
    const share = allowedShare(objective, kind);
    const over = (fromMs: number) => shareOf(kind, records, fromMs, atMs);
    const days30 = periodOf(kind, records, share, atMs - BUDGET_DAYS * DAY_MS, atMs, atMs);
    const { fromMs, toMs } = monthOf(atMs);
    const month = periodOf(kind, records, share, fromMs, toMs, atMs);
    const burn = BURN_WINDOWS_MS.map((windowMs): BurnWindow => {
      const found = over(atMs - windowMs);
      return { windowMs, probes: found.probes, bad: found.bad, rate: finite(burnRate(found, share)) };
    });
    const burning = stepBurn(new Set(), {
      allowed: share,
      long: ({ longMs }) => over(atMs - longMs),
      short: ({ shortMs }) => over(atMs - shortMs),
      shortOfAll: ({ shortMs }) => over(atMs - shortMs),
    });
    const rules = BURN_RULES.filter(({ id }) => burning.has(id)).map(({ id }) => id);
    const hour = burn.find(({ windowMs }) => windowMs === 3_600_000)?.rate ?? null;
    return {
      kind,
      objective: share,
      days30,
      month,
      burn,
      burning: rules,
      usedUpMs: usedUpMs(days30, hour, atMs),
    };
  });
}

function periodOf(
  kind: BudgetKind,
  records: readonly RecordCounts[],
  share: number,
  fromMs: number,
  toMs: number,
  atMs: number,
): Period {
  const { probes, bad } = shareOf(kind, records, fromMs, atMs);
  const knownMs = records.reduce(
    (sum, one) => sum + Math.max(0, Math.min(one.toMs, atMs) - Math.max(one.fromMs, fromMs)),
    0,
  );
  // What was not measured is taken to be like what was.
  const allowed = knownMs === 0 ? 0 : (share * probes * (toMs - fromMs)) / knownMs;
  return { fromMs, toMs, probes, bad, knownMs, allowed, spent: allowed === 0 ? null : bad / allowed };
}

function shareOf(kind: BudgetKind, records: readonly RecordCounts[], fromMs: number, toMs: number): Share {
  let [probes, bad, badRecords] = [0, 0, 0];
  for (const one of records) {
    if (one.toMs <= fromMs || one.toMs > toMs) continue;
    probes += kind === 'loss' ? one.sent : one.answered;
    const ofOne = kind === 'loss' ? one.lost : one.slow;
    bad += ofOne;
    if (ofOne > 0) badRecords++;
  }
  return { probes, bad, badRecords };
}

function usedUpMs({ spent }: Period, rate: number | null, atMs: number): number | null {
  if (spent === null) return null;
  if (spent >= 1) return atMs;
  if (rate === null || rate <= 0) return null;
  const lastsMs = ((1 - spent) * BUDGET_DAYS * DAY_MS) / rate;
  return lastsMs > 365 * DAY_MS ? null : Math.round(atMs + lastsMs);
}

function monthOf(atMs: number): { fromMs: number; toMs: number } {
  const at = new Date(atMs);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  return { fromMs: Date.UTC(year, month), toMs: Date.UTC(year, month + 1) };
}

/** JSON has no infinity: an objective that allows nothing is burnt as fast as can be told. */
function finite(rate: number | undefined): number | null {
  return rate === undefined ? null : Math.min(rate, Number.MAX_SAFE_INTEGER);
}
