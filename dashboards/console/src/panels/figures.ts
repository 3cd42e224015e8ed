import type { Locale } from '../i18n/locale.ts';
import { reduced, type Shown, shown, shownText } from './field.ts';
import { type Cell, type Field, type Frame, type Panel, timeOf, valuesOf } from './model.ts';
import { patternOf } from './pattern-of.ts';

/** One figure of a stat, a gauge or a bar gauge. */
export interface Figure {
  readonly key: string;
  readonly name: string;
  readonly value: Cell;
  readonly shown: Shown;
  readonly field: Field;
  readonly times: readonly number[];
}

interface ReduceOptions {
  readonly calcs?: readonly string[];
  readonly values?: boolean;
  readonly limit?: number;
  readonly fields?: string;
}

/** One for each series, or for each row where the panel shows all values. */
export function figuresOf(panel: Panel, frames: readonly Frame[], locale: Locale, nowMs: number): Figure[] {
  const options = (panel.options?.reduceOptions ?? {}) as ReduceOptions;
  const pattern = options.fields ? patternOf(options.fields) : undefined;
  return frames.flatMap((frame, frameIndex) => {
    const times = (timeOf(frame)?.values ?? []) as readonly number[];
    const fields = valuesOf(frame).filter(({ title, values }) =>
      pattern
        ? pattern.test(title)
        : values.some((value) => typeof value === 'number') || values.length === 0 || !hasNumbers(frame),
    );
    const figure = (field: Field, value: Cell, name: string, at: number): Figure => ({
      key: `${frameIndex} ${field.name} ${at}`,
      ...{ name, value, field, times, shown: shown(value, field.config, locale, nowMs) },
    });
    if (!options.values)
      return fields.map((field) => figure(field, reduced(field.values, options.calcs?.[0]), field.title, 0));
    const names = valuesOf(frame).find(({ values }) => values.some((value) => typeof value === 'string'));
    return fields.flatMap((field) =>
      field.values
        .slice(0, options.limit ?? 25)
        .map((value, row) =>
          figure(
            field,
            value,
            names ? shownText(names.values[row] ?? null, names.config, locale) : field.title,
            row,
          ),
        ),
    );
  });
}

function hasNumbers(frame: Frame): boolean {
  return valuesOf(frame).some(({ values }) => values.some((value) => typeof value === 'number'));
}

/** Where a value lies between the ends of its scale, 0 to 1. */
export function shareOf(value: Cell, { config, values }: Field): number {
  if (typeof value !== 'number') return 0;
  const [low, high] = endsOf(config, values);
  return Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
}

export function endsOf({ min, max, unit }: Field['config'], values: readonly Cell[]): [number, number] {
  const numbers = values.filter((value) => typeof value === 'number');
  const natural = unit === 'percent' || unit === 'humidity' ? 100 : unit === 'percentunit' ? 1 : undefined;
  const low = min ?? (natural === undefined && numbers.length > 0 ? Math.min(0, ...numbers) : 0);
  const high = max ?? natural ?? (numbers.length > 0 ? numbers.reduce((a, b) => Math.max(a, b)) : 100);
  return [low, high > low ? high : low + 1];
}
