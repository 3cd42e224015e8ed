import {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BarGaugeSizing,
  BarGaugeValueMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  type Panel,
  PercentChangeColorMode,
  VizOrientation,
} from '@grafana/schema';
import { type DrawnParts, drawn } from './panel.ts';

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
