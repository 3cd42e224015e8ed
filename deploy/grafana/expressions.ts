import type { RuleStep } from '../../dashboards/grafana/source/rules/rule.ts';
import type { Frame } from './frames.ts';

/** One value with its labels: what an alert instance is. */
export interface Single {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | null;
}

interface Threshold {
  readonly expression: string;
  readonly conditions: readonly {
    readonly evaluator: Evaluator;
    readonly unloadEvaluator?: Evaluator;
  }[];
}
interface Evaluator {
  readonly type: 'gt' | 'lt';
  readonly params: readonly [number];
}

/**
 * Grafana's server-side expressions, as far as the rules use them: `reduce` to the newest number, `math` with `+ - * / < > && ||` on series
 * that have the same labels, or where those of one are among those of the other (others fall out), and nothing at all where one
 * input is empty; `threshold` with a recovery bound, for which `raised` are the labels of what was wrong at the look before.
 */
export function evaluate(
  steps: readonly RuleStep[],
  condition: string,
  queried: ReadonlyMap<string, readonly Frame[]>,
  raised: ReadonlySet<string> = new Set(),
): Single[] {
  const found = new Map<string, Single[]>();
  for (const { refId, datasourceUid, model } of steps) {
    if (datasourceUid !== '__expr__') continue;
    if (model.type === 'reduce') found.set(refId, reduced(queried.get(String(model.expression)) ?? []));
    if (model.type === 'math') found.set(refId, calculated(String(model.expression), found));
    if (model.type === 'threshold') found.set(refId, judged(model as unknown as Threshold, found, raised));
  }
  return found.get(condition)!;
}

export function labelKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort());
}

function reduced(frames: readonly Frame[]): Single[] {
  return frames.map(({ labels, points }) => {
    const last = points.findLast(([, value]) => value !== null && Number.isFinite(value));
    return { labels, value: last?.[1] ?? null };
  });
}

function judged(
  { expression, conditions }: Threshold,
  found: ReadonlyMap<string, Single[]>,
  raised: ReadonlySet<string>,
): Single[] {
  const [{ evaluator, unloadEvaluator }] = conditions as [Threshold['conditions'][number]];
  const holds = ({ type, params: [bound] }: Evaluator, value: number) =>
    type === 'gt' ? value > bound : value < bound;
  return found.get(expression)!.map(({ labels, value }) => {
    if (value === null) return { labels, value };
    const wasRaised = unloadEvaluator && raised.has(labelKey(labels));
    return { labels, value: Number(wasRaised ? !holds(unloadEvaluator, value) : holds(evaluator, value)) };
  });
}

function calculated(expression: string, found: ReadonlyMap<string, Single[]>): Single[] {
  const names = [...new Set([...expression.matchAll(/\$(\w)/g)].map(([, name]) => name!))];
  const inputs = names.map((name) => found.get(name)!);
  if (inputs.some((one) => one.length === 0)) return [];
  const [first, ...others] = inputs as [Single[], ...Single[][]];
  const formula = new Function(...names, `return Number(${expression.replaceAll('$', '')})`) as (
    ...values: number[]
  ) => number;
  return first.flatMap((one) => {
    const joined = others.map((other) => other.find(({ labels }) => belongs(one.labels, labels)));
    if (joined.some((other) => other === undefined)) return [];
    const values = [one.value, ...joined.map((other) => other!.value)];
    const value = values.some((each) => each === null) ? null : formula(...(values as number[]));
    return [{ labels: one.labels, value }];
  });
}

function belongs(one: Single['labels'], other: Single['labels']): boolean {
  const [few, many] = Object.keys(one).length <= Object.keys(other).length ? [one, other] : [other, one];
  return Object.entries(few).every(([key, value]) => many[key] === value);
}
