import type { SeriesKey } from '../../core/reading.ts';
import { mostSpecific, scopeHolds } from '../../core/thresholds/scope.ts';
import type { Threshold } from '../../core/thresholds/threshold.ts';

export type CropOf = (site: string, zone: string) => { readonly crop?: string; readonly stage?: string };

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
    const of = { ...key, crop, stage };
    return mostSpecific(found.filter(({ scope }) => scopeHolds(scope, of)));
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

function nameOf({ measurement, field }: { readonly measurement: string; readonly field: string }): string {
  return `${measurement}/${field}`;
}
