import uPlot from 'uplot';
import { scaleFor } from '../scale-for.ts';
import type { Board } from './board-context.ts';
import { cssColour, resolved, withAlpha } from './colours.ts';
import type { FieldConfig, Panel } from './model.ts';
import { isStacked } from './plot-table.ts';
import type { Series } from './series.ts';
import { plain, writeValue } from './units.ts';

interface Latest {
  readonly current: { readonly board: Board; readonly series: readonly Series[]; readonly panel: Panel };
}

/** All charts of a page share the crosshair. */
const SYNC = 'board';
const DAY_MS = 86_400_000;
const STEPS_MS = [
  ...[1, 5, 15, 30].map((seconds) => seconds * 1_000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
  ...[1, 2, 5, 10, 30, 90, 365].map((days) => days * DAY_MS),
];

/** How a chart looks; its data, and the time that it shows, are read from `latest` whenever it is drawn. */
export function plotOptions(
  element: HTMLElement,
  latest: Latest,
  onCursor: (index: number | null) => void,
): uPlot.Options {
  const { series } = latest.current;
  const style = getComputedStyle(element);
  const css = (colour: string) => resolved(colour, style);
  const scales = scalesOf(series);
  const axis = {
    stroke: css('var(--ink-soft)'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: css('var(--grid)'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    ms: 1,
    legend: { show: false },
    padding: [8, scales.length > 1 ? 4 : 16, 0, 0],
    cursor: {
      drag: { x: true, y: false, setScale: false },
      y: false,
      points: { size: 7 },
      sync: { key: SYNC, setSeries: false },
      bind: { dblclick: () => () => widened(latest) },
    },
    scales: {
      x: { time: true, range: () => [latest.current.board.span.fromMs, latest.current.board.span.toMs] },
      ...Object.fromEntries(scales.map((one) => [one.key, scaleOf(one.config)])),
    },
    axes: [
      { ...axis, size: 24, space: 72, incrs: STEPS_MS, values: (_, splits) => timesOf(splits, latest) },
      ...scales.slice(0, 2).map(
        ({ key, config, isRight }, index): uPlot.Axis => ({
          ...axis,
          scale: key,
          side: isRight || index === 1 ? 1 : 3,
          size: (u, values) => axisSize(u, values),
          space: 32,
          ...(index === 1 && { grid: { show: false } }),
          values: (_, splits) => splits.map((value) => tickOf(value, splits, config, latest)),
        }),
      ),
    ],
    bands: bandsOf(series, css),
    series: [
      {},
      ...series.map((one, index) =>
        lineOf(one, scaleKey(one.field.config), css, isStacked(series) && index > 0),
      ),
    ],
    hooks: {
      setCursor: [
        (u) => onCursor(u.cursor.left !== undefined && u.cursor.left >= 0 ? (u.cursor.idx ?? null) : null),
      ],
      setSelect: [(u) => zoomTo(u, latest)],
      drawClear: [(u) => drawThresholds(u, latest.current.series, css)],
    },
  };
}

function widened({ current: { board } }: Latest): null {
  board.onWiden();
  return null;
}

interface PlotScale {
  readonly key: string;
  readonly config: FieldConfig;
  readonly isRight: boolean;
}

/** Values of one unit share a scale. */
function scalesOf(series: readonly Series[]): PlotScale[] {
  const scales = new Map<string, PlotScale>();
  for (const { field } of series) {
    const key = scaleKey(field.config);
    if (!scales.has(key))
      scales.set(key, { key, config: field.config, isRight: field.config.custom?.axisPlacement === 'right' });
  }
  if (scales.size === 0) return [{ key: 'y', config: {}, isRight: false }];
  return [...scales.values()].sort((a, b) => Number(a.isRight) - Number(b.isRight));
}

function scaleKey({ unit = 'none', custom }: FieldConfig): string {
  return `${unit} ${custom?.axisPlacement === 'right' ? 'right' : ''}`;
}

function scaleOf({ min, max, custom }: FieldConfig): uPlot.Scale {
  const soft = (name: string) => (typeof custom?.[name] === 'number' ? (custom[name] as number) : undefined);
  const isLog = (custom?.scaleDistribution as { type?: string })?.type === 'log';
  if (isLog) return { distr: 3 };
  return {
    range: (_, low, high) => {
      const [least, most] = [soft('axisSoftMin'), soft('axisSoftMax')];
      const span = Math.abs((high ?? 0) - (low ?? 0)) || most || Math.max(1, Math.abs(high ?? 0) * 0.1);
      const [from, to] = scaleFor(low, high, span);
      return [min ?? Math.min(from, least ?? from), max ?? Math.max(to, most ?? to)];
    },
  };
}

function tickOf(
  value: number,
  splits: readonly number[],
  { unit, decimals }: FieldConfig,
  latest: Latest,
): string {
  const step = splits.length > 1 ? Math.abs(splits[1]! - splits[0]!) : 1;
  const shown = unit === 'percentunit' ? step * 100 : step;
  // As many digits as tell two ticks apart, and no more.
  const digits = [0, 1, 2, 3, 4, 5].find((one) => Math.abs((shown * 10 ** one) % 1) < 1e-6);
  return plain(writeValue(value, unit, digits ?? decimals ?? 6, latest.current.board.locale));
}

function axisSize(u: uPlot, values: readonly string[] | null): number {
  const longest = (values ?? []).reduce((most, one) => Math.max(most, u.ctx.measureText(one).width), 0);
  return Math.ceil(longest / devicePixelRatio) + 14;
}

function timesOf(splits: readonly number[], { current: { board } }: Latest): string[] {
  const isLong = board.span.toMs - board.span.fromMs > 2 * DAY_MS;
  const step = splits.length > 1 ? splits[1]! - splits[0]! : DAY_MS;
  return splits.map((timeMs) =>
    isLong && step >= DAY_MS / 2 ? board.locale.day(timeMs) : board.locale.clock(timeMs),
  );
}

function lineOf(
  { field, colour }: Series,
  scale: string,
  css: (colour: string) => string,
  isAbove: boolean,
): uPlot.Series {
  const custom = field.config.custom ?? {};
  const stroke = css(colour);
  const opacity = Number(custom.fillOpacity ?? 0) / 100;
  const dash = custom.lineStyle as { fill?: string; dash?: number[] } | undefined;
  const isPoints = custom.drawStyle === 'points';
  const isBars = custom.drawStyle === 'bars';
  const paths = uPlot.paths;
  return {
    ...{ scale, stroke, width: isPoints ? 0 : Number(custom.lineWidth ?? 1.5) },
    spanGaps: custom.spanNulls === true,
    ...(opacity > 0 && !isAbove && { fill: withAlpha(stroke, isBars ? Math.max(opacity, 0.4) : opacity) }),
    ...(dash?.fill === 'dash' && { dash: dash.dash ?? [8, 8] }),
    ...(dash?.fill === 'dot' && { dash: [2, 6] }),
    ...(isBars && { paths: paths.bars!({ size: [0.8, 40] }) }),
    ...(String(custom.lineInterpolation).startsWith('step') && {
      paths: paths.stepped!({ align: custom.lineInterpolation === 'stepBefore' ? -1 : 1 }),
    }),
    points:
      isPoints || custom.showPoints === 'always'
        ? { show: true, size: 5, fill: stroke }
        : { size: 5, filter: lonePoints },
  };
}

/** A point between two holes has no line that would show it. */
function lonePoints(u: uPlot, series: number): number[] | null {
  const values = u.data[series]!;
  const lone: number[] = [];
  for (let index = 0; index < values.length; index++) {
    if (values[index] != null && values[index - 1] == null && values[index + 1] == null) lone.push(index);
  }
  return lone;
}

/** `fillBelowTo` names the lower line of a band, such as that of two bounds. */
function bandsOf(series: readonly Series[], css: (colour: string) => string): uPlot.Band[] {
  const bands: uPlot.Band[] = series.flatMap(({ field, colour }, index) => {
    const lower = series.findIndex((one) => one.field.title === field.config.custom?.fillBelowTo);
    if (lower < 0) return [];
    const opacity = Number(field.config.custom?.fillOpacity ?? 15) / 100;
    return [{ series: [index + 1, lower + 1], fill: withAlpha(css(colour), opacity) }];
  });
  if (!isStacked(series)) return bands;
  return series.slice(1).map(({ colour, field }, index) => ({
    series: [index + 2, index + 1],
    fill: withAlpha(css(colour), Number(field.config.custom?.fillOpacity ?? 20) / 100),
  }));
}

function zoomTo(u: uPlot, { current: { board } }: Latest): void {
  const { left, width } = u.select;
  if (width < 4) return;
  const [fromMs, toMs] = [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')];
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (toMs - fromMs >= 1_000) board.onZoom({ fromMs: Math.round(fromMs), toMs: Math.round(toMs) });
}

/** Steps of the first field that wants them shown, as areas or lines behind everything. */
function drawThresholds(u: uPlot, series: readonly Series[], css: (colour: string) => string): void {
  const styleOf = ({ field }: Series) =>
    String((field.config.custom?.thresholdsStyle as { mode?: string })?.mode ?? 'off');
  const found = series.find((one) => styleOf(one) !== 'off');
  if (!found) return;
  const { config } = found.field;
  const { ctx, bbox } = u;
  const steps = config.thresholds?.steps ?? [];
  const clamp = (y: number) => Math.min(Math.max(y, bbox.top), bbox.top + bbox.height);
  const yOf = (value: number | null, otherwise: number) =>
    value === null ? otherwise : u.valToPos(value, scaleKey(config), true);
  ctx.save();
  steps.forEach(({ value, color }, index) => {
    const colour = css(cssColour(color));
    const [bottom, top] = [
      clamp(yOf(value, bbox.top + bbox.height)),
      clamp(yOf(steps[index + 1]?.value ?? null, bbox.top)),
    ];
    if (styleOf(found).includes('area') && colour !== 'transparent') {
      ctx.fillStyle = withAlpha(colour, 0.1);
      ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
    }
    const isWithin = value !== null && yOf(value, 0) > bbox.top && yOf(value, 0) < bbox.top + bbox.height;
    if (!isWithin || colour === 'transparent') return;
    ctx.strokeStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash(styleOf(found).includes('dashed') ? [8, 6] : []);
    ctx.beginPath();
    ctx.moveTo(bbox.left, bottom);
    ctx.lineTo(bbox.left + bbox.width, bottom);
    ctx.stroke();
  });
  ctx.restore();
}
