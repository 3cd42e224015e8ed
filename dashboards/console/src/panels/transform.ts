import { timeField, valueField } from './compute.ts';
import { reduced } from './field.ts';
import { type Cell, type Field, type Frame, type Transformation, timeOf, valuesOf } from './model.ts';
import { patternOf } from './pattern-of.ts';
import { Unknown } from './unknown.ts';

type Options = Readonly<Record<string, unknown>>;
type Transform = (frames: readonly Frame[], options: Options) => Frame[];

/** Those of Grafana's transformations that our files use. */
const TRANSFORMS: Readonly<Record<string, Transform>> = {
  organize: (frames, options) => frames.map((frame) => organized(frame, options)),
  merge,
  joinByField: joined,
  seriesToColumns: joined,
  reduce: reducedToRows,
  sortBy: (frames, { sort }) => frames.map((frame) => sorted(frame, sort)),
  filterFieldsByName: filtered,
  labelsToFields: (frames) => frames.map(labelsToFields),
  groupingToMatrix: (frames, options) => frames.slice(0, 1).map((frame) => matrix(frame, options)),
  limit: (frames, { limitField }) => frames.map((frame) => limited(frame, Number(limitField ?? 10))),
  renameByRegex: (frames, options) => frames.map((frame) => renamed(frame, options)),
  calculateField: (frames, options) => frames.map((frame) => calculated(frame, options)),
};

/** Throws `Unknown` for a transformation that is not known. */
export function transformed(frames: readonly Frame[], transformations: readonly Transformation[]): Frame[] {
  return transformations
    .filter(({ disabled }) => !disabled)
    .reduce((before: readonly Frame[], { id, options = {} }) => {
      const transform = TRANSFORMS[id];
      if (!transform) throw new Unknown('transformation', id);
      return transform(before, options);
    }, frames) as Frame[];
}

function organized(frame: Frame, options: Options): Frame {
  const excluded = (options.excludeByName ?? {}) as Record<string, boolean>;
  const order = (options.indexByName ?? {}) as Record<string, number>;
  const names = (options.renameByName ?? {}) as Record<string, string>;
  const fields = frame.fields
    .filter(({ name }) => !excluded[name])
    .map((field, index) => ({ field, at: order[field.name] ?? 1_000 + index }))
    .sort((a, b) => a.at - b.at)
    .map(({ field }) => renamedTo(field, names[field.name] || field.name));
  return { ...frame, fields };
}

function renamedTo(field: Field, name: string): Field {
  return { ...field, name, title: name };
}

/** One table of all: rows with the same in all columns that they share become one. */
function merge(frames: readonly Frame[]): Frame[] {
  const tables = frames.filter(({ fields }) => fields.length > 0);
  if (tables.length <= 1) return [...tables];
  const names = [...new Set(tables.flatMap(({ fields }) => fields.map(({ name }) => name)))];
  const shared = names.filter((name) =>
    tables.every(({ fields }) => fields.some((one) => one.name === name)),
  );
  const rows = new Map<string, Map<string, Cell>>();
  for (const { fields } of tables) {
    const keys = fields.filter(({ name }) => shared.includes(name));
    for (let row = 0; row < (fields[0]?.values.length ?? 0); row++) {
      const key = keys.map(({ values }) => values[row]).join('\u0000');
      const cells = rows.get(key) ?? new Map<string, Cell>();
      for (const { name, values } of fields) cells.set(name, values[row] ?? null);
      rows.set(key, cells);
    }
  }
  return [tableOf(tables, names, [...rows.values()])];
}

