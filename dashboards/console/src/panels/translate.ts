import { TAGS } from '../../../../core/reading.ts';
import type { SetTags } from '../api.ts';
import type { TimeSpan } from '../ranges.ts';
import { interpolate, type Variables } from './interpolate.ts';
import type { Part, TagCondition, Target } from './model.ts';
import { durationMs } from './time.ts';
import { Unknown } from './unknown.ts';

/** One question to `/api/v1/query`. */
export interface Ask {
  readonly measurement: string;
  readonly field: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Without it every reading is asked for. */
  readonly everyMs?: number;
  readonly fn?: string;
  /** Series that agree in these tags become one. */
  readonly groupBy: readonly string[];
  readonly where: Readonly<Record<string, readonly string[]>>;
}

/** What is done with the windows that the API gave, in order. */
export type Step =
  | { readonly kind: 'percentile'; readonly percent: number }
  | { readonly kind: 'difference'; readonly isNonNegative: boolean; readonly perMs?: number }
  | { readonly kind: 'cumulative' }
  | { readonly kind: 'moving'; readonly points: number }
  | { readonly kind: 'round'; readonly by: 'round' | 'floor' | 'ceil' | 'abs' }
  | { readonly kind: 'math'; readonly operations: readonly (readonly [string, number])[] };

export type Fill = 'null' | 'none' | 'previous' | 'linear' | number;

/** One column of a target: what is asked for, how several answers become one, and what becomes of that. */
export interface Column {
  readonly name: string;
  readonly asks: readonly Ask[];
  /** `mean` of a whole time is the sum of its windows by their count; `spread` is the highest minus the lowest. */
  readonly combine: 'one' | 'quotient' | 'spread';
  /** All windows of the time become one value, by this; undefined where each stands for itself. */
  readonly whole: string | undefined;
  readonly steps: readonly Step[];
}

export interface Plan {
  readonly measurement: string;
  readonly columns: readonly Column[];
  readonly groupBy: readonly string[];
  /** Length of the windows; undefined for single readings and for one value of the whole time. */
  readonly everyMs: number | undefined;
  readonly span: TimeSpan;
  /** Whose days the windows are; the API's are those of UTC, so hours are asked for and folded. */
  readonly dayZone: string | undefined;
  readonly fill: Fill;
  readonly limit: number | undefined;
  readonly seriesLimit: number | undefined;
  readonly isDescending: boolean;
  /** Nothing can match: a tag has none of the values asked for. */
  readonly isEmpty: boolean;
}

export interface TranslateContext {
  readonly span: TimeSpan;
  readonly intervalMs: number;
  readonly variables: Variables;
  /** Which series exist of the measurement and field; for tags that are not simply equal to something. */
  seriesOf(measurement: string, field: string): readonly SetTags[];
  hasPercentiles(measurement: string, field: string): boolean;
}

/** As many values of a tag as the API takes. */
const MOST_VALUES = 200;
/** One value of a whole time is made of about so many windows. */
const WHOLE_WINDOWS = 200;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const DIRECT = new Set(['mean', 'min', 'max', 'sum', 'count', 'first', 'last']);
const PERCENTILES: Readonly<Record<number, string>> = { 50: 'p50', 95: 'p95', 99: 'p99', 99.9: 'p99.9' };
const WHOLE_BY: Readonly<Record<string, string>> = { count: 'sum', sum: 'sum' };

/** Whether the series must be known to translate it. */
export function needsSeries(target: Target): boolean {
  return (target.tags ?? []).some(({ operator }) => operator !== undefined && operator !== '=');
}

/** The fields that a target reads. */
export function fieldsOf(target: Target, variables: Variables): string[] {
  const fields = (target.select ?? []).flatMap((parts) =>
    parts.filter(({ type }) => type === 'field').map(({ params }) => String(params?.[0] ?? '')),
  );
  return [...new Set(fields.map((field) => interpolate(field, variables)))];
}

/** A target of Grafana's InfluxQL builder as questions to our own API. Throws `Unknown` for what cannot be asked. */
export function translate(target: Target, context: TranslateContext): Plan {
  if (target.rawQuery || target.measurement === undefined) throw new Unknown('target', 'rawQuery');
  const measurement = interpolate(target.measurement, context.variables);
  const groupBy: string[] = [];
  let window: number | undefined;
  let fill: Fill = 'null';
  for (const { type, params } of target.groupBy ?? []) {
    const first = interpolate(String(params?.[0] ?? ''), context.variables);
    if (type === 'time') window = windowMs(String(params?.[0] ?? ''), context);
    else if (type === 'fill') fill = fillOf(first);
    else if (type === 'tag') groupBy.push(...tagsOf(first));
    else throw new Unknown('target', `groupBy ${type}`);
  }
  const zone = target.tz ? interpolate(target.tz, context.variables) : '';
  const dayZone = zone !== '' && window === DAY_MS ? zone : undefined;
  const draft = { measurement, groupBy, window, context, target, dayZone };
  const columns = (target.select ?? []).map((parts) => columnOf(parts, draft));
  if (columns.length === 0) throw new Unknown('target', 'select');
  return {
    ...{ measurement, columns, groupBy, fill, span: context.span, dayZone },
    everyMs: columns.every(({ whole }) => whole === undefined) ? window : undefined,
    limit: positive(target.limit),
    seriesLimit: positive(target.slimit),
    isDescending: target.orderByTime === 'DESC',
    isEmpty: columns.some(({ asks }) => asks.length === 0),
  };
}

