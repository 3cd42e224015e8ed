import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { useColourScheme } from '../use-colour-scheme.ts';
import 'uplot/dist/uPlot.min.css';
import { useBoard } from './board-context.ts';
import { shownText } from './field.ts';
import { FiguresTable } from './figures-table.tsx';
import { Legend } from './legend.tsx';
import type { PanelContentProps } from './panel-content.ts';
import { plotOptions } from './plot-options.ts';
import { plotTable } from './plot-table.ts';
import { type Series, seriesIn } from './series.ts';

/** As many lines of the read-out as can be read at once. */
const MOST_READ_OUT = 12;

/** Lines, bars and points over time. */
export function TimeSeries({ panel, data }: PanelContentProps) {
  const board = useBoard();
  const { words, locale } = board;
  const all = useMemo(() => seriesIn(data.frames), [data]);
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const series = all.filter(({ field }) => !hidden.includes(field.title));
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const latest = useRef({ board, series, panel });
  latest.current = { board, series, panel };
  const [at, setAt] = useState<number | null>(null);
  const scheme = useColourScheme();
  const shape = shapeOf(series);

  // Axes, colours and words are fixed when a chart is made; its data is not.
  useEffect(() => {
    const element = holder.current!;
    const made = new uPlot(plotOptions(element, latest, setAt), plotTable(latest.current.series), element);
    chart.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [locale, scheme, shape, panel]);
  useEffect(() => {
    chart.current?.setData(plotTable(series));
  }, [data, hidden, board.span]);

  const title = panel.title ?? '';
  const summary = [
    words.chart(title, locale.number(all.length, 0)),
    ...all
      .slice(0, 6)
      .map(({ field, latest: value }) =>
        words.latestOf(field.title, shownText(value, field.config, locale, board.nowMs)),
      ),
    ...(all.length > 6 ? [words.andMore(locale.number(all.length - 6, 0))] : []),
  ].join(' ');
  return (
    <div class="ts">
      <div
        ref={holder}
        class="ts-plot"
        role="img"
        aria-label={summary}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrows read values out and + and − zoom, for whoever has no pointer
        tabIndex={0}
        onKeyDown={(event) => onKey(event, chart.current, board)}
        onBlur={() => setAt(null)}
      />
      {at !== null && <ReadOut chart={chart.current} series={series} at={at} />}
      <Legend
        panel={panel}
        series={all}
        hidden={hidden}
        onToggle={(name) =>
          setHidden(hidden.includes(name) ? hidden.filter((one) => one !== name) : [...hidden, name])
        }
      />
      <FiguresTable title={title} series={all} />
    </div>
  );
}

/** What the chart was made for; others need another chart. */
function shapeOf(series: readonly Series[]): string {
  return series
    .map(
      ({ field, colour }) =>
        `${field.title} ${colour} ${JSON.stringify(field.config.custom ?? '')} ${field.config.unit}`,
    )
    .join('\n');
}

function onKey(
  event: KeyboardEvent,
  chart: uPlot | undefined,
  { span, onZoom, onWiden }: ReturnType<typeof useBoard>,
) {
  if (!chart) return;
  const times = chart.data[0];
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step !== undefined && times.length > 0) {
    const index = Math.min(
      Math.max((chart.cursor.idx ?? (step < 0 ? times.length : -1)) + step, 0),
      times.length - 1,
    );
    chart.setCursor({ left: chart.valToPos(times[index]!, 'x'), top: chart.bbox.height / 4 });
  } else if (event.key === '+' || event.key === '=') {
    const quarter = (span.toMs - span.fromMs) / 4;
    onZoom({ fromMs: span.fromMs + quarter, toMs: span.toMs - quarter });
  } else if (event.key === '-' || event.key === '−') onWiden();
  else return;
  event.preventDefault();
}

/** What the lines say at the crosshair. */
function ReadOut({ chart, series, at }: { chart: uPlot | undefined; series: readonly Series[]; at: number }) {
  const { locale, words, nowMs } = useBoard();
  const timeMs = chart?.data[0][at];
  if (!chart || timeMs === undefined) return null;
  const rows = series.flatMap(({ field, colour }, index) => {
    const value = chart.data[index + 1]?.[at];
    return value === null || value === undefined ? [] : [{ field, colour, value }];
  });
  const isRight = chart.valToPos(timeMs, 'x') > chart.width / 2;
  return (
    <output class="ts-readout" data-side={isRight ? 'left' : 'right'}>
      <strong>{locale.time(timeMs, nowMs)}</strong>
      {rows.slice(0, MOST_READ_OUT).map(({ field, colour, value }) => (
        <span key={field.title}>
          <i style={{ background: colour }} aria-hidden="true" /> {field.title}{' '}
          <b>{shownText(value, field.config, locale, nowMs)}</b>
        </span>
      ))}
      {rows.length > MOST_READ_OUT && (
        <span>{words.andMore(locale.number(rows.length - MOST_READ_OUT, 0))}</span>
      )}
    </output>
  );
}
