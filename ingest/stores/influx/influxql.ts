import { seesAll } from '../../../core/access.ts';
import { TAGS, type Tag } from '../../../core/reading.ts';
import { MAX_TIME_MS } from '../rows.ts';
import type { SeriesFilter, SeriesQuery } from '../store.ts';
import {
  encodeField,
  encodeMeasurement,
  encodeName,
  quoteName,
  quoteText,
  ROLL_UP_COLUMNS,
  STATUS_SUFFIX,
  TEXT_SUFFIX,
} from './names.ts';

/** Which of a field's columns exist; a column that nobody has written yet must not be asked for. */
export interface FieldColumns {
  readonly hasNumbers: boolean;
  readonly hasTexts: boolean;
  readonly hasStatus: boolean;
}

type FieldRange = Pick<SeriesQuery, 'measurement' | 'field' | 'where' | 'scope' | 'fromMs' | 'toMs'>;

/** Points as they are. Columns of the answer: time, `v` (number), `x` (text), `s` (status), those that exist. */
export function selectPoints(query: SeriesQuery, columns: FieldColumns): string {
  // One more than allowed, to see that there are too many; a limit counts for each series by itself.
  return `${selectAll(query, columns)}${groupBy(query.groupBy)} LIMIT ${query.maxPoints + 1}`;
}

/** The same of every series by itself, however many there are. */
export function selectScan(query: FieldRange, columns: FieldColumns): string {
  return `${selectAll(query, columns)}${groupBy()}`;
}

function selectAll(query: FieldRange, columns: FieldColumns): string {
  const field = encodeField(query.field);
  const wanted = [
    ...(columns.hasNumbers ? [`${quoteName(field)} AS v`] : []),
    ...(columns.hasTexts ? [`${quoteName(field + TEXT_SUFFIX)} AS x`] : []),
    ...(columns.hasStatus ? [`${quoteName(field + STATUS_SUFFIX)} AS s`] : []),
  ];
  return `SELECT ${wanted.join(', ')} ${fromWhere(query)}`;
}

/** Columns of the answer: the start of the window, and `v`. */
export function selectWindows(query: SeriesQuery): string {
  const { everyMs, fn } = query.window!;
  const tags = (query.groupBy ?? TAGS).map((tag) => `, ${quoteName(tag)}`).join('');
  const value = `${fn}(${quoteName(encodeField(query.field))}) AS v`;
  return `SELECT ${value} ${fromWhere(query)} GROUP BY time(${everyMs}ms)${tags} fill(none) LIMIT ${query.maxPoints + 1}`;
}

/** Windows of `everyMs` of the numbers of a field, under the names that `summaryOf` knows. */
export function selectSummaries(query: SeriesQuery, everyMs: number): string {
  const field = quoteName(encodeField(query.field));
  const wanted = `count(${field}) AS n, sum(${field}) AS total, min(${field}) AS low, max(${field}) AS high, first(${field}) AS head, last(${field}) AS tail`;
  return `SELECT ${wanted} ${fromWhere(query)}${byWindow(query, everyMs)}`;
}

/** The same of roll-ups; histograms cannot be merged by the database and come as they are. */
export function selectRolled(query: SeriesQuery, suffix: string, asHistograms: boolean): string {
  const column = (name: keyof typeof ROLL_UP_COLUMNS) =>
    quoteName(encodeField(query.field) + ROLL_UP_COLUMNS[name]);
  if (asHistograms) {
    const wanted = `${column('histogram')} AS h, ${column('count')} AS n`;
    return `SELECT ${wanted} ${fromWhere(query, suffix)}${groupBy(query.groupBy)}`;
  }
  const wanted = `sum(${column('count')}) AS n, sum(${column('texts')}) AS t, sum(${column('sum')}) AS total, min(${column('min')}) AS low, max(${column('max')}) AS high, first(${column('first')}) AS head, last(${column('last')}) AS tail`;
  return `SELECT ${wanted} ${fromWhere(query, suffix)}${byWindow(query, query.window!.everyMs)}`;
}