interface Draft {
  readonly measurement: string;
  readonly groupBy: readonly string[];
  readonly window: number | undefined;
  readonly dayZone: string | undefined;
  readonly context: TranslateContext;
  readonly target: Target;
}

function columnOf(parts: readonly Part[], draft: Draft): Column {
  const { measurement, window, context, groupBy, target, dayZone } = draft;
  const [first, ...rest] = parts;
  if (first?.type !== 'field') throw new Unknown('target', first?.type ?? 'select');
  const field = interpolate(String(first.params?.[0] ?? ''), context.variables);
  const alias = rest.find(({ type }) => type === 'alias')?.params?.[0];
  const others = rest.filter(({ type }) => type !== 'alias');
  // Percentiles of windows cannot be merged to one of a whole time.
  const hasPercentiles = window !== undefined && context.hasPercentiles(measurement, field);
  const aggregate = others[0] && aggregateOf(others[0], hasPercentiles);
  const steps = [
    ...(aggregate?.step ? [aggregate.step] : []),
    ...(aggregate ? others.slice(1) : others).map((part) => stepOf(part, context)),
  ];
  const where = whereOf(target.tags ?? [], context, measurement, field);
  const isWhole = aggregate !== undefined && window === undefined;
  // A mean of means would weigh a window with one reading like one with a hundred.
  const isMean = (isWhole || dayZone !== undefined) && aggregate?.fn === 'mean';
  const everyMs = aggregate?.step
    ? undefined
    : dayZone !== undefined
      ? HOUR_MS
      : (window ?? (isWhole ? wholeWindowMs(context.span) : undefined));
  // The first window has a difference too, to the one before the time shown.
  const needsOneMore = steps.some(({ kind }) => kind === 'difference' || kind === 'moving');
  const lead = needsOneMore && window !== undefined ? window : 0;
  const fns = aggregate?.step || !aggregate ? [undefined] : isMean ? ['sum', 'count'] : aggregate.fns;
  const ask = (fn: string | undefined): Ask => ({
    ...{ measurement, field, groupBy, where: where! },
    fromMs: context.span.fromMs - lead,
    toMs: context.span.toMs,
    ...(fn !== undefined && everyMs !== undefined && { fn, everyMs }),
  });
  return {
    name: String(alias ?? (aggregate ? aggregate.name : field)),
    asks: where ? fns.map(ask) : [],
    combine: aggregate?.fn === 'spread' ? 'spread' : isMean ? 'quotient' : 'one',
    whole: isWhole ? (aggregate.step ? 'percentile' : (WHOLE_BY[aggregate.fn] ?? aggregate.fn)) : undefined,
    steps,
  };
}

interface Aggregation {
  readonly name: string;
  readonly fn: string;
  readonly fns: readonly string[];
  /** Made here of single readings, where the API has none. */
  readonly step?: Step;
}

function aggregateOf({ type, params }: Part, hasPercentiles: boolean): Aggregation | undefined {
  if (DIRECT.has(type)) return { name: type, fn: type, fns: [type] };
  if (type === 'spread') return { name: type, fn: 'spread', fns: ['max', 'min'] };
  if (type !== 'percentile' && type !== 'median') return undefined;
  const percent = type === 'median' ? 50 : Number(params?.[0]);
  const fn = PERCENTILES[percent];
  if (hasPercentiles && fn !== undefined) return { name: type, fn, fns: [fn] };
  if (!(percent >= 0 && percent <= 100)) throw new Unknown('target', type);
  return { name: type, fn: type, fns: [], step: { kind: 'percentile', percent } };
}

function stepOf({ type, params }: Part, context: TranslateContext): Step {
  const first = String(params?.[0] ?? '');
  switch (type) {
    case 'difference':
    case 'non_negative_difference':
      return { kind: 'difference', isNonNegative: type.startsWith('non') };
    case 'derivative':
    case 'non_negative_derivative':
      return {
        kind: 'difference',
        isNonNegative: type.startsWith('non'),
        perMs: first === '' ? 1_000 : windowMs(first, context),
      };
    case 'cumulative_sum':
      return { kind: 'cumulative' };
    case 'moving_average':
      return { kind: 'moving', points: Math.max(1, Number(first) || 1) };
    case 'round':
    case 'floor':
    case 'ceil':
    case 'abs':
      return { kind: 'round', by: type };
    case 'math':
      return { kind: 'math', operations: operationsOf(first) };
    default:
      throw new Unknown('target', type);
  }
}

