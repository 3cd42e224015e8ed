import { useEffect, useRef } from 'preact/hooks';
import { useColourScheme } from '../use-colour-scheme.ts';
import { useBoard } from './board-context.ts';
import { cssColour, resolved } from './colours.ts';
import { shownText, thresholdOf } from './field.ts';
import { FiguresTable } from './figures-table.tsx';
import type { PanelContentProps } from './panel-content.ts';
import { type Series, seriesIn } from './series.ts';
import { TimeTicks } from './time-ticks.tsx';

const ROW_PX = 18;

/** A row for each series and a cell for each window, in the colour of its value: where and when it was out of the ordinary. */
export function Heatmap({ panel, data }: PanelContentProps) {
  const { span, locale, words } = useBoard();
  const series = seriesIn(data.frames);
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useColourScheme();
  useEffect(() => {
    const element = canvas.current!;
    const draw = () => paint(element, series, span, data.everyMs);
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    return () => observer.disconnect();
  }, [data, span, scheme]);
  const [low, high] = endsOf(series);
  const cells = (panel.options?.cellValues ?? {}) as { unit?: string; decimals?: number };
  const write = (value: number) => shownText(value, { ...series[0]?.field.config, ...cells }, locale);
  return (
    <div class="heat">
      <div class="heat-body">
        <ul class="heat-names">
          {series.map(({ field }) => (
            <li key={field.title} style={{ height: `${ROW_PX}px` }}>
              {field.title}
            </li>
          ))}
        </ul>
        <canvas
          ref={canvas}
          style={{ height: `${ROW_PX * series.length}px` }}
          role="img"
          aria-label={words.chart(panel.title ?? '', locale.number(series.length, 0))}
        />
      </div>
      <div class="heat-ticks">
        <TimeTicks />
      </div>
      {series.length > 0 && (
        <p class="panel-note">
          {write(low)} <span class="heat-scale" aria-hidden="true" /> {write(high)}
        </p>
      )}
      <FiguresTable title={panel.title ?? ''} series={series} />
    </div>
  );
}

function endsOf(series: readonly Series[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { values } of series) {
    for (const value of values) {
      if (typeof value !== 'number') continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low <= high ? [low, high] : [0, 1];
}

function paint(
  element: HTMLCanvasElement,
  series: readonly Series[],
  span: { fromMs: number; toMs: number },
  everyMs: number,
) {
  const scale = devicePixelRatio;
  element.width = Math.max(1, Math.round(element.clientWidth * scale));
  element.height = Math.max(1, Math.round(ROW_PX * series.length * scale));
  const context = element.getContext('2d')!;
  const style = getComputedStyle(element);
  const perMs = element.width / (span.toMs - span.fromMs);
  const [low, high] = endsOf(series);
  const heat = resolved('var(--heat)', style);
  series.forEach(({ times, values, field }, row) => {
    times.forEach((timeMs, index) => {
      const value = values[index];
      if (typeof value !== 'number') return;
      const step = field.config.color?.mode === 'thresholds' ? thresholdOf(value, field.config) : undefined;
      context.globalAlpha = step ? 1 : 0.12 + 0.88 * ((value - low) / (high - low || 1));
      context.fillStyle = step ? resolved(cssColour(step.color), style) : heat;
      const x = (timeMs - span.fromMs) * perMs;
      context.fillRect(x, row * ROW_PX * scale + 1, Math.max(1, everyMs * perMs - 0.5), ROW_PX * scale - 2);
    });
  });
}
