import { lowerBound } from '../../../core/links/statistics/binomial-bounds.ts';
import { BURN_RULES, type BurnRule } from './burn-rules.ts';
import type { Share } from './link-counts.ts';

/** How sure it must be that the rate of the long window is above its bound: that is, its exact interval lies above. */
export const BURN_CONFIDENCE = 0.99;
/** Fewer bad probes are never a rate: of the long window, and of the short one. */
const LEAST_BAD = { long: 5, short: 3 };
/** A rule that burns goes on until the rate of its short window is below this share of what raised it. */
const CLEAR_SHARE = 0.5;

export interface BurnInput {
  /** The share of bad probes that the objective allows. */
  readonly allowed: number;
  readonly long: (rule: BurnRule) => Share;
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

function begins(rule: BurnRule, { allowed, long, short }: BurnInput): boolean {
  const bound = rule.rate * allowed;
  // A rate above 1 cannot be: such a rule says nothing of so generous an objective.
  if (bound >= 1) return false;
  const late = short(rule);
  if (late.bad < LEAST_BAD.short || late.bad / late.probes <= bound) return false;
  const all = long(rule);
  if (all.bad < LEAST_BAD.long || all.badRecords < rule.leastRecords) return false;
  return lowerBound(all.bad, all.probes, BURN_CONFIDENCE) > bound;
}

/** Without a probe nothing is known to be better. */
function goesOn(rule: BurnRule, { allowed, shortOfAll }: BurnInput): boolean {
  const { probes, bad } = shortOfAll(rule);
  return probes === 0 || bad / probes >= CLEAR_SHARE * rule.rate * allowed;
}
