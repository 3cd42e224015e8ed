import {
  BarAlignment,
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BarGaugeSizing,
  BarGaugeValueMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  type DataTransformerConfig,
  FieldColorModeId,
  type FieldConfig,
  GraphDrawStyle,
  type GraphFieldConfig,
  LegendDisplayMode,
  LineInterpolation,
  MappingType,
  type Panel,
  PercentChangeColorMode,
  SortOrder,
  TableCellDisplayMode,
  TableCellHeight,
  ThresholdsMode,
  TooltipDisplayMode,
  type ValueMapping,
  VisibilityMode,
  VizOrientation,
} from '@grafana/schema';
import type { Quantity } from '../../../core/quantities.ts';
import { DATA_SOURCE } from './data-source.ts';
import type { InfluxTarget } from './target.ts';
import { unitId } from './unit-of.ts';

export type Language = 'en' | 'zh';
export type Say = (en: string, zh: string) => string;

/** What every panel says of itself. `id` is for life: links and alert rules name it. */
export interface About {
  readonly id: number;
  /** The question that it answers. */
  readonly title: string;
  readonly description: string;
  /** Of 24 columns, and in rows of 30 px. */
  readonly w: number;
  readonly h: number;
  /** Another time than the dashboard's: `now/d` is today, in the zone of whoever looks. */
  readonly timeFrom?: string;
}

type Override = { matcher: { id: string; options: string }; properties: { id: string; value: unknown }[] };
export type Steps = readonly (readonly [from: number | null, color: string])[];

interface DrawnParts extends About {
  readonly targets: readonly InfluxTarget[];
  readonly defaults: FieldConfig;
  readonly overrides?: readonly Override[];
  readonly transformations?: readonly DataTransformerConfig[];
}

/** A gap longer than this is shown as one. */
const GAP_MS = 3_600_000;

export function drawn(type: string, options: object, parts: DrawnParts): Panel {
  const {
    id,
    title,
    description,
    w,
    h,
    timeFrom,
    targets,
    defaults,
    overrides = [],
    transformations,
  } = parts;
  return {
    id,
    type,
    title,
    description,
    gridPos: { x: 0, y: 0, w, h },
    ...(timeFrom !== undefined && { timeFrom, hideTimeOverride: false }),
    datasource: { ...DATA_SOURCE },
    targets: targets.map((target) => ({ ...target })),
    fieldConfig: { defaults, overrides: [...overrides] },
    options: { ...options },
    ...(transformations && { transformations: [...transformations] }),
  };
}

/** Unit, digits, range of states and their words, as the catalogue has them. */
export function fieldOf(quantity: Quantity, language: Language): FieldConfig {
  return {
    unit: unitId(quantity.unit),
    decimals: quantity.unit === '1' ? 2 : quantity.decimals,
    ...(quantity.states && { mappings: [wordsOf(quantity.states, language)] }),
  };
}

function wordsOf(states: NonNullable<Quantity['states']>, language: Language): ValueMapping {
  const options = Object.entries(states).map(([value, words]) => [value, { text: words[language] }]);
  return { type: MappingType.ValueToText, options: Object.fromEntries(options) };
}

/** Words and colours for values. */
export function valueWords(
  options: Readonly<Record<string, { text: string; color?: string }>>,
): ValueMapping {
  return { type: MappingType.ValueToText, options: { ...options } };
}

export function steps(all: Steps): Pick<FieldConfig, 'thresholds' | 'color'> {
  return {
    color: { mode: FieldColorModeId.Thresholds },
    thresholds: { mode: ThresholdsMode.Absolute, steps: all.map(([value, color]) => ({ value, color })) },
  };
}

export function ofQuery(refId: string, properties: Readonly<Record<string, unknown>>): Override {
  return override('byFrameRefID', refId, properties);
}

export function ofColumn(name: string, properties: Readonly<Record<string, unknown>>): Override {
  return override('byName', name, properties);
}

function override(id: string, options: string, properties: Readonly<Record<string, unknown>>): Override {
  return {
    matcher: { id, options },
    properties: Object.entries(properties).map(([one, value]) => ({ id: one, value })),
  };
}

/** A bound from the series `threshold`: its own dashed line, and below a lower one the area that is too low. */
export function bound(refId: string, side: 'low' | 'high'): Override {
  return ofQuery(refId, {
    color: { mode: FieldColorModeId.Fixed, fixedColor: side === 'low' ? 'orange' : 'red' },
    'custom.lineStyle': { fill: 'dash', dash: [8, 6] },
    'custom.lineInterpolation': LineInterpolation.StepAfter,
    'custom.fillOpacity': side === 'low' ? 12 : 0,
  });
}

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

const reduced = (calc: string) => ({ calcs: [calc], fields: '', values: false });

export function stat(
  parts: DrawnParts & {
    readonly calc?: 'lastNotNull' | 'sum' | 'min' | 'max';
    readonly graph?: boolean;
    readonly names?: boolean;
  },
): Panel {
  const options = {
    reduceOptions: reduced(parts.calc ?? 'lastNotNull'),
    orientation: VizOrientation.Auto,
    textMode: parts.names === false ? BigValueTextMode.Value : BigValueTextMode.ValueAndName,
    wideLayout: true,
    colorMode: BigValueColorMode.Background,
    graphMode: parts.graph ? BigValueGraphMode.Area : BigValueGraphMode.None,
    justifyMode: BigValueJustifyMode.Auto,
    showPercentChange: false,
    percentChangeColorMode: PercentChangeColorMode.Standard,
  };
  return drawn('stat', options, parts);
}

