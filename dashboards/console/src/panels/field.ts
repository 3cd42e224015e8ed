import type { Locale } from '../i18n/locale.ts';
import { interpolate, interpolateField, type Variables } from './interpolate.ts';
import type {
  Cell,
  Field,
  FieldConfig,
  Frame,
  MappedText,
  Mapping,
  Override,
  Panel,
  ThresholdStep,
} from './model.ts';
import { patternOf } from './pattern-of.ts';
import { plain, type Written, writeValue } from './units.ts';

/** How a field is shown: the defaults of its panel, and what overrides say of it. */
export function configured(frames: readonly Frame[], panel: Panel, variables: Variables): Frame[] {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      const named = { ...field, title: titleOf(field, defaults, variables) };
      const matching = overrides.filter((one) => matches(one.matcher, named, frame));
      const config = matching.reduce(overridden, { ...defaults, ...field.config });
      return { ...named, config, title: titleOf(field, config, variables) };
    }),
  }));
}

function titleOf({ name, labels, kind }: Field, { displayName }: FieldConfig, variables: Variables): string {
  if (!displayName || kind === 'time') return name;
  return interpolateField(interpolate(displayName, variables), { name, labels });
}

function matches({ id, options }: Override['matcher'], field: Field, frame: Frame): boolean {
  switch (id) {
    case 'byName':
      return field.name === options || field.title === options;
    case 'byRegexp': {
      const pattern = patternOf(String(options));
      return pattern.test(field.title) || pattern.test(field.name);
    }
    case 'byFrameRefID':
    case 'byQuery':
      return frame.refId === options && field.kind === 'value';
    case 'byType':
      return options === 'time' ? field.kind === 'time' : field.kind === 'value' && options === kindOf(field);
    case 'byNames':
      return ((options as { names?: string[] })?.names ?? []).includes(field.title);
    default:
      return false;
  }
}

function kindOf({ values }: Field): string {
  return values.some((value) => typeof value === 'string') ? 'string' : 'number';
}

/** `custom.lineStyle` is one property of `custom`; the others are properties of the field. */
function overridden(config: FieldConfig, { properties }: Override): FieldConfig {
  const own: Record<string, unknown> = { ...config };
  const custom: Record<string, unknown> = { ...config.custom };
  for (const { id, value } of properties) {
    if (id.startsWith('custom.')) custom[id.slice('custom.'.length)] = value;
    else own[id] = value;
  }
  return { ...own, custom };
}

export interface Shown extends Written {
  /** A name or #rrggbb of Grafana; undefined where nothing says which. */
  readonly color: string | undefined;
  /** Its words came from a mapping, so that colour is not all that tells it. */
  readonly isMapped: boolean;
}

/** A value in words or figures, with its colour. */
export function shown(value: Cell, config: FieldConfig, locale: Locale, nowMs = 0): Shown {
  const mapped = mappedBy(value, config.mappings ?? []);
  const step = typeof value === 'number' ? thresholdOf(value, config) : undefined;
  const color = mapped?.color ?? colorOf(config, step);
  if (mapped?.text) return { figure: mapped.text, unit: '', color, isMapped: true };
  if (value === null) return { figure: config.noValue ?? '–', unit: '', color: undefined, isMapped: false };
  if (typeof value === 'string') return { figure: value, unit: '', color, isMapped: false };
  return { ...writeValue(value, config.unit, config.decimals, locale, nowMs), color, isMapped: false };
}

export function shownText(value: Cell, config: FieldConfig, locale: Locale, nowMs = 0): string {
  return plain(shown(value, config, locale, nowMs));
}

function colorOf({ color }: FieldConfig, step: ThresholdStep | undefined): string | undefined {
  if (color?.mode === 'fixed' || color?.mode === 'shades') return color.fixedColor;
  if (color?.mode === undefined || color.mode === 'thresholds') return step?.color;
  return undefined;
}

/** The highest step that a value has reached. */
export function thresholdOf(value: number, config: FieldConfig): ThresholdStep | undefined {
  const { mode, steps = [] } = config.thresholds ?? {};
  const { min, max } = config;
  const low = min ?? 0;
  const compared = mode === 'percentage' ? (100 * (value - low)) / ((max ?? 100) - low) : value;
  return steps.findLast((step) => step.value === null || compared >= step.value);
}

export function mappedBy(value: Cell, mappings: readonly Mapping[]): MappedText | undefined {
  for (const { type, options } of mappings) {
    const found = mappedByOne(value, type, options);
    if (found) return found;
  }
  return undefined;
}

function mappedByOne(
  value: Cell,
  type: Mapping['type'],
  options: Mapping['options'],
): MappedText | undefined {
  const result = options.result as MappedText | undefined;
  switch (type) {
    case 'value':
      return value === null ? undefined : (options[String(value)] as MappedText | undefined);
    case 'range': {
      const from = (options.from as number | null) ?? Number.NEGATIVE_INFINITY;
      const to = (options.to as number | null) ?? Number.POSITIVE_INFINITY;
      return typeof value === 'number' && value >= from && value <= to ? result : undefined;
    }
    case 'special':
      return isSpecial(value, options.match) ? result : undefined;
    case 'regex': {
      if (typeof value !== 'string') return undefined;
      const pattern = patternOf(String(options.pattern));
      return pattern.test(value) && result
        ? { ...result, ...(result.text && { text: value.replace(pattern, result.text) }) }
        : undefined;
    }
  }
}

function isSpecial(value: Cell, match: unknown): boolean {
  if (match === 'empty') return value === '';
  if (match === 'null' || match === 'null+nan') return value === null;
  if (match === 'true' || match === 'false') return String(value) === match;
  return match === 'nan' && Number.isNaN(value);
}

type Reducer = (values: readonly number[], all: readonly Cell[]) => Cell;

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const REDUCERS: Readonly<Record<string, Reducer>> = {
  last: (_, all) => all.at(-1) ?? null,
  lastNotNull: (_, all) => all.findLast((value) => value !== null) ?? null,
  first: (_, all) => all[0] ?? null,
  firstNotNull: (_, all) => all.find((value) => value !== null) ?? null,
  min: (values) => (values.length > 0 ? values.reduce((a, b) => Math.min(a, b)) : null),
  max: (values) => (values.length > 0 ? values.reduce((a, b) => Math.max(a, b)) : null),
  mean: (values) => (values.length > 0 ? sum(values) / values.length : null),
  sum: (values) => (values.length > 0 ? sum(values) : null),
  count: (_, all) => all.length,
  range: (values) =>
    values.length > 0
      ? values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b))
      : null,
  delta: (values) =>
    values.length > 0
      ? values.slice(1).reduce((all, value, index) => all + Math.max(0, value - values[index]!), 0)
      : null,
  diff: (values) => (values.length > 0 ? values.at(-1)! - values[0]! : null),
};

/** One value of many, by Grafana's name of how; the last that is there where it is not known. */
export function reduced(values: readonly Cell[], by = 'lastNotNull'): Cell {
  const numbers = values.filter((value) => typeof value === 'number');
  return (REDUCERS[by] ?? REDUCERS.lastNotNull!)(numbers, values);
}
