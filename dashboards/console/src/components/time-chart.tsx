import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { useColourScheme } from '../use-colour-scheme.ts';
import 'uplot/dist/uPlot.min.css';
import type { Points } from '../history.ts';
import type { Locale } from '../i18n/locale.ts';
import { scaleFor } from '../scale-for.ts';
import { usualGapMs } from '../usual-gap.ts';
import { drawMarks, type Marks } from './chart-marks.ts';

/** Room left of the plot for its figures; the state bands below keep the same, so that times stand in line. */
const GUTTER_PX = 44;

/** Room right of the plot for half of the last label of the time axis. */
const PADDING_PX = 20;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Steps of the time axis; uPlot's own jump from one minute to five, which leaves a young farm with one label. */
const STEPS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12, 24, 48].map((hours) => hours * HOUR_MS),
  ...[4, 7, 14, 28, 56].map((days) => days * 24 * HOUR_MS),
];

export interface Line {
  readonly name: string;
  readonly points: Points;
}

export interface TimeChartProps {
  readonly lines: readonly Line[];
  readonly fromMs: number;
  readonly toMs: number;
  /** There is at most one point for each of these. */
  readonly everyMs: number;
  /** Smallest height of the scale, so that noise does not look like an event. */
  readonly leastSpan: number;
  /** Name of a CSS custom property. */
  readonly colour: string;
  readonly heightPx: number;
  readonly summary: string;
  readonly locale: Locale;
  readonly format: (value: number) => string;
  readonly formatTick: (value: number) => string;
  /** Bounds and shaded times. */
  readonly marks?: Marks;
}

/** Lines over time. It knows nothing of farms: values, a time and how to write them come in from outside. */
export default function TimeChart(props: TimeChartProps) {
  const { lines, fromMs, toMs, everyMs, heightPx, summary, locale, marks } = props;
  const holder = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLOutputElement>(null);
  const chart = useRef<uPlot>(null);
  const latest = useRef(props);
  latest.current = props;
  const scheme = useColourScheme();

  // Fonts, colours and the words on the axes are fixed when a chart is made; its data is not.
  useEffect(() => {
    const element = holder.current!;
    const made = new uPlot(optionsFor(element, latest, readout), [[]], element);
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [locale, scheme, lines.length, heightPx]);

  useEffect(() => {
    chart.current?.setData(table(lines, everyMs));
  }, [lines, fromMs, toMs, everyMs, locale, scheme, heightPx, marks]);

  return (
    <div class="chart">
      <output class="readout" ref={readout} aria-hidden="true" />
      <div ref={holder} role="img" aria-label={summary} style={{ height: `${heightPx}px` }} />
    </div>
  );
}

function optionsFor(
  element: HTMLElement,
  latest: { current: TimeChartProps },
  readout: { current: HTMLOutputElement | null },
): uPlot.Options {
  const { locale, colour, lines, heightPx, formatTick } = latest.current;
  const style = getComputedStyle(element);
  const css = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: css('--ink-soft'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: css('--grid'), width: 1 },
    ticks: { show: false },
  };
  const timesOf = (_: uPlot, splits: number[]) => {
    const isLong = latest.current.toMs - latest.current.fromMs > 48 * HOUR_MS;
    return splits.map((timeMs) => (isLong ? locale.day(timeMs) : locale.clock(timeMs)));
  };
  return {
    width: element.clientWidth,
    height: heightPx,
    ms: 1,
    legend: { show: false },
    padding: [8, PADDING_PX, 0, 0],
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 8 } },
    scales: {
      x: { time: true, range: () => [latest.current.fromMs, latest.current.toMs] },
      y: { range: (_, low, high) => scaleOf(low, high, latest.current) },
    },
    axes: [
      { ...axis, size: 24, space: 64, incrs: STEPS_MS, values: timesOf },
      { ...axis, size: GUTTER_PX, space: 28, values: (_, splits) => splits.map(formatTick) },
    ],
    series: [
      {},
      ...lines.map((_, index) => ({
        stroke: css(colour),
        // Colours are #rrggbb; two more digits are their alpha.
        ...(lines.length === 1 && { fill: `${css(colour)}18` }),
        width: 2,
        points: { show: true, size: 4, filter: lonePoints },
        ...(index > 0 && { dash: [6, 3 * index] }),
      })),
    ],
    hooks: {
      drawAxes: [
        (u) => {
          const { marks } = latest.current;
          if (marks) drawMarks(u, marks, css('--mark'), axis.font);
        },
      ],
      setCursor: [
        (u) => {
          if (readout.current) readout.current.textContent = underCursor(u, latest.current);
        },
      ],
    },
  };
}

/** Room of the scale beyond a bound for its words. */
const BESIDE_BOUND = 0.12;

/** High enough for the bounds too, or nobody would see how far values are from them. */
function scaleOf(low: number | null, high: number | null, { leastSpan, marks }: TimeChartProps) {
  const bounds = marks?.bounds.map(({ value }) => value) ?? [];
  const levels = [low, high, ...bounds].filter((one) => one !== null);
  if (bounds.length === 0 || levels.length === 0) return scaleFor(low, high, leastSpan);
  const [least, most] = [Math.min(...levels), Math.max(...levels)];
  const room = BESIDE_BOUND * Math.max(most - least, leastSpan);
  return scaleFor(
    Math.min(least, ...bounds.map((one) => one - room)),
    Math.max(most, ...bounds.map((one) => one + room)),
    leastSpan,
  );
}

function underCursor(u: uPlot, { lines, locale, format, toMs }: TimeChartProps): string {
  const { idx } = u.cursor;
  const timeMs = typeof idx === 'number' ? u.data[0][idx] : undefined;
  if (timeMs === undefined) return '';
  const values = lines.flatMap(({ name }, index) => {
    const value = u.data[index + 1]?.[idx as number];
    if (value === null || value === undefined) return [];
    return lines.length > 1 ? `${name} ${format(value)}` : format(value);
  });
  return [locale.time(timeMs, toMs), ...values].join(' · ');
}

/** A point between two holes has no line that would show it. */
function lonePoints(u: uPlot, series: number): number[] | null {
  const values = Array.from(u.data[series]!);
  const isHole = (index: number) => index < 0 || index >= values.length || values[index] === null;
  return [...values.keys()].filter(
    (index) => typeof values[index] === 'number' && isHole(index - 1) && isHole(index + 1),
  );
}

/** One table for all lines, with a hole wherever a line has nothing to say for longer than it usually has not. */
function table(lines: readonly Line[], everyMs: number): uPlot.AlignedData {
  if (lines.length === 0) return [[]];
  const tables = lines.map(({ points }): uPlot.AlignedData => {
    const gapMs = usualGapMs(points, everyMs);
    const times: number[] = [];
    const values: (number | null)[] = [];
    points.timeMs.forEach((timeMs, index) => {
      const before = times.at(-1);
      if (before !== undefined && timeMs - before > gapMs) {
        times.push(before + 1);
        values.push(null);
      }
      times.push(timeMs);
      values.push(points.value[index]!);
    });
    return [times, values];
  });
  return uPlot.join(
    tables,
    tables.map(() => [2]),
  );
}