/** The oldest or newest point of a measurement. */
export function selectEnd(measurement: string, order: 'ASC' | 'DESC'): string {
  return `SELECT * FROM ${quoteName(encodeMeasurement(measurement))} ORDER BY time ${order} LIMIT 1`;
}

/** The oldest of ours: readings, or with the suffix of roll-ups these. Others have no gateway. */
export function selectOldest(measurement: string, suffix = ''): string {
  const from = quoteName(encodeMeasurement(measurement) + suffix);
  return `SELECT * FROM ${from} WHERE "gateway" =~ /./ ORDER BY time ASC LIMIT 1`;
}

/** The newest value of every series since `sinceMs`; columns as in `selectPoints`, with either `v` or `x`. */
export function selectLast(
  measurement: string,
  field: string,
  columns: FieldColumns,
  kind: 'number' | 'text',
  sinceMs: number,
): string {
  const name = encodeField(field);
  const value =
    kind === 'number' ? `last(${quoteName(name)}) AS v` : `last(${quoteName(name + TEXT_SUFFIX)}) AS x`;
  const status = columns.hasStatus ? `, ${quoteName(name + STATUS_SUFFIX)} AS s` : '';
  const from = `FROM ${quoteName(encodeMeasurement(measurement))} WHERE time >= ${timeText(sinceMs)}`;
  return `SELECT ${value}${status} ${from}${groupBy(TAGS)}`;
}

function fromWhere(query: FieldRange, suffix = ''): string {
  const conditions = [
    `time >= ${timeText(query.fromMs)}`,
    `time < ${timeText(query.toMs)}`,
    ...tagConditions(query.where),
    ...scopeCondition(query.scope),
  ];
  return `FROM ${quoteName(encodeMeasurement(query.measurement) + suffix)} WHERE ${conditions.join(' AND ')}`;
}

function tagConditions(where: SeriesFilter['where'] = {}): string[] {
  return TAGS.flatMap((tag) => {
    const values = where[tag];
    if (!values) return [];
    const either = values.map((value) => `${quoteName(tag)} = ${quoteText(encodeName(value))}`);
    return [`(${either.join(' OR ')})`];
  });
}

/** As `seesSeries` has it. What nobody may see has no name that is empty. */
function scopeCondition(scope: SeriesFilter['scope']): string[] {
  if (!scope || seesAll(scope)) return [];
  const { sites, links } = scope;
  const among = (tag: Tag, values: readonly string[]) =>
    values.map((value) => `${quoteName(tag)} = ${quoteText(encodeName(value))}`).join(' OR ');
  const isLink = `${quoteName('link')} != ''`;
  const none = `${quoteName('link')} = ''`;
  const ofSites =
    sites === 'all' ? [none] : sites.length > 0 ? [`(${none} AND (${among('site', sites)}))`] : [];
  const named = links === 'all' ? [] : links.filter((link) => link !== '');
  const ofLinks = links === 'all' ? [isLink] : named.length > 0 ? [among('link', named)] : [];
  return [`(${[...ofSites, ...ofLinks].join(' OR ')})`];
}

function byWindow(query: SeriesQuery, everyMs: number): string {
  const tags = (query.groupBy ?? TAGS).map((tag) => `, ${quoteName(tag)}`).join('');
  return ` GROUP BY time(${everyMs}ms)${tags} fill(none) LIMIT ${query.maxPoints + 1}`;
}

function groupBy(tags: readonly Tag[] = TAGS): string {
  return tags.length > 0 ? ` GROUP BY ${tags.map(quoteName).join(', ')}` : '';
}

function timeText(timeMs: number): string {
  const withinRange = Math.min(MAX_TIME_MS, Math.max(-MAX_TIME_MS, Math.ceil(timeMs)));
  return quoteText(new Date(withinRange).toISOString());
}
