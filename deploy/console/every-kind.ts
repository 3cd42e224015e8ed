const part = (type: string, ...params: string[]) => ({ type, params });
const byZone = [part('time', '$__interval'), part('tag', 'zone'), part('fill', 'none')];
const chosen = [{ key: 'zone', operator: '=~', value: '/^$zone$/' }];

const moisture = (more: object = {}) => ({
  ...{ refId: 'A', measurement: 'soil', select: [[part('field', 'moisture'), part('mean')]] },
  ...{ groupBy: byZone, tags: chosen, alias: '$tag_zone', resultFormat: 'time_series', ...more },
});
const field = (measurement: string, name: string, more: object = {}) =>
  moisture({ measurement, select: [[part('field', name), part('last')]], tags: [], ...more });
const steps = (...all: readonly (readonly [number | null, string])[]) => ({
  thresholds: { mode: 'absolute', steps: all.map(([value, color]) => ({ value, color })) },
});

const percent = { unit: 'percent', decimals: 1 };
const open = {
  type: 'value',
  options: { 0: { text: 'closed', color: 'text' }, 1: { text: 'open', color: 'blue' } },
};

const PANELS = [
  { type: 'timeseries', title: 'lines', targets: [moisture()], fieldConfig: { defaults: percent } },
  {
    ...{ type: 'stat', title: 'figures', targets: [moisture()] },
    fieldConfig: {
      defaults: { ...percent, ...steps([null, 'green'], [20, 'orange']), color: { mode: 'thresholds' } },
    },
    options: { graphMode: 'area', colorMode: 'background', reduceOptions: { calcs: ['lastNotNull'] } },
  },
  {
    ...{ type: 'gauge', title: 'arc', targets: [field('irrigation', 'pressure', { groupBy: [] })] },
    fieldConfig: {
      defaults: { unit: 'pressurekpa', min: 0, max: 400, ...steps([null, 'red'], [100, 'green']) },
    },
  },
  {
    type: 'bargauge',
    title: 'bars',
    targets: [moisture()],
    fieldConfig: { defaults: { ...percent, max: 60 } },
  },
  {
    ...{ type: 'table', title: 'rows' },
    targets: [
      moisture({
        ...{ resultFormat: 'table', groupBy: [part('tag', 'zone'), part('tag', 'device')] },
        select: [[part('field', 'moisture'), part('last'), part('alias', 'moisture')]],
      }),
    ],
    fieldConfig: {
      defaults: {},
      overrides: [
        {
          matcher: { id: 'byName', options: 'moisture' },
          properties: [
            { id: 'unit', value: 'percent' },
            { id: 'custom.cellOptions', value: { type: 'color-background' } },
            { id: 'thresholds', value: steps([null, 'green'], [30, 'red']).thresholds },
            {
              id: 'links',
              value: [
                { title: 'Elsewhere', url: 'javascript:alert(3)' },
                // biome-ignore lint/suspicious/noTemplateCurlyInString: as Grafana writes it
                { title: 'Its zone', url: '/d/sluice-zone?var-zone=${__data.fields.zone}' },
                // biome-ignore lint/suspicious/noTemplateCurlyInString: as Grafana writes it
                { title: 'Its device', url: '/d/sluice-gateway?var-device=${__data.fields["device"]}' },
              ],
            },
          ],
        },
      ],
    },
    transformations: [{ id: 'organize', options: { excludeByName: { Time: true } } }],
  },
  {
    ...{ type: 'state-timeline', title: 'states' },
    targets: [
      field('irrigation', 'valve_state', {
        groupBy: [part('time', '$__interval'), part('tag', 'point'), part('fill', 'none')],
        alias: '$tag_point',
      }),
    ],
    fieldConfig: { defaults: { mappings: [open] } },
  },
  { type: 'heatmap', title: 'heat', targets: [moisture()], fieldConfig: { defaults: percent } },
  {
    ...{ type: 'geomap', title: 'places' },
    targets: [
      field('gnss', 'latitude', {
        ...{ resultFormat: 'table', groupBy: [part('tag', 'gateway')] },
        select: ['latitude', 'latitude'].map((name, index) => [
          ...[part('field', name), part('last'), part('alias', ['latitude', 'longitude'][index]!)],
        ]),
      }),
    ],
  },
  {
    type: 'text',
    title: 'words',
    options: { content: '# Hello\n\none **two** [bad](javascript:alert(1)) <script>alert(2)</script>' },
  },
  { type: 'timeseries', title: 'nothing', targets: [field('soil', 'salinity')] },
  { type: 'flamegraph', title: 'unheard', targets: [] },
  {
    ...{ type: 'stat', title: 'no pattern', targets: [moisture()] },
    options: { reduceOptions: { calcs: ['lastNotNull'], fields: '/(/' } },
  },
  {
    ...{ type: 'stat', title: 'torn', targets: [moisture()] },
    fieldConfig: { defaults: { ...percent, mappings: 7 } },
  },
  {
    ...{ type: 'timeseries', title: 'bent', targets: [moisture()] },
    transformations: [{ id: 'filterFieldsByName', options: { include: { names: 5 } } }],
  },
  {
    ...{ type: 'stat', title: 'partly' },
    targets: [
      moisture(),
      moisture({ refId: 'B', select: [[part('field', 'moisture'), part('holt_winters', '2', '2')]] }),
    ],
    fieldConfig: { defaults: percent },
  },
];

/** A dashboard of every type of panel that the console draws, one that it does not, and a target that nobody understands. */
export const EVERY_KIND = {
  ...{ uid: 'sluice-farm', title: 'Every kind', time: { from: 'now-6h', to: 'now' }, refresh: '30s' },
  templating: {
    list: [
      {
        ...{ name: 'zone', label: 'Zone', type: 'query', multi: true, includeAll: true },
        query: 'SHOW TAG VALUES FROM "soil" WITH KEY = "zone"',
        current: { value: ['$__all'] },
      },
    ],
  },
  panels: PANELS.map((panel, index) => ({
    ...panel,
    id: index + 1,
    gridPos: { x: (index % 2) * 12, y: Math.floor(index / 2) * 8, w: 12, h: 8 },
  })),
};
