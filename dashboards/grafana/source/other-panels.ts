import type { Panel } from '@grafana/schema';
import { type About, type DrawnParts, drawn } from './panel.ts';

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
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts the variable in
    alertInstanceLabelFilter: '{site=~"${site:regex}"}',
    stateFilter: { firing: true, pending: true, noData: true, normal: false, error: true },
  };
  return { id, type: 'alertlist', title, description, gridPos: { x: 0, y: 0, w, h }, options };
}
