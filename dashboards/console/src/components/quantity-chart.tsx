import { useMemo } from 'preact/hooks';
import type { CataloguedMetric } from '../farm.ts';
import { figureWithUnit, shortLabel } from '../format-metric.ts';
import { tagsKey, usePoints } from '../history.ts';
import { RANGES } from '../ranges.ts';
import { useView } from '../view.ts';
import { LateChart } from './late-chart.tsx';

const COLOURS: Readonly<Record<string, string>> = {
  moisture: '--moisture',
  temperature: '--temperature',
  flow: '--flow',
};

/** The chart of one quantity: a line for each of the series given, which all are of that quantity. */
export function QuantityChart({ metrics, isVisible, heightPx }: QuantityChartProps) {
  const { locale, history, range, shown } = useView();
  const { words } = locale;
  const { quantity } = metrics[0]!;
  const { measurement, field, decimals } = quantity;
  const { everyMs } = RANGES[range];
  const all = usePoints(history, { measurement, field, ...RANGES[range], fn: 'mean' }, isVisible);
  const keys = metrics.map(({ reading }) => tagsKey(reading.tags)).join(' ');
  const lines = useMemo(
    () =>
      metrics.flatMap(({ reading: { tags } }) => {
        const points = all?.get(tagsKey(tags));
        return points ? { name: tags.point ?? tags.device ?? '', points } : [];
      }),
    [all, keys],
  );
  const name = shortLabel(quantity, locale);
  const values = lines.flatMap(({ points }) => points.value);
  const write = (value: number) => figureWithUnit(value, quantity, locale);
  const latest = lines[0]?.points.value.at(-1);
  const summary =
    latest === undefined
      ? `${name}, ${words.rangeNames[range]}: ${words.chartEmpty}`
      : words.chartSummary(
          name,
          words.rangeNames[range],
          write(least(values)),
          write(most(values)),
          write(latest),
        );
  return (
    <figure class="quantity-chart" data-quantity={field} data-points={values.length}>
      <figcaption>
        {name}
        {quantity.unit !== '' && <span class="unit"> {quantity.unit}</span>}
      </figcaption>
      {all && lines.length === 0 && <p class="chart-empty">{words.chartEmpty}</p>}
      <LateChart
        lines={lines}
        fromMs={shown.fromMs}
        toMs={shown.toMs}
        everyMs={everyMs}
        leastSpan={20 * 10 ** -decimals}
        colour={COLOURS[field] ?? '--other'}
        heightPx={heightPx}
        summary={summary}
        locale={locale}
        format={write}
        formatTick={(value) => locale.number(value, Number.isInteger(value) ? 0 : Math.max(1, decimals))}
      />
    </figure>
  );
}

interface QuantityChartProps {
  readonly metrics: readonly CataloguedMetric[];
  readonly isVisible: boolean;
  readonly heightPx: number;
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b));
}

function most(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b));
}
