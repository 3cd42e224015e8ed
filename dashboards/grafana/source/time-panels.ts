import {
  BarAlignment,
  GraphDrawStyle,
  type GraphFieldConfig,
  LegendDisplayMode,
  LineInterpolation,
  type Panel,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
} from '@grafana/schema';
import { type DrawnParts, drawn } from './panel.ts';

/** A gap longer than this is shown as one. */
const GAP_MS = 3_600_000;

export function timeseries(
  parts: DrawnParts & { readonly drawStyle?: 'line' | 'bars'; readonly custom?: Partial<GraphFieldConfig> },
): Panel {
  const isBars = parts.drawStyle === 'bars';
  const custom = {
    drawStyle: isBars ? GraphDrawStyle.Bars : GraphDrawStyle.Line,
    lineInterpolation: LineInterpolation.Linear,
    lineWidth: isBars ? 1 : 2,
    fillOpacity: isBars ? 70 : 0,
    showPoints: VisibilityMode.Never,
    ...(isBars ? { barAlignment: BarAlignment.After } : { spanNulls: false, insertNulls: GAP_MS }),
    ...parts.custom,
  };
  const options = {
    legend: { showLegend: true, displayMode: LegendDisplayMode.List, placement: 'bottom', calcs: [] },
    tooltip: { mode: TooltipDisplayMode.Multi, sort: SortOrder.None },
  };
  return drawn('timeseries', options, { ...parts, defaults: { ...parts.defaults, custom } });
}

export function stateTimeline(parts: DrawnParts): Panel {
  const options = {
    mergeValues: true,
    showValue: VisibilityMode.Auto,
    alignValue: 'left',
    rowHeight: 0.8,
    legend: { showLegend: false, displayMode: LegendDisplayMode.List, placement: 'bottom', calcs: [] },
    tooltip: { mode: TooltipDisplayMode.Single, sort: SortOrder.None },
  };
  const custom = { lineWidth: 0, fillOpacity: 80, insertNulls: GAP_MS };
  return drawn('state-timeline', options, { ...parts, defaults: { ...parts.defaults, custom } });
}

export function heatmap(parts: DrawnParts & { readonly unit: string; readonly decimals: number }): Panel {
  const options = {
    calculate: false,
    cellGap: 1,
    color: {
      mode: 'scheme',
      scheme: 'YlOrRd',
      fill: 'dark-orange',
      scale: 'exponential',
      exponent: 0.5,
      steps: 64,
      reverse: false,
      min: 0,
    },
    cellValues: { unit: parts.unit, decimals: parts.decimals },
    yAxis: { axisPlacement: 'left', reverse: false, unit: 'short' },
    rowsFrame: { layout: 'auto' },
    showValue: VisibilityMode.Never,
    legend: { show: true },
    tooltip: { mode: TooltipDisplayMode.Single, yHistogram: false, showColorScale: false },
    exemplars: { color: 'rgba(255,0,255,0.7)' },
    filterValues: { le: 1e-9 },
  };
  return drawn('heatmap', options, parts);
}