/** By one column that all have, time where none is named: the columns of all beside it. */
function joined(frames: readonly Frame[], { byField }: Options): Frame[] {
  const keyOf = (frame: Frame) =>
    byField === undefined ? timeOf(frame) : frame.fields.find(({ name }) => name === byField);
  const tables = frames.filter((frame) => keyOf(frame) !== undefined);
  if (tables.length === 0) return [...frames];
  const first = keyOf(tables[0]!)!;
  const keys = [...new Set(tables.flatMap((frame) => keyOf(frame)!.values))];
  if (first.kind === 'time') keys.sort((a, b) => Number(a) - Number(b));
  const columns = tables.flatMap((frame) => {
    const key = keyOf(frame)!;
    const rowOf = new Map(key.values.map((value, row) => [value, row]));
    return frame.fields
      .filter((field) => field !== key)
      .map((field) => ({ ...field, values: keys.map((one) => field.values[rowOf.get(one) ?? -1] ?? null) }));
  });
  return [{ refId: tables[0]!.refId, fields: [{ ...first, values: keys }, ...columns] }];
}

function reducedToRows(
  frames: readonly Frame[],
  { reducers, mode, labelsToFields: hasLabels }: Options,
): Frame[] {
  const by = (reducers as string[] | undefined) ?? ['lastNotNull'];
  if (mode === 'reduceFields') {
    return frames.map((frame) => ({
      ...frame,
      fields: valuesOf(frame).map((field) => ({ ...field, values: [reduced(field.values, by[0])] })),
    }));
  }
  const fields = frames.flatMap((frame) => valuesOf(frame));
  const labels = hasLabels ? [...new Set(fields.flatMap((field) => Object.keys(field.labels)))] : [];
  return [
    {
      refId: frames[0]?.refId ?? 'A',
      fields: [
        valueField(
          'Field',
          fields.map(({ title }) => title),
          {},
        ),
        ...labels.map((label) =>
          valueField(
            label,
            fields.map((field) => field.labels[label] ?? null),
            {},
          ),
        ),
        ...by.map((one) =>
          valueField(
            REDUCED_NAMES[one] ?? one,
            fields.map(({ values }) => reduced(values, one)),
            {},
          ),
        ),
      ],
    },
  ];
}

/** What Grafana calls the columns. */
const REDUCED_NAMES: Readonly<Record<string, string>> = {
  last: 'Last',
  lastNotNull: 'Last *',
  first: 'First',
  firstNotNull: 'First *',
  min: 'Min',
  max: 'Max',
  mean: 'Mean',
  sum: 'Total',
  count: 'Count',
  range: 'Range',
  delta: 'Delta',
  diff: 'Difference',
};

function sorted(frame: Frame, sort: unknown): Frame {
  const { field: name, desc } = (sort as { field?: string; desc?: boolean }[] | undefined)?.[0] ?? {};
  const by = frame.fields.find((field) => field.name === name);
  return by ? inOrder(frame, orderOf(by.values, desc === true)) : frame;
}

/** Rows in order of a column; what is not there comes last. */
export function orderOf(values: readonly Cell[], isDescending: boolean): number[] {
  const compare = (a: Cell, b: Cell) =>
    typeof a === 'number' && typeof b === 'number'
      ? a - b
      : String(a).localeCompare(String(b), undefined, { numeric: true });
  return [...values.keys()].sort((a, b) => {
    const [one, other] = [values[a] ?? null, values[b] ?? null];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return isDescending ? compare(other, one) : compare(one, other);
  });
}

function inOrder(frame: Frame, order: readonly number[]): Frame {
  return {
    ...frame,
    fields: frame.fields.map((field) => ({
      ...field,
      values: order.map((row) => field.values[row] ?? null),
    })),
  };
}

function limited(frame: Frame, limit: number): Frame {
  return {
    ...frame,
    fields: frame.fields.map((field) => ({ ...field, values: field.values.slice(0, limit) })),
  };
}

function filtered(frames: readonly Frame[], { include, exclude }: Options): Frame[] {
  const test = (rule: unknown) => {
    const { names, pattern } = (rule ?? {}) as { names?: string[]; pattern?: string };
    const regex = pattern ? patternOf(pattern) : undefined;
    return rule
      ? (name: string) => (names?.includes(name) ?? false) || (regex?.test(name) ?? false)
      : undefined;
  };
  const [isIn, isOut] = [test(include), test(exclude)];
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.filter(({ name }) => (isIn?.(name) ?? true) && !isOut?.(name)),
  }));
}