export function gauge(parts: DrawnParts): Panel {
  const options = {
    reduceOptions: reduced('lastNotNull'),
    orientation: VizOrientation.Auto,
    showThresholdLabels: false,
    showThresholdMarkers: true,
    sizing: BarGaugeSizing.Auto,
    minVizWidth: 75,
    minVizHeight: 75,
  };
  return drawn('gauge', options, parts);
}

export function bargauge(parts: DrawnParts & { readonly calc?: 'lastNotNull' | 'sum' | 'max' }): Panel {
  const options = {
    reduceOptions: reduced(parts.calc ?? 'lastNotNull'),
    orientation: VizOrientation.Horizontal,
    displayMode: BarGaugeDisplayMode.Basic,
    valueMode: BarGaugeValueMode.Color,
    namePlacement: BarGaugeNamePlacement.Auto,
    showUnfilled: true,
    sizing: BarGaugeSizing.Auto,
    minVizWidth: 8,
    minVizHeight: 16,
    maxVizHeight: 300,
  };
  return drawn('bargauge', options, parts);
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

export interface TableColumn {
  /** As the query names it: a tag, or `named(…)`. */
  readonly name: string;
  readonly title: string;
  readonly field?: FieldConfig;
  /** Coloured by its thresholds or words. */
  readonly isColored?: boolean;
  /** Address behind each cell. */
  readonly link?: { readonly title: string; readonly url: string };
}

/** Columns in this order; the time of the query's row says nothing, and is left out. */
export function tablePanel(
  parts: Omit<DrawnParts, 'defaults' | 'overrides' | 'transformations'> & {
    readonly columns: readonly TableColumn[];
  },
): Panel {
  const { columns } = parts;
  const organize = {
    id: 'organize',
    options: {
      excludeByName: { Time: true },
      indexByName: Object.fromEntries(columns.map(({ name }, index) => [name, index])),
      renameByName: Object.fromEntries(columns.map(({ name, title }) => [name, title])),
    },
  };
  const overrides = columns.map(({ title, field = {}, isColored, link }) => {
    const { custom: _, ...own } = field;
    return ofColumn(title, {
      ...own,
      ...(isColored && { 'custom.cellOptions': { type: TableCellDisplayMode.ColorText } }),
      ...(link && { links: [{ title: link.title, url: link.url, targetBlank: false }] }),
    });
  });
  return drawn('table', TABLE_OPTIONS, {
    ...parts,
    defaults: { custom: { align: 'auto', cellOptions: { type: TableCellDisplayMode.Auto }, inspect: false } },
    overrides: overrides.filter(({ properties }) => properties.length > 0),
    transformations: [organize],
  });
}

const TABLE_OPTIONS = { showHeader: true, cellHeight: TableCellHeight.Sm, frameIndex: 0 };

/** Rows by columns: `value` for each pair of the tags `row` and `column`. */
export function matrix(
  parts: Omit<DrawnParts, 'transformations'> & {
    readonly row: string;
    readonly column: string;
    readonly value: string;
  },
): Panel {
  const { row, column, value, defaults } = parts;
  const custom = {
    align: 'center',
    cellOptions: { type: TableCellDisplayMode.ColorBackground, mode: 'basic' },
    inspect: false,
  };
  return drawn('table', TABLE_OPTIONS, {
    ...parts,
    defaults: { ...defaults, custom },
    transformations: [
      {
        id: 'groupingToMatrix',
        options: { rowField: row, columnField: column, valueField: value, emptyValue: 'null' },
      },
    ],
  });
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

export function geomap(parts: DrawnParts & { readonly layer: string }): Panel {
  const options = {
    view: { id: 'fit', lat: 0, lon: 0, zoom: 15, allLayers: true, padding: 20 },
    controls: {
      showZoom: true,
      mouseWheelZoom: false,
      showAttribution: true,
      showScale: true,
      showMeasure: false,
      showDebug: false,
    },
    basemap: { type: 'default', name: 'Layer 0', config: {} },
    layers: [
      {
        type: 'markers',
        name: parts.layer,
        config: {
          showLegend: false,
          style: {
            size: { fixed: 8, min: 4, max: 12 },
            color: { fixed: 'blue' },
            opacity: 0.8,
            symbol: { mode: 'fixed', fixed: 'img/icons/marker/circle.svg' },
          },
        },
        location: { mode: 'coords', latitude: 'latitude', longitude: 'longitude' },
        tooltip: true,
      },
    ],
    tooltip: { mode: 'details' },
  };
  return drawn('geomap', options, parts);
}

export function text(about: About, content: string): Panel {
  const { id, title, description, w, h } = about;
  return {
    id,
    type: 'text',
    title,
    description,
    gridPos: { x: 0, y: 0, w, h },
    options: { mode: 'markdown', content },
  };
}

/** Alerts of Grafana's own rules; the console shows the events of its alert engine in their place. */
export function alertList(about: About): Panel {
  const { id, title, description, w, h } = about;
  const options = {
    viewMode: 'list',
    groupMode: 'default',
    groupBy: [],
    maxItems: 20,
    sortOrder: 3,
    dashboardAlerts: false,
    alertName: '',
    alertInstanceLabelFilter: '{site=~"$site"}',
    stateFilter: { firing: true, pending: true, noData: true, normal: false, error: true },
  };
  return { id, type: 'alertlist', title, description, gridPos: { x: 0, y: 0, w, h }, options };
}
