import { seriesColour } from './colours.ts';
import { reduced, thresholdOf } from './field.ts';
import { type Cell, type Field, type Frame, timeOf, valuesOf } from './model.ts';

/** One line of a chart: a column of values with its times. */
export interface Series {
  readonly field: Field;
  readonly refId: string;
  readonly times: readonly number[];
  readonly values: readonly Cell[];
  readonly latest: Cell;
  /** CSS. */
  readonly colour: string;
}

export function seriesIn(frames: readonly Frame[]): Series[] {
  let index = 0;
  return frames.flatMap((frame) => {
    const time = timeOf(frame);
    return valuesOf(frame)
      .filter(({ config }) => !isHidden(config.custom))
      .map((field) => {
        const latest = reduced(field.values);
        const ofLatest = typeof latest === 'number' ? thresholdOf(latest, field.config)?.color : undefined;
        const colour = seriesColour(field.config, index++, ofLatest);
        return {
          ...{ field, refId: frame.refId, latest, colour },
          times: (time?.values ?? []) as readonly number[],
          values: field.values,
        };
      });
  });
}

function isHidden(custom: Readonly<Record<string, unknown>> | undefined): boolean {
  return (custom?.hideFrom as { viz?: boolean } | undefined)?.viz === true;
}
