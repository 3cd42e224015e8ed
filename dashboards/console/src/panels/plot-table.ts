import uPlot from 'uplot';
import type { Series } from './series.ts';

/** One table for all lines; where a line has nothing at a time of another, that is no hole in it. */
export function plotTable(series: readonly Series[]): uPlot.AlignedData {
  if (series.length === 0) return [[]];
  const tables = series.map(withGaps);
  const modes = series.map(({ field }): uPlot.JoinNullMode[] => [field.config.custom?.spanNulls ? 0 : 2]);
  const joined = uPlot.join(tables, modes);
  return isStacked(series) ? stacked(joined) : joined;
}

/** A line is not drawn over a time without readings that is longer than its panel says. */
function withGaps({ times, values, field }: Series): uPlot.AlignedData {
  const { insertNulls, spanNulls } = field.config.custom ?? {};
  const gapMs = [insertNulls, spanNulls].find((one) => typeof one === 'number') as number | undefined;
  const timeMs: number[] = [];
  const value: (number | null)[] = [];
  times.forEach((time, index) => {
    const before = timeMs.at(-1);
    if (gapMs !== undefined && before !== undefined && time - before > gapMs) {
      timeMs.push(before + 1);
      value.push(null);
    }
    const here = values[index];
    timeMs.push(time);
    value.push(typeof here === 'number' ? here : null);
  });
  return [timeMs, value];
}

export function isStacked(series: readonly Series[]): boolean {
  return series.some(({ field }) => (field.config.custom?.stacking as { mode?: string })?.mode === 'normal');
}

function stacked([times, ...columns]: uPlot.AlignedData): uPlot.AlignedData {
  const below: number[] = Array(times.length).fill(0);
  const tops = columns.map((column) =>
    Array.from(column, (value, index) => {
      if (typeof value !== 'number') return value ?? null;
      below[index] = below[index]! + value;
      return below[index]!;
    }),
  );
  return [times, ...tops];
}
