import type { ThresholdScope } from '../../../../../core/thresholds/threshold.ts';
import type { SetTags } from '../../api.ts';
import type { KnownZone, SeriesName } from './api.ts';

/** What there is: zones that somebody has described or that readings name, and the series that can be judged. */
export interface Places {
  readonly zones: readonly KnownZone[];
  readonly series: readonly SeriesName[];
}

/** What somebody looks for in the list; empty strings are not looked at. */
export interface Filter {
  readonly quantity: string;
  readonly site: string;
  readonly zone: string;
  readonly crop: string;
}

const TAG_KEYS = ['site', 'zone', 'gateway', 'device', 'point'] as const;

/** Zones of readings that nobody has described stand with their id as their name. */
export function placesOf(zones: readonly KnownZone[], series: readonly SeriesName[]): Places {
  const known = new Map(zones.map((one) => [zoneKey(one.site, one.id), one]));
  for (const { tags } of series) {
    const { site, zone } = tags;
    if (!site || !zone || known.has(zoneKey(site, zone))) continue;
    known.set(zoneKey(site, zone), { site, id: zone, name: zone });
  }
  return { zones: [...known.values()].sort(byName), series };
}

/** Whether a threshold with this scope judges a series. */
export function holdsFor(scope: ThresholdScope, tags: SetTags, zones: readonly KnownZone[]): boolean {
  if (TAG_KEYS.some((key) => scope[key] !== undefined && scope[key] !== tags[key])) return false;
  if (scope.crop === undefined && scope.stage === undefined) return true;
  const zone = zones.find(({ site, id }) => site === tags.site && id === tags.zone);
  return (
    (scope.crop === undefined || zone?.crop === scope.crop) &&
    (scope.stage === undefined || zone?.stage === scope.stage)
  );
}

/** The series of a quantity that a scope holds for. */
export function seriesIn(scope: ThresholdScope, quantity: string, { zones, series }: Places): SeriesName[] {
  return series.filter(
    ({ measurement, field, tags }) => `${measurement}/${field}` === quantity && holdsFor(scope, tags, zones),
  );
}

/** Whether what somebody looks for can be touched by it: whoever asks for a zone wants to see what holds there, from wherever. */
export function isLookedFor(
  { scope, measurement, field }: { scope: ThresholdScope; measurement: string; field: string },
  { quantity, site, zone, crop }: Filter,
  zones: readonly KnownZone[],
): boolean {
  if (quantity !== '' && quantity !== `${measurement}/${field}`) return false;
  if (site !== '' && scope.site !== undefined && scope.site !== site) return false;
  if (crop !== '' && scope.crop !== undefined && scope.crop !== crop) return false;
  if (crop !== '' && scope.crop === undefined && scope.zone !== undefined) {
    const grown = zones.find(
      (one) => one.id === scope.zone && (!scope.site || one.site === scope.site),
    )?.crop;
    if (grown !== undefined && grown !== crop) return false;
  }
  if (zone === '') return true;
  const found = zones.find((one) => zoneKey(one.site, one.id) === zone);
  if (!found) return false;
  if (scope.zone !== undefined && scope.zone !== found.id) return false;
  if (scope.site !== undefined && scope.site !== found.site) return false;
  if (scope.crop !== undefined && scope.crop !== found.crop) return false;
  return scope.stage === undefined || scope.stage === found.stage;
}

export function zoneKey(site: string, zone: string): string {
  return `${site}/${zone}`;
}

function byName(a: KnownZone, b: KnownZone): number {
  return a.site.localeCompare(b.site) || a.name.localeCompare(b.name, undefined, { numeric: true });
}
