import type { DataQuery } from '@grafana/schema';
import type { Quantity } from '../../../core/quantities.ts';
import { DATA_SOURCE } from './data-source.ts';

export interface Part {
  readonly type: string;
  readonly params: readonly string[];
}

export interface TagFilter {
  readonly key: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
  readonly condition?: 'AND';
}

/** A query as the builder of Grafana's InfluxQL editor keeps it. `@grafana/schema` has no type for it. */
export interface InfluxTarget extends DataQuery {
  readonly refId: string;
  readonly datasource: { readonly type: 'influxdb'; readonly uid: string };
  readonly rawQuery: false;
  readonly resultFormat: 'time_series' | 'table';
  readonly policy: 'default';
  readonly measurement: string;
  readonly select: readonly (readonly Part[])[];
  readonly groupBy: readonly Part[];
  readonly tags: readonly TagFilter[];
  readonly orderByTime: 'ASC';
  readonly alias?: string;
  readonly tz?: string;
}

/** What the console's own renderer knows of them too. */
export type Aggregate = 'mean' | 'min' | 'max' | 'last' | 'first' | 'sum' | 'count' | 'spread' | 'percentile';

const part = (type: string, ...params: string[]): Part => ({ type, params });

/** `AS "name"`: the name of a column in a table. */
export const named = (name: string): Part => part('alias', name);
/** How much a counter has grown between points, without its fresh starts. */
export const growth: Part = part('non_negative_difference');
/** How much a counter has grown in `per`, such as `1m`. */
export const rate = (per: string): Part => part('non_negative_derivative', per);

export function column(field: string, aggregate: Aggregate, ...then: readonly Part[]): readonly Part[] {
  return [part('field', field), part(aggregate), ...then];
}

/** Only series whose tag is what the variable of the same name, or another, says. */
export function chosen(tag: string, variable = tag): TagFilter {
  return { key: tag, operator: '=~', value: `/^$${variable}$/` };
}

export const isSet = (key: string): TagFilter => ({ key, operator: '!=', value: '' });

export interface TargetParts {
  readonly from: string;
  readonly select: readonly (readonly Part[])[];
  readonly where: readonly TagFilter[];
  /** One series for each set of these tags. */
  readonly by: readonly string[];
  /** One value for each such time; without it, one for the whole time that is shown. */
  readonly every?: '$__interval' | '1h' | '1d';
  /** Name of the series: `$tag_zone`, `$col`, or words. */
  readonly as?: string;
  /** IANA zone, or the variable that holds it, where a day begins. */
  readonly tz?: string;
}

/** Points where there is none are left out: a line is not drawn over them for longer than its panel says. */
export function series(refId: string, { every, by, as, tz, ...parts }: TargetParts): InfluxTarget {
  const groupBy = [...(every ? [part('time', every)] : []), ...by.map((tag) => part('tag', tag))];
  return {
    ...query(refId, parts),
    resultFormat: 'time_series',
    groupBy: every ? [...groupBy, part('fill', 'none')] : groupBy,
    ...(as !== undefined && { alias: as }),
    ...(tz !== undefined && { tz }),
  };
}

/** How much the counter `of` each device has grown in each day of the zone that the page's reader chose. */
export function growthEachDay(of: Quantity, where: readonly TagFilter[]): InfluxTarget {
  const days = { by: ['device'], every: '1d', as: '$tag_device', tz: '$tz' } as const;
  return series('A', { from: of.measurement, where, ...days, select: [column(of.field, 'max', growth)] });
}

/** One row for each set of tags, with a column for each tag and each of `select`. */
export function table(
  refId: string,
  { by, ...parts }: Omit<TargetParts, 'every' | 'as' | 'tz'>,
): InfluxTarget {
  const groupBy = by.map((tag) => part('tag', tag));
  return { ...query(refId, parts), resultFormat: 'table', groupBy };
}

function query(refId: string, { from, select, where }: Pick<TargetParts, 'from' | 'select' | 'where'>) {
  return {
    refId,
    datasource: DATA_SOURCE,
    rawQuery: false,
    policy: 'default',
    measurement: from,
    select,
    tags: where.map((filter, index) => (index === 0 ? filter : { ...filter, condition: 'AND' as const })),
    orderByTime: 'ASC',
  } as const;
}
