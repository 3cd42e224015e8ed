import type { SeriesKey } from '../../core/reading.ts';
import type { Threshold, ThresholdScope } from '../../core/thresholds/threshold.ts';

export type CropOf = (site: string, zone: string) => { readonly crop?: string; readonly stage?: string };

const RANKS = { device: 64, zone: 32, gateway: 16, crop: 8, stage: 4, site: 2, point: 1 } as const;
const KEYS = Object.keys(RANKS) as (keyof typeof RANKS)[];

/** Thresholds that are enabled, by what they are about. */
export class Assignments {
  readonly #of = new Map<string, Threshold[]>();
  readonly #cropOf: CropOf;

  constructor(thresholds: Iterable<Threshold>, cropOf: CropOf) {
    this.#cropOf = cropOf;
    for (const one of thresholds) {
      if (!one.enabled) continue;
      const list = this.#of.get(nameOf(one));
      if (list) list.push(one);
      else this.#of.set(nameOf(one), [one]);
    }
  }

  has(quantity: Pick<SeriesKey, 'measurement' | 'field'>): boolean {
    return this.#of.has(nameOf(quantity));
  }

  /** Whether anybody of its quantity is judged by its neighbours. */
  compares(quantity: Pick<SeriesKey, 'measurement' | 'field'>): boolean {
    return this.#of.get(nameOf(quantity))?.some(({ rule }) => rule.kind === 'neighbours') ?? false;
  }

  /** What judges a series: of each kind of rule and severity one, as `ThresholdScope` says. */
  of(key: SeriesKey): Threshold[] {
    const found = this.#of.get(nameOf(key));
    if (!found) return [];
    const { crop, stage } = key.zone === '' ? {} : this.#cropOf(key.site, key.zone);
    const best = new Map<string, Threshold>();
    for (const one of found) {
      if (!holds(one.scope, key, crop, stage)) continue;
      const slot = `${one.rule.kind} ${one.severity}`;
      const before = best.get(slot);
      if (!before || isBefore(one, before)) best.set(slot, one);
    }
    return [...best.values()];
  }

  /** Those that name a device, which is expected to speak although it may never have. */
  *expecting(): Generator<Threshold> {
    for (const list of this.#of.values())
      for (const one of list) {
        const { site, gateway, device } = one.scope;
        if (one.rule.kind === 'no-data' && site && gateway && device) yield one;
      }
  }
}

function holds(
  scope: ThresholdScope,
  key: SeriesKey,
  crop: string | undefined,
  stage: string | undefined,
): boolean {
  return (
    (scope.crop === undefined || scope.crop === crop) &&
    (scope.stage === undefined || scope.stage === stage) &&
    (['site', 'zone', 'gateway', 'device', 'point'] as const).every(
      (tag) => scope[tag] === undefined || scope[tag] === key[tag],
    )
  );
}

function isBefore(one: Threshold, other: Threshold): boolean {
  const by = rankOf(one.scope) - rankOf(other.scope) || one.setMs - other.setMs;
  return by > 0 || (by === 0 && one.id > other.id);
}

function rankOf(scope: ThresholdScope): number {
  return KEYS.reduce((sum, key) => sum + (scope[key] === undefined ? 0 : RANKS[key]), 0);
}

function nameOf({ measurement, field }: { readonly measurement: string; readonly field: string }): string {
  return `${measurement}/${field}`;
}
