import {
  type Dashboard,
  DashboardCursorSync,
  type Panel,
  VariableHide,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/schema';
import { DATA_SOURCE, PROVISIONED_UID } from './data-source.ts';
import type { Language, Say } from './panel.ts';

/** What Grafana 10.0 writes; later ones bring it up to date as they open it. */
const SCHEMA_VERSION = 38;
const COLUMNS = 24;

export interface Board {
  /** Of the English one; the Chinese ends with `-zh`. */
  readonly uid: string;
  build(say: Say, language: Language): BoardParts;
}

export interface BoardParts {
  readonly title: string;
  readonly description: string;
  /** How far back it looks when it is opened, such as `24h`. */
  readonly last: string;
  readonly variables: readonly VariableModel[];
  /** From left to right, and from the top. */
  readonly panels: readonly Panel[];
}

export function uidIn(uid: string, language: Language): string {
  return language === 'en' ? uid : `${uid}-${language}`;
}

export function dashboardOf(board: Board, language: Language): Dashboard {
  const say: Say = (en, zh) => ({ en, zh })[language];
  const { title, description, last, variables, panels } = board.build(say, language);
  return {
    uid: uidIn(board.uid, language),
    title,
    description,
    tags: ['sluice', language],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    fiscalYearStartMonth: 0,
    graphTooltip: DashboardCursorSync.Crosshair,
    timezone: 'browser',
    weekStart: 'monday',
    refresh: '30s',
    time: { from: `now-${last}`, to: 'now' },
    timepicker: { refresh_intervals: ['10s', '30s', '1m', '5m', '15m'] },
    annotations: { list: [] },
    links: [otherBoards(say, language)],
    templating: { list: [dataSource(say), ...variables] },
    panels: laidOut(panels),
  };
}

/** All of the same language, with what is chosen here. */
function otherBoards(say: Say, language: Language): NonNullable<Dashboard['links']>[number] {
  return {
    ...{ type: 'dashboards', title: say('Other dashboards', '其他看板'), tooltip: '', icon: 'external link' },
    ...{
      tags: ['sluice', language],
      asDropdown: true,
      includeVars: true,
      keepTime: true,
      targetBlank: false,
      url: '',
    },
  };
}

function dataSource(say: Say): VariableModel {
  return {
    ...{
      type: 'datasource',
      name: 'datasource',
      label: say('Database', '数据库'),
      query: 'influxdb',
      regex: '',
    },
    ...{ current: { text: 'Sluice', value: PROVISIONED_UID, selected: true }, options: [] },
    ...{ multi: false, includeAll: false, refresh: VariableRefresh.onDashboardLoad, skipUrlSync: false },
    hide: VariableHide.dontHide,
  };
}

interface TagVariable {
  readonly tag: string;
  readonly label: string;
  readonly from: string;
  /** Variables that limit it, each for the tag of its name. */
  readonly within?: readonly string[];
  /** One, and not all: the first at first. */
  readonly isOne?: boolean;
}

/** What a tag may be, as the database has it. `.*` for all also takes in series without the tag. */
export function tagVariable({ tag, label, from, within = [], isOne = false }: TagVariable): VariableModel {
  const limits = within.map((one) => `"${one}" =~ /^$${one}$/`).join(' AND ');
  const query = `SHOW TAG VALUES FROM "${from}" WITH KEY = "${tag}"${limits && ` WHERE ${limits}`}`;
  return {
    ...{
      type: 'query',
      name: tag,
      label,
      datasource: { ...DATA_SOURCE },
      query,
      regex: '',
    },
    ...{ multi: !isOne, includeAll: !isOne, ...(!isOne && { allValue: '.*' }), options: [] },
    current: isOne ? { text: '', value: '' } : { text: ['All'], value: ['$__all'], selected: true },
    refresh: VariableRefresh.onTimeRangeChanged,
    sort: VariableSort.naturalAsc,
    hide: VariableHide.dontHide,
    skipUrlSync: false,
  };
}

/** Where a day begins. InfluxQL takes a zone by its name, and `utc` in small letters is none. */
export function dayVariable(say: Say): VariableModel {
  const zones = ['Asia/Shanghai', 'Asia/Urumqi', 'UTC', 'Europe/Berlin', 'America/New_York'];
  return {
    ...{ type: 'custom', name: 'tz', label: say('Days of', '日界时区'), query: zones.join(',') },
    options: zones.map((value, index) => ({ text: value, value, selected: index === 0 })),
    current: { text: zones[0]!, value: zones[0]!, selected: true },
    ...{ multi: false, includeAll: false, skipUrlSync: false, hide: VariableHide.dontHide },
  };
}

/** From left to right; what does not fit begins a row below the tallest. */
function laidOut(panels: readonly Panel[]): Panel[] {
  let x = 0;
  let y = 0;
  let tallest = 0;
  return panels.map((panel) => {
    const { w, h } = panel.gridPos!;
    if (x + w > COLUMNS) {
      x = 0;
      y += tallest;
      tallest = 0;
    }
    const placed = { ...panel, gridPos: { x, y, w, h } };
    x += w;
    tallest = Math.max(tallest, h);
    return placed;
  });
}
