import { seesSeries } from '../../core/access.ts';
import { TAGS, type Tag, type Tags } from '../../core/reading.ts';
import type { Series } from '../../core/reading-batch.ts';
import type { SeriesFilter } from './store.ts';

/** The series that a filter lets through, in the table's order. */
export function matchingSeries(table: Iterable<Series>, filter: SeriesFilter): Series[] {
  const where = TAGS.flatMap((tag) => {
    const values = filter.where?.[tag];
    return values ? [{ tag, values: new Set(values) }] : [];
  });
  const found: Series[] = [];
  for (const series of table) {
    if (filter.measurement !== undefined && series.measurement !== filter.measurement) continue;
    if (filter.field !== undefined && series.field !== filter.field) continue;
    if (filter.scope && !seesSeries(filter.scope, series)) continue;
    if (where.every(({ tag, values }) => values.has(series[tag]))) found.push(series);
  }
  return found;
}

/** Only the tags that are set, of those in `groupBy`. */
export function groupTags(series: Tags, groupBy: readonly Tag[] = TAGS): Partial<Tags> {
  return Object.fromEntries(
    TAGS.filter((tag) => groupBy.includes(tag) && series[tag] !== '').map((tag) => [tag, series[tag]]),
  );
}

/** Orders answers by their tags, so that a chart keeps its colours from one question to the next. */
export function compareTags(a: Partial<Tags>, b: Partial<Tags>): number {
  for (const tag of TAGS) {
    const left = a[tag] ?? '';
    const right = b[tag] ?? '';
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
