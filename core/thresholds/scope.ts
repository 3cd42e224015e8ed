import { type Scope, seesSite } from '../access.ts';
import type { Threshold, ThresholdScope } from './threshold.ts';

/** What a scope is compared with: tags of a series, empty or absent where it has none, and what grows in its zone. */
export interface Scoped {
  readonly site?: string | undefined;
  readonly zone?: string | undefined;
  readonly gateway?: string | undefined;
  readonly device?: string | undefined;
  readonly point?: string | undefined;
  readonly crop?: string | undefined;
  readonly stage?: string | undefined;
}

/** One key outweighs all behind it. */
const RANKS = { device: 64, zone: 32, gateway: 16, crop: 8, stage: 4, site: 2, point: 1 } as const;
const KEYS = Object.keys(RANKS) as (keyof typeof RANKS)[];

/** Every key that is set agrees. */
export function scopeHolds(scope: ThresholdScope, of: Scoped): boolean {
  return KEYS.every((key) => scope[key] === undefined || scope[key] === of[key]);
}

/** Of those that hold and are of one quantity, what judges: of each kind of rule and severity one, as `ThresholdScope` says. */
export function mostSpecific(held: Iterable<Threshold>): Threshold[] {
  const best = new Map<string, Threshold>();
  for (const one of held) {
    const slot = `${one.rule.kind} ${one.severity}`;
    const before = best.get(slot);
    if (!before || isBefore(one, before)) best.set(slot, one);
  }
  return [...best.values()];
}

function isBefore(one: Threshold, other: Threshold): boolean {
  const by = rankOf(one.scope) - rankOf(other.scope) || one.setMs - other.setMs;
  return by > 0 || (by === 0 && one.id > other.id);
}

function rankOf(scope: ThresholdScope): number {
  return KEYS.reduce((sum, key) => sum + (scope[key] === undefined ? 0 : RANKS[key]), 0);
}

/** Whether somebody may change what holds there: one that holds for every site is changed by who sees them all. */
export function maySetFor(me: Scope, { site }: ThresholdScope): boolean {
  return site === undefined ? me.sites === 'all' : seesSite(me, site);
}
