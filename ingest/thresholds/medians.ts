import type { SeriesKey } from '../../core/reading.ts';

/** Of fewer nobody can tell which one is wrong. */
const LEAST = 3;

interface Valued {
  readonly key: SeriesKey;
  readonly value: number | undefined;
}

/** For each series the median of the same quantity in its zone, or site where it has none; itself included. */
export function medians<T extends Valued>(all: Iterable<T>): Map<T, number> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    if (one.value === undefined) continue;
    const { measurement, field, site, zone } = one.key;
    const name = [measurement, field, site, zone].join('\u0000');
    const group = groups.get(name);
    if (group) group.push(one);
    else groups.set(name, [one]);
  }
  const found = new Map<T, number>();
  for (const group of groups.values()) {
    if (group.length < LEAST) continue;
    const sorted = group.map(({ value }) => value!).sort((a, b) => a - b);
    const half = sorted.length >> 1;
    const median = sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
    for (const one of group) found.set(one, median);
  }
  return found;
}
