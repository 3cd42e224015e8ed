import type { SeriesPoints } from '../api.ts';
import type { Cell, Field, Frame, Target } from './model.ts';
import type { Ask, Column, Fill, Plan, Step } from './translate.ts';

/** Windows or readings of one series, in order of time. */
interface Points {
  readonly timeMs: readonly number[];
  readonly value: readonly Cell[];
}

/** One series of each answer, by the tags that it was grouped by. */
type Answer = readonly SeriesPoints[];

/** Frames of a target: what the API answered to each question of its plan, in order of columns and questions. */
export function framesOf(target: Target, plan: Plan, answers: readonly (readonly Answer[])[]): Frame[] {
  const refId = target.refId ?? 'A';
  const columns = plan.columns.map((column, index) => seriesOf(column, plan, answers[index] ?? []));
  const keys = [...new Set(columns.flatMap((column) => [...column.keys()]))]
    .sort()
    .slice(0, plan.seriesLimit ?? Number.POSITIVE_INFINITY);
  if (target.resultFormat === 'table') return [tableOf(refId, plan, columns, keys)];
  return columns.flatMap((column, index) =>
    keys.flatMap((key) => {
      const points = column.get(key);
      if (!points) return [];
      const labels = labelsOf(key, plan.groupBy);
      const name = nameOf(target, plan, plan.columns[index]!, labels);
      return { refId, fields: [timeField(points.timeMs), valueField(name, points.value, labels)] };
    }),
  );
}

function seriesOf(column: Column, plan: Plan, answers: readonly Answer[]): Map<string, Points> {
  const found = answers.map((answer) => new Map(answer.map((one) => [keyOf(one.tags, plan.groupBy), one])));
  const series = new Map<string, Points>();
  for (const [key, first] of found[0] ?? []) {
    const points = combined(column, first, found[1]?.get(key), plan, column.asks[0]!);
    if (points.timeMs.length > 0) series.set(key, points);
  }
  return series;
}

function combined(column: Column, first: Points, second: Points | undefined, plan: Plan, ask: Ask): Points {
  const { steps } = column;
  let points = first;
  if (column.whole !== undefined) {
    const value = wholeOf(column, first, second);
    return afterAll(
      { timeMs: [plan.span.fromMs], value: [value] },
      steps.filter(({ kind }) => kind !== 'percentile'),
    );
  }
  if (plan.dayZone !== undefined) points = daysOf(column, first, second, plan.dayZone);
  else if (column.combine === 'spread' && second) points = { ...first, value: minus(first, second) };
  if (steps[0]?.kind === 'percentile' && plan.everyMs !== undefined) {
    points = percentilesOf(first, steps[0].percent, plan.everyMs);
  }
  points = afterAll(
    points,
    steps.filter(({ kind }) => kind !== 'percentile'),
  );
  const start = startOf(plan);
  if (ask.fromMs < plan.span.fromMs) points = from(points, start);
  if (plan.everyMs !== undefined && plan.dayZone === undefined)
    points = filled(points, plan.fill, start, plan.span.toMs, plan.everyMs);
  if (plan.isDescending)
    points = { timeMs: [...points.timeMs].reverse(), value: [...points.value].reverse() };
  if (plan.limit === undefined) return points;
  return { timeMs: points.timeMs.slice(0, plan.limit), value: points.value.slice(0, plan.limit) };
}

/** Of the first window that reaches into the time shown. */
function startOf({ span: { fromMs }, everyMs, dayZone }: Plan): number {
  if (everyMs === undefined) return fromMs;
  return dayZone === undefined ? fromMs - (fromMs % everyMs) : fromMs - everyMs + 1;
}

function wholeOf({ whole, combine, steps }: Column, first: Points, second: Points | undefined): Cell {
  if (combine === 'quotient') {
    const count = total(second?.value ?? []);
    return count > 0 ? total(first.value) / count : null;
  }
  if (combine === 'spread') {
    const [highest, lowest] = [numbers(first.value), numbers(second?.value ?? [])];
    return highest.length > 0 ? most(highest) - least(lowest) : null;
  }
  const step = steps.find((one) => one.kind === 'percentile');
  if (whole === 'percentile' && step?.kind === 'percentile')
    return percentile(numbers(first.value), step.percent);
  if (whole === 'first') return first.value[0] ?? null;
  if (whole === 'last') return first.value.at(-1) ?? null;
  const values = numbers(first.value);
  if (values.length === 0) return null;
  if (whole === 'min') return least(values);
  if (whole === 'max') return most(values);
  if (whole === 'sum') return total(values);
  return null;
}

