import type { ComponentType } from 'preact';
import { AlertList } from './alert-list.tsx';
import { Geomap } from './geomap.tsx';
import { Heatmap } from './heatmap.tsx';
import type { PanelContentProps } from './panel-content.ts';
import { BarGauge, Gauge, Stat } from './stat.tsx';
import { StateTimeline } from './state-timeline.tsx';
import { TablePanel } from './table-panel.tsx';
import { TextPanel } from './text-panel.tsx';
import { TimeSeries } from './time-series.tsx';

/** The types of panel that are drawn here; another one is a file and a line. */
export const PANEL_TYPES: Readonly<Record<string, ComponentType<PanelContentProps>>> = {
  timeseries: TimeSeries,
  stat: Stat,
  gauge: Gauge,
  bargauge: BarGauge,
  table: TablePanel,
  'state-timeline': StateTimeline,
  heatmap: Heatmap,
  geomap: Geomap,
  text: TextPanel,
  alertlist: AlertList,
};

/** They ask nothing of the store. */
export const WITHOUT_DATA: ReadonlySet<string> = new Set(['text', 'alertlist']);
