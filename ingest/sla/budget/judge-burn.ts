import { burstBounds } from '../../../core/links/statistics/burst-bounds.ts';
import { BURN_RULES, type BurnRule } from './burn-rules.ts';
import type { BudgetKind, BurnBlocks, Share } from './link-counts.ts';

/** How sure it must be that the rate of the long window is above its bound, where losses come in bursts. */
const BURN_CONFIDENCE = 0.99;
/** Fewer bad probes are never a rate: of the long window, and of the short one. */
const LEAST_BAD = { long: 5, short: 3 };
/** A rule that burns goes on until the rate of its short window is below this share of what raised it. */
const CLEAR_SHARE = 0.5;

export interface BurnInput {
  readonly kind: BudgetKind;
  /** The share of bad probes that the objective allows. */
  readonly allowed: number;
  readonly long: (rule: BurnRule) => Share;
  /** The same, part by part in order of time. */
  readonly longBlocks: (rule: BurnRule) => BurnBlocks;
  /** Of what came in time to say what is now: evidence from long ago raises nothing. */
  readonly short: (rule: BurnRule) => Share;
  /** Of all, whenever it came. */
  readonly shortOfAll: (rule: BurnRule) => Share;
}

/** How many times as fast as allowed; `undefined` where there is no probe. */
export function burnRate({ probes, bad }: Share, allowed: number): number | undefined {
  if (probes === 0) return undefined;
  if (allowed <= 0) return bad > 0 ? Number.POSITIVE_INFINITY : 0;
  return bad / probes / allowed;
}

/** The rules that burn now, of those that burned before and what the windows hold: pure, so that every edge can be tried. */
export function stepBurn(
  burning: ReadonlySet<string>,
  input: BurnInput,
  rules: readonly BurnRule[] = BURN_RULES,
): ReadonlySet<string> {
  return new Set(
    rules
      .filter((rule) => (burning.has(rule.id) ? goesOn(rule, input) : begins(rule, input)))
      .map(({ id }) => id),
  );
}

function begins(rule: BurnRule, { kind, allowed, long, longBlocks, short }: BurnInput): boolean {
  const bound = rule.rate * allowed;
  // A rate above 1 cannot be: such a rule says nothing of so generous an objective.
  if (bound >= 1) return false;
  const late = short(rule);
  if (late.bad < LEAST_BAD.short || late.bad / late.probes <= bound) return false;
  // Less than half of the short window is no history to judge a rate of days by.
  if (long(rule).knownMs < rule.shortMs / 2) return false;
  const blocks = longBlocks(rule);
  const counted = rule.besideOutages && kind === 'loss' ? withoutOutages(blocks, rule.leastRecords) : blocks;
  const [bad, badRecords] = [sum(counted.bad), counted.bad.filter((one) => one > 0).length];
  if (bad < LEAST_BAD.long || badRecords < rule.leastRecords) return false;
  return burstBounds(counted, BURN_CONFIDENCE).lower > bound;
}

/** Without runs of records that are lost for the most part; `longest` of them and more are an outage no longer but how it goes. */
function withoutOutages({ probes, bad }: BurnBlocks, longest: number): BurnBlocks {
  const isLost = (at: number) => 2 * bad[at]! > probes[at]!;
  const kept: number[] = [];
  for (let from = 0; from < bad.length; ) {
    let to = from + 1;
    while (to < bad.length && isLost(to) === isLost(from)) to++;
    if (!isLost(from) || to - from >= longest) for (let at = from; at < to; at++) kept.push(at);
    from = to;
  }
  return { probes: kept.map((at) => probes[at]!), bad: kept.map((at) => bad[at]!) };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, one) => total + one, 0);
}

/** Without a probe nothing is known to be better. */
function goesOn(rule: BurnRule, { allowed, shortOfAll }: BurnInput): boolean {
  const { probes, bad } = shortOfAll(rule);
  return probes === 0 || bad / probes >= CLEAR_SHARE * rule.rate * allowed;
}
