import type { InfluxTarget, Part } from '../../dashboards/grafana/source/target.ts';

/** A chosen value of a variable: one, several, or all of one with an `allValue`. */
export type Choice = string | readonly string[] | { readonly all: string };
export type Choices = Readonly<Record<string, Choice>>;

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
  /** What `$__interval` is. */
  readonly interval: string;
}

/**
 * The text that Grafana asks InfluxDB with for a query of its builder, written anew from how its versions 10 to 13 behave
 * (`pkg/tsdb/influxdb/models/query.go` and `query_part.go` of grafana/grafana): identifiers in double quotes; the value of `=` and `!=` in
 * single quotes with backslashes doubled, that of `=~` as it stands; one condition without parentheses, several with them; then the
 * time; `fill` behind a blank, all other groups behind commas; an order and a zone where they are set.
 */
export function builderQuery(
  target: InfluxTarget,
  choices: Choices,
  { fromMs, toMs, interval }: Window,
): string {
  const select = target.select.map((parts) => parts.reduce((inner, part) => rendered(part, inner), ''));
  const conditions = target.tags.map(({ key, operator, value, condition }, index) => {
    const text = interpolated(value, choices);
    const isPattern = operator === '=~' || operator === '!~';
    const shown = isPattern ? text : `'${text.replaceAll('\\', '\\\\')}'`;
    return `${index > 0 ? `${condition ?? 'AND'} ` : ''}"${key}" ${operator} ${shown}`;
  });
  const where = conditions.length > 1 ? `(${conditions.join(' ')})` : (conditions[0] ?? '');
  const groups = target.groupBy.map((part, index) => {
    const text = rendered(part, '');
    return index === 0 || part.type === 'fill' ? ` ${text}` : `, ${text}`;
  });
  return [
    `SELECT ${select.join(', ')} FROM "${target.measurement}" WHERE ${where}${where && ' AND '}`,
    `time >= ${fromMs}ms and time <= ${toMs}ms`,
    groups.length > 0 ? ` GROUP BY${groups.join('')}` : '',
    ` ORDER BY time ${target.orderByTime}`,
    target.tz === undefined ? '' : ` tz('${interpolated(target.tz, choices)}')`,
  ]
    .join('')
    .replaceAll('$__interval', interval);
}

function rendered({ type, params }: Part, inner: string): string {
  if (type === 'field' || type === 'tag') return `"${params[0]}"`;
  if (type === 'math') return `${inner} ${params[0]}`;
  if (type === 'alias') return `${inner} AS "${params[0]}"`;
  return `${type}(${[...(inner ? [inner] : []), ...params].join(', ')})`;
}

/** Variables go in before: several values as alternatives, each escaped; an `allValue` as it stands. */
export function interpolated(text: string, choices: Choices): string {
  return text.replace(/\$(\w+)/g, (whole, name: string) => {
    const choice = choices[name];
    if (choice === undefined) return whole;
    if (typeof choice === 'string') return text.startsWith('/') ? escaped(choice) : choice;
    if ('all' in choice) return choice.all;
    return `(${choice.map(escaped).join('|')})`;
  });
}

function escaped(text: string): string {
  return text.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&');
}