function afterAll(points: Points, steps: readonly Step[]): Points {
  return steps.reduce(after, points);
}

function after(points: Points, step: Step): Points {
  switch (step.kind) {
    case 'difference':
      return differences(points, step);
    case 'cumulative': {
      let sum = 0;
      return mapped(points, (value) => (sum += value));
    }
    case 'moving': {
      const window: number[] = [];
      return mapped(points, (value) => {
        window.push(value);
        if (window.length > step.points) window.shift();
        return window.length < step.points ? null : total(window) / step.points;
      });
    }
    case 'round':
      return mapped(points, Math[step.by]);
    case 'math':
      return mapped(points, (value) => step.operations.reduce(calculated, value));
    case 'percentile':
      return points;
  }
}

function calculated(value: number, [operator, by]: readonly [string, number]): number {
  if (operator === '*') return value * by;
  if (operator === '/') return value / by;
  return operator === '+' ? value + by : value - by;
}

/** A counter that starts anew makes a negative difference, which says nothing of what was counted: left out, as InfluxQL does. */
function differences(
  points: Points,
  { isNonNegative, perMs }: Extract<Step, { kind: 'difference' }>,
): Points {
  const timeMs: number[] = [];
  const value: Cell[] = [];
  let before: number | undefined;
  let beforeMs = 0;
  points.value.forEach((now, index) => {
    if (typeof now !== 'number') return;
    const nowMs = points.timeMs[index]!;
    if (before !== undefined) {
      const difference = now - before;
      if (difference >= 0 || !isNonNegative) {
        timeMs.push(nowMs);
        value.push(perMs === undefined ? difference : (difference * perMs) / (nowMs - beforeMs));
      }
    }
    before = now;
    beforeMs = nowMs;
  });
  return { timeMs, value };
}

function percentilesOf(points: Points, percent: number, everyMs: number): Points {
  const windows = new Map<number, number[]>();
  points.value.forEach((value, index) => {
    if (typeof value !== 'number') return;
    const timeMs = points.timeMs[index]!;
    const start = timeMs - (timeMs % everyMs);
    const values = windows.get(start);
    if (values) values.push(value);
    else windows.set(start, [value]);
  });
  return {
    timeMs: [...windows.keys()],
    value: Array.from(windows.values(), (one) => percentile(one, percent)),
  };
}

/** Hours as days of a zone. Hours do not fit the days of zones half an hour off; what is on the border then counts to the day it began in. */
function daysOf(column: Column, first: Points, second: Points | undefined, zone: string): Points {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const startOf = (timeMs: number) => {
    const [hour = 0, minute = 0] = format.format(timeMs).split(':').map(Number);
    return timeMs - (hour * 60 + minute) * 60_000;
  };
  const folded = (points: Points | undefined) => {
    const days = new Map<number, Cell[]>();
    points?.timeMs.forEach((timeMs, index) => {
      const start = startOf(timeMs);
      days.set(start, [...(days.get(start) ?? []), points.value[index]!]);
    });
    return days;
  };
  const [days, others] = [folded(first), folded(second)];
  const fn = column.asks[0]?.fn ?? 'last';
  const whole = { ...column, whole: fn === 'count' ? 'sum' : fn };
  const value = Array.from(days, ([start, values]) =>
    wholeOf(whole, { timeMs: [], value: values }, { timeMs: [], value: others.get(start) ?? [] }),
  );
  return { timeMs: [...days.keys()], value };
}

/** The nearest rank, as InfluxQL takes it. */
export function percentile(values: readonly number[], percent: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const index = Math.floor((sorted.length * percent) / 100 + 0.5) - 1;
  return sorted[Math.max(0, index)] ?? null;
}

/** Windows in which nothing was read, as the query wants them. */
function filled(points: Points, fill: Fill, fromMs: number, toMs: number, everyMs: number): Points {
  if (fill === 'none' || points.timeMs.length === 0) return points;
  const known = new Map(points.timeMs.map((timeMs, index) => [timeMs, points.value[index]!]));
  const timeMs: number[] = [];
  const value: Cell[] = [];
  let previous: Cell = null;
  for (let at = fromMs; at < toMs; at += everyMs) {
    const here = known.get(at) ?? null;
    timeMs.push(at);
    value.push(here ?? (typeof fill === 'number' ? fill : fill === 'previous' ? previous : null));
    if (here !== null) previous = here;
  }
  return { timeMs, value: fill === 'linear' ? interpolated(timeMs, value) : value };
}

