import { TAGS } from '../../../../core/reading.ts';
import { interpolate, type Variables, type VariableValue } from './interpolate.ts';
import type { Dashboard, Variable } from './model.ts';
import { patternOf } from './pattern-of.ts';
import type { KnownSeries, Source } from './source.ts';
import { Unknown } from './unknown.ts';

const ALL = '$__all';

export interface Option {
  readonly text: string;
  readonly value: string;
}

export interface ResolvedVariable {
  readonly variable: Variable;
  readonly options: readonly Option[];
  /** What is chosen; `$__all` alone for all of them. */
  readonly chosen: readonly string[];
  readonly unknown?: Unknown;
}

export { ALL };

/** Every variable with what can be chosen and what is; one may depend on those before it. */
export async function resolveVariables(
  dashboard: Dashboard,
  asked: (name: string) => readonly string[] | undefined,
  source: Source,
): Promise<ResolvedVariable[]> {
  const resolved: ResolvedVariable[] = [];
  for (const variable of dashboard.templating?.list ?? []) {
    if (variable.type === 'datasource') continue;
    resolved.push(await resolveOne(variable, asked(variable.name), valuesOf(resolved), source));
  }
  return resolved;
}

async function resolveOne(
  variable: Variable,
  asked: readonly string[] | undefined,
  known: Variables,
  source: Source,
): Promise<ResolvedVariable> {
  try {
    const options = await optionsOf(variable, known, source);
    return { variable, options, chosen: chosenOf(variable, options, asked) };
  } catch (error) {
    if (!(error instanceof Unknown)) throw error;
    return { variable, options: [], chosen: asked ?? [], unknown: error };
  }
}

async function optionsOf(variable: Variable, known: Variables, source: Source): Promise<Option[]> {
  const text = typeof variable.query === 'string' ? variable.query : (variable.query?.query ?? '');
  switch (variable.type) {
    case 'query': {
      const values = await tagValues(text || (variable.definition ?? ''), known, source);
      return filtered(values, variable.regex).map((value) => ({ text: value, value }));
    }
    case 'custom':
    case 'interval':
      return text.split(',').map((one) => {
        const [label = '', value] = one.split(' : ', 2).map((part) => part.trim());
        return { text: label, value: value ?? label };
      });
    case 'constant':
    case 'textbox':
      return text === '' ? [] : [{ text, value: text }];
    default:
      throw new Unknown('option', `variable ${variable.type}`);
  }
}

const SHOW_TAG_VALUES =
  /^\s*SHOW\s+TAG\s+VALUES(?:\s+FROM\s+(?:"([^"]+)"|(\/[^/]+\/)|(\w+)))?\s+WITH\s+KEY\s*=\s*"?(\w+)"?(?:\s+WHERE\s+(.+?))?\s*$/is;
const CONDITION = /^\s*"?(\w+)"?(?:::tag)?\s*(=~|!~|!=|<>|=)\s*(?:'([^']*)'|\/((?:[^/\\]|\\.)*)\/)\s*$/s;

/** `SHOW TAG VALUES FROM "soil" WITH KEY = "zone" WHERE "site" =~ /^$site$/`, answered from the series that there are. */
export async function tagValues(
  query: string,
  known: Variables,
  source: Pick<Source, 'series'>,
): Promise<string[]> {
  const [match, quoted, pattern, bare, key, where] = SHOW_TAG_VALUES.exec(query) ?? [];
  if (!match || !(TAGS as readonly string[]).includes(key!)) throw new Unknown('option', query);
  const measurement = interpolate(quoted ?? bare ?? '', known);
  const all = await source.series(measurement === '' ? undefined : measurement);
  const from = pattern ? patternOf(pattern) : undefined;
  const tests = (where?.split(/\s+AND\s+/i) ?? []).map((one) => conditionOf(one, known));
  const values = all
    .filter((series) => (from?.test(series.measurement) ?? true) && tests.every((test) => test(series)))
    .map(({ tags }) => tags[key as keyof typeof tags] ?? '')
    .filter((value) => value !== '');
  return [...new Set(values)].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
}

function conditionOf(text: string, known: Variables): (series: KnownSeries) => boolean {
  const [match, key, operator, literal, pattern] = CONDITION.exec(text) ?? [];
  if (!match) throw new Unknown('option', text);
  const tagOf = ({ tags }: KnownSeries) => tags[key as keyof typeof tags] ?? '';
  if (pattern === undefined) {
    const value = interpolate(literal ?? '', known);
    return (series) => (tagOf(series) === value) === (operator === '=');
  }
  const regex = patternOf(`/${interpolate(pattern, known, 'regex')}/`);
  return (series) => regex.test(tagOf(series)) === (operator === '=~');
}

function filtered(values: readonly string[], regex: string | undefined): readonly string[] {
  if (!regex) return values;
  const pattern = patternOf(regex);
  return values.flatMap((value) => {
    const found = pattern.exec(value);
    return found ? (found[1] ?? value) : [];
  });
}

/** What the address asks for, else what the file says, else all or the first. */
function chosenOf(
  { multi, includeAll, current, type }: Variable,
  options: readonly Option[],
  asked: readonly string[] | undefined,
): readonly string[] {
  const said = [current?.value ?? []].flat();
  const known = new Set(options.map(({ value }) => value));
  const isFree = type === 'textbox' || type === 'constant';
  for (const wanted of [asked ?? [], said]) {
    if (includeAll && wanted.some((value) => value === ALL || value === 'All')) return [ALL];
    const valid = isFree ? wanted : wanted.filter((value) => known.has(value));
    if (valid.length > 0) return multi ? valid : valid.slice(0, 1);
  }
  if (includeAll) return [ALL];
  return options.slice(0, 1).map(({ value }) => value);
}

export function valuesOf(resolved: readonly ResolvedVariable[]): Variables {
  return new Map(resolved.map((one) => [one.variable.name, meant(one)]));
}

function meant({ variable, options, chosen }: ResolvedVariable): VariableValue {
  if (!chosen.includes(ALL)) return { values: chosen };
  const values = options.map(({ value }) => value);
  // With nothing to choose from, all is whatever there will be.
  return { values, all: variable.allValue || (values.length === 0 ? '.*' : undefined) };
}
