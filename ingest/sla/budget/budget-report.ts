import type { Objective } from '../../../core/links/mesh.ts';
import { monthBounds } from '../statement/month-bounds.ts';
import { BURN_RULES, BURN_WINDOWS_MS } from './burn-rules.ts';
import { burnRate, stepBurn } from './judge-burn.ts';
import { BUDGETS, type BudgetKind, type BurnBlocks, type RecordCounts, type Share } from './link-counts.ts';

const DAY_MS = 86_400_000;
const BUDGET_DAYS = 30;

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
  /** Of the calendar, up to the time that was asked for; `allowed` is of the whole month. */
  readonly month: Period;
  readonly burn: readonly BurnWindow[];
  /** Rules that would raise an alert if nothing were raised yet. */
  readonly burning: readonly string[];
  /** When the budget of 30 days is used up at the pace of the last hour; null where it is not within a year. */
  readonly usedUpMs: number | null;
}

/** The calendar month of a place, and where the evidence for a report begins. */
export interface Calendar {
  readonly month: { readonly fromMs: number; readonly toMs: number };
  readonly fromMs: number;
}

/** `zone` is an IANA name such as `Asia/Shanghai`; nothing where it is unknown. */
export function calendarOf(atMs: number, zone: string): Calendar | undefined {
  const utc = new Date(atMs);
  // Clocks anywhere are less than a day from UTC, so it is the month of one of these.
  for (const offset of [-1, 0, 1]) {
    const near = new Date(Date.UTC(utc.getUTCFullYear(), utc.getUTCMonth() + offset));
    const month = monthBounds(near.toISOString().slice(0, 7), zone);
    if (month && month.fromMs <= atMs && atMs < month.toMs)
      return { month, fromMs: Math.min(atMs - BUDGET_DAYS * DAY_MS, month.fromMs) };
  }
  return undefined;
}

/** What the objective allows to be bad: lost, or slower than its bound. */
export function allowedShare(objective: Objective, kind: BudgetKind): number {
  return kind === 'loss' ? objective.loss : 1 - objective.latencyQuantile;
}

/** Of records, or of hours of them before the last six, in any order and each once. Those that reach over the start of a window count in it. */
export function budgetReport(
  objective: Objective,
  records: readonly RecordCounts[],
  atMs: number,
  calendar: Calendar,
): Budget[] {
  return BUDGETS.map((kind) => {
    const share = allowedShare(objective, kind);
    const over = (fromMs: number) => shareOf(kind, records, fromMs, atMs);
    const days30 = periodOf(kind, records, share, atMs - BUDGET_DAYS * DAY_MS, atMs, atMs);
    const { fromMs, toMs } = calendar.month;
    const month = periodOf(kind, records, share, fromMs, toMs, atMs);
    const burn = BURN_WINDOWS_MS.map((windowMs): BurnWindow => {
      const found = over(atMs - windowMs);
      return { windowMs, probes: found.probes, bad: found.bad, rate: finite(burnRate(found, share)) };
    });
    const burning = stepBurn(new Set(), {
      ...{ kind, allowed: share },
      longBlocks: ({ longMs }) => blocksOf(kind, records, atMs - longMs, atMs),
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
  const knownMs = records.reduce((sum, one) => {
    const within = Math.max(0, Math.min(one.toMs, atMs) - Math.max(one.fromMs, fromMs));
    return sum + Math.min(within, one.knownMs ?? within);
  }, 0);
  // What was not measured is taken to be like what was.
  const allowed = knownMs === 0 ? 0 : (share * probes * (toMs - fromMs)) / knownMs;
  return { fromMs, toMs, probes, bad, knownMs, allowed, spent: allowed === 0 ? null : bad / allowed };
}

function shareOf(kind: BudgetKind, records: readonly RecordCounts[], fromMs: number, toMs: number): Share {
  const share = { probes: 0, bad: 0, badRecords: 0, knownMs: 0 };
  for (const one of within(records, fromMs, toMs)) {
    const [probes, bad] = countsOf(kind, one);
    share.probes += probes;
    share.bad += bad;
    share.knownMs += one.knownMs ?? one.toMs - one.fromMs;
    if (bad > 0) share.badRecords++;
  }
  return share;
}

function blocksOf(
  kind: BudgetKind,
  records: readonly RecordCounts[],
  fromMs: number,
  toMs: number,
): BurnBlocks {
  const counts = within(records, fromMs, toMs).map((one) => countsOf(kind, one));
  return { probes: counts.map(([probes]) => probes), bad: counts.map(([, bad]) => bad) };
}

function within(records: readonly RecordCounts[], fromMs: number, toMs: number): RecordCounts[] {
  return records.filter((one) => one.toMs > fromMs && one.toMs <= toMs);
}

function countsOf(kind: BudgetKind, { sent, lost, answered, slow }: RecordCounts): [number, number] {
  return kind === 'loss' ? [sent, lost] : [answered, slow];
}

function usedUpMs({ spent }: Period, rate: number | null, atMs: number): number | null {
  if (spent === null) return null;
  if (spent >= 1) return atMs;
  if (rate === null || rate <= 0) return null;
  const lastsMs = ((1 - spent) * BUDGET_DAYS * DAY_MS) / rate;
  return lastsMs > 365 * DAY_MS ? null : Math.round(atMs + lastsMs);
}

/** JSON has no infinity: an objective that allows nothing is burnt as fast as can be told. */
function finite(rate: number | undefined): number | null {
  return rate === undefined ? null : Math.min(rate, Number.MAX_SAFE_INTEGER);
}
