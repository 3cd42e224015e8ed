import { timeField, valueField } from './compute.ts';
import { type Frame, timeOf, valuesOf } from './model.ts';

/** What a table shows of several frames: series become rows of time, name and value; of tables, the first. */
export function merged(frames: readonly Frame[]): Frame | undefined {
  const areSeries =
    frames.length > 1 && frames.every((frame) => timeOf(frame) && valuesOf(frame).length === 1);
  if (!areSeries) return frames[0];
  const rows = frames.flatMap((frame) => {
    const value = valuesOf(frame)[0]!;
    return timeOf(frame)!.values.map((time, index) => ({
      time,
      name: value.title,
      cell: value.values[index] ?? null,
    }));
  });
  const first = valuesOf(frames[0]!)[0]!;
  return {
    refId: frames[0]!.refId,
    fields: [
      timeField(rows.map(({ time }) => time)),
      valueField(
        'Metric',
        rows.map(({ name }) => name),
        {},
      ),
      { ...first, title: 'Value', name: 'Value', values: rows.map(({ cell }) => cell) },
    ],
  };
}