function interpolated(timeMs: readonly number[], values: readonly Cell[]): Cell[] {
  const result = [...values];
  let left = -1;
  values.forEach((value, right) => {
    if (typeof value !== 'number') return;
    const start = values[left];
    for (let index = left + 1; left >= 0 && index < right && typeof start === 'number'; index++) {
      const share = (timeMs[index]! - timeMs[left]!) / (timeMs[right]! - timeMs[left]!);
      result[index] = start + share * (value - start);
    }
    left = right;
  });
  return result;
}

function from({ timeMs, value }: Points, startMs: number): Points {
  const first = timeMs.findIndex((one) => one >= startMs);
  return first < 0 ? { timeMs: [], value: [] } : { timeMs: timeMs.slice(first), value: value.slice(first) };
}

function tableOf(
  refId: string,
  plan: Plan,
  columns: readonly ReadonlyMap<string, Points>[],
  keys: readonly string[],
): Frame {
  const rows: { key: string; timeMs: number; cells: Cell[] }[] = [];
  for (const key of keys) {
    const byTime = new Map<number, Cell[]>();
    columns.forEach((column, index) => {
      const points = column.get(key);
      points?.timeMs.forEach((timeMs, at) => {
        const cells = byTime.get(timeMs) ?? columns.map(() => null);
        cells[index] = points.value[at]!;
        byTime.set(timeMs, cells);
      });
    });
    for (const [timeMs, cells] of [...byTime].sort(([a], [b]) => a - b)) rows.push({ key, timeMs, cells });
  }
  const tagFields = plan.groupBy.map((tag) =>
    valueField(
      tag,
      rows.map(({ key }) => labelsOf(key, plan.groupBy)[tag] ?? ''),
      {},
    ),
  );
  const valueFields = plan.columns.map(({ name }, index) =>
    valueField(
      name,
      rows.map(({ cells }) => cells[index]!),
      {},
    ),
  );
  return { refId, fields: [timeField(rows.map(({ timeMs }) => timeMs)), ...tagFields, ...valueFields] };
}

export function timeField(values: readonly Cell[]): Field {
  return { name: 'Time', title: 'Time', kind: 'time', values, labels: {}, config: {} };
}

export function valueField(name: string, values: readonly Cell[], labels: Field['labels']): Field {
  return { name, title: name, kind: 'value', values, labels, config: {} };
}

/** As Grafana names series of InfluxQL: by the alias, or by what was measured and its tags. */
function nameOf({ alias }: Target, plan: Plan, column: Column, labels: Field['labels']): string {
  if (alias) {
    return alias.replace(/\$(\w+)|\[\[([\s\S]+?)\]\]/g, (whole, plain, bracketed) => {
      const name: string = plain ?? bracketed;
      if (name === 'm' || name === 'measurement') return plan.measurement;
      if (name === 'col') return column.name;
      return name.startsWith('tag_') ? (labels[name.slice(4)] ?? '') : whole;
    });
  }
  const tags = Object.entries(labels).map(([tag, value]) => `${tag}: ${value}`);
  return `${plan.measurement}.${column.name}${tags.length > 0 ? ` {${tags.join(', ')}}` : ''}`;
}

function keyOf(tags: SeriesPoints['tags'], groupBy: readonly string[]): string {
  return groupBy.map((tag) => tags[tag as keyof typeof tags] ?? '').join('\u0000');
}

function labelsOf(key: string, groupBy: readonly string[]): Record<string, string> {
  const values = key.split('\u0000');
  return Object.fromEntries(groupBy.map((tag, index) => [tag, values[index] ?? '']));
}

function mapped(points: Points, change: (value: number) => Cell): Points {
  return {
    ...points,
    value: points.value.map((value) => (typeof value === 'number' ? change(value) : value)),
  };
}

function minus(high: Points, low: Points): Cell[] {
  return high.value.map((value, index) => {
    const other = low.value[index];
    return typeof value === 'number' && typeof other === 'number' ? value - other : null;
  });
}

const numbers = (cells: readonly Cell[]) => cells.filter((cell) => typeof cell === 'number');
const total = (cells: readonly Cell[]) => numbers(cells).reduce((sum, value) => sum + value, 0);
const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b));
const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b));