/** ` * 60 / 1000`: from left to right, as long as what binds more comes first. */
export function operationsOf(text: string): (readonly [string, number])[] {
  const found = [...text.matchAll(/\s*([-+*/])\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)\s*/gy)];
  const operations = found.map(([, operator, figure]) => [operator!, Number(figure)] as const);
  const signs = operations.map(([operator]) => (operator === '*' || operator === '/' ? 1 : 0));
  const isOrdered = signs.every((sign, index) => index === 0 || sign <= signs[index - 1]!);
  if (operations.length === 0 || found.map(([whole]) => whole).join('') !== text || !isOrdered) {
    throw new Unknown('target', `math ${text}`);
  }
  return operations;
}

function windowMs(text: string, { intervalMs, variables }: TranslateContext): number {
  if (/^\$(__interval|interval|\{__interval\})$/.test(text) && !variables.has(text.slice(1)))
    return intervalMs;
  if (text === 'auto' || text === '$__interval') return intervalMs;
  const ms = durationMs(interpolate(text, variables));
  if (ms === undefined) throw new Unknown('target', `time(${text})`);
  return ms;
}

/** Windows that are cut at the ends of the time hold what is within it, so any length of theirs gives the same whole. */
function wholeWindowMs({ fromMs, toMs }: TimeSpan): number {
  return Math.max(60_000, Math.ceil((toMs - fromMs) / WHOLE_WINDOWS / 60_000) * 60_000);
}

function fillOf(text: string): Fill {
  if (['null', 'none', 'previous', 'linear'].includes(text)) return text as Fill;
  if (text !== '' && Number.isFinite(Number(text))) return Number(text);
  throw new Unknown('target', `fill(${text})`);
}

/** `zone::tag` is what Grafana writes where a field has the same name. */
function tagsOf(text: string): string[] {
  if (text === '*') return [...TAGS];
  const tag = text.replace(/::tag$/, '');
  if (!(TAGS as readonly string[]).includes(tag)) throw new Unknown('target', `tag ${tag}`);
  return [tag];
}

/** For each tag the values that it may have; undefined where nothing can match. */
function whereOf(
  conditions: readonly TagCondition[],
  context: TranslateContext,
  measurement: string,
  field: string,
): Record<string, readonly string[]> | undefined {
  const where: Record<string, readonly string[]> = {};
  const isOr = conditions.some(({ condition }, index) => index > 0 && condition?.toUpperCase() === 'OR');
  if (isOr && new Set(conditions.map(({ key }) => key)).size > 1) throw new Unknown('target', 'OR');
  for (const condition of conditions) {
    const tag = tagsOf(condition.key)[0]!;
    const allowed = allowedBy(condition, tag, context, measurement, field);
    if (allowed === 'all') continue;
    const before = where[tag];
    where[tag] = before
      ? isOr
        ? [...new Set([...before, ...allowed])]
        : before.filter((value) => allowed.includes(value))
      : allowed;
  }
  const lists = Object.values(where);
  if (lists.some((values) => values.length === 0)) return undefined;
  if (lists.some((values) => values.length > MOST_VALUES))
    throw new Unknown('target', `tags > ${MOST_VALUES}`);
  return where;
}

function allowedBy(
  { operator = '=', value }: TagCondition,
  tag: string,
  { variables, seriesOf }: TranslateContext,
  measurement: string,
  field: string,
): readonly string[] | 'all' {
  if (operator === '=') return [interpolate(value, variables).replace(/^'(.*)'$/, '$1')];
  const known = [...new Set(seriesOf(measurement, field).map((tags) => tags[tag as keyof SetTags] ?? ''))];
  const matches = matcherOf(operator, value, variables);
  const allowed = known.filter(matches);
  return allowed.length === known.length && known.length > 0 ? 'all' : allowed;
}

function matcherOf(operator: string, value: string, variables: Variables): (tag: string) => boolean {
  if (operator === '!=' || operator === '<>') {
    const other = interpolate(value, variables);
    return (tag) => tag !== other;
  }
  if (operator !== '=~' && operator !== '!~') throw new Unknown('target', operator);
  const [, source] = /^\/(.*)\/$/s.exec(value) ?? [];
  let pattern: RegExp;
  try {
    pattern = new RegExp(interpolate(source ?? value, variables, 'regex'));
  } catch (error) {
    throw new Unknown('target', `${operator} ${value}`, error);
  }
  return operator === '=~' ? (tag) => pattern.test(tag) : (tag) => !pattern.test(tag);
}

function positive(value: string | number | undefined): number | undefined {
  const figure = Number(value);
  return Number.isInteger(figure) && figure > 0 ? figure : undefined;
}