function labelsToFields(frame: Frame): Frame {
  const rows = frame.fields[0]?.values.length ?? 0;
  const labels = Object.entries(valuesOf(frame)[0]?.labels ?? {});
  const columns = labels.map(([name, value]) => valueField(name, Array(rows).fill(value), {}));
  const time = timeOf(frame);
  return { ...frame, fields: [...(time ? [time] : []), ...columns, ...valuesOf(frame)] };
}

function matrix(frame: Frame, { columnField, rowField, valueField: valueName, emptyValue }: Options): Frame {
  const find = (name: unknown) => frame.fields.find((field) => field.name === name);
  const [column, row, value] = [find(columnField), find(rowField), find(valueName)];
  if (!column || !row || !value) return frame;
  const columns = [...new Set(column.values)].sort(byName);
  const rows = [...new Set(row.values)].sort(byName);
  const cells = new Map(
    value.values.map((cell, at) => [`${row.values[at]}\u0000${column.values[at]}`, cell]),
  );
  const empty = emptyValue === 'empty' ? '' : null;
  return {
    ...frame,
    fields: [
      valueField(`${row.name}\\${column.name}`, rows, {}),
      ...columns.map((name) => ({
        ...valueField(
          String(name),
          rows.map((one) => cells.get(`${one}\u0000${name}`) ?? empty),
          {},
        ),
        config: value.config,
      })),
    ],
  };
}

/** Whatever answered first: rows and columns in one order have what is from a place to itself along the diagonal. */
function byName(one: Cell, other: Cell): number {
  return String(one).localeCompare(String(other), undefined, { numeric: true });
}

function renamed(frame: Frame, { regex, renamePattern }: Options): Frame {
  const pattern = patternOf(String(regex));
  const fields = frame.fields.map((field) =>
    renamedTo(field, field.name.replace(pattern, String(renamePattern))),
  );
  return { ...frame, fields };
}

function calculated(frame: Frame, options: Options): Frame {
  const { mode, alias, replaceFields, binary } = options as {
    mode?: string;
    alias?: string;
    replaceFields?: boolean;
    binary?: { left: unknown; operator: string; right: unknown };
  };
  if (mode !== 'binary' || !binary) throw new Unknown('transformation', `calculateField ${mode}`);
  const [left, right] = [operandOf(frame, binary.left), operandOf(frame, binary.right)];
  const rows = frame.fields[0]?.values.length ?? 0;
  const values = Array.from({ length: rows }, (_, row): Cell => {
    const [a, b] = [left(row), right(row)];
    return typeof a === 'number' && typeof b === 'number' ? combined(a, binary.operator, b) : null;
  });
  const made = valueField(alias ?? 'calculated', values, {});
  const time = timeOf(frame);
  return { ...frame, fields: replaceFields ? [...(time ? [time] : []), made] : [...frame.fields, made] };
}

function operandOf(frame: Frame, operand: unknown): (row: number) => Cell {
  const { matcher, fixed } = (typeof operand === 'object' && operand !== null ? operand : {}) as {
    matcher?: { options?: unknown };
    fixed?: string;
  };
  const name = matcher?.options ?? fixed ?? operand;
  const field = frame.fields.find((one) => one.name === name);
  const figure = Number(name);
  return (row) => (field ? (field.values[row] ?? null) : Number.isFinite(figure) ? figure : null);
}

function combined(a: number, operator: string, b: number): Cell {
  if (operator === '+') return a + b;
  if (operator === '-') return a - b;
  if (operator === '*') return a * b;
  return operator === '/' && b !== 0 ? a / b : null;
}

/** Columns of several frames as one table; kinds and settings are of the first that has them. */
function tableOf(
  frames: readonly Frame[],
  names: readonly string[],
  rows: readonly ReadonlyMap<string, Cell>[],
): Frame {
  const all = frames.flatMap(({ fields }) => fields);
  const fields = names.map((name) => {
    const first = all.find((field) => field.name === name)!;
    const values = rows.map((cells) => cells.get(name) ?? null);
    return first.kind === 'time' ? { ...timeField(values), name } : { ...first, values };
  });
  return { refId: frames[0]!.refId, fields };
}
