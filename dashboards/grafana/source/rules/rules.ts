import type { BurnWindowName } from '../../../../core/links/burn-windows.ts';
import {
  boundField,
  EXPECTED_MEASUREMENT,
  THRESHOLD_MEASUREMENT,
} from '../../../../core/thresholds/threshold.ts';
import { column, series } from '../target.ts';
import { quantity } from '../unit-of.ts';
import { BOUNDED, type Bounded } from './bounded.ts';
import { type AlertRule, lastOf, math, queryStep, type RuleStep, threshold } from './rule.ts';

/** Of a reading and its bounds: the same for both, or they would not join. */
const SERIES_TAGS = ['site', 'zone', 'gateway', 'device', 'point'];
const GATEWAY_TAGS = ['site', 'gateway'];
const LINK_TAGS = ['site', 'gateway', 'device', 'point', 'link', 'class'];
/** A device may say nothing for so long when nothing changes; its last value still stands. */
const LOOKBACK_S = 3_600;
/** What ingest writes each minute. */
const OWN_LOOKBACK_S = 600;

interface Where {
  readonly dashboard: string;
  readonly panel: number;
}

interface Words {
  readonly en: string;
  readonly zh: string;
}

/** `{{ $values.D }}` and the like are put in by Grafana as the alert is told. */
function annotations(words: Words, { dashboard, panel }: Where): AlertRule['annotations'] {
  return {
    summary: `${words.en} / ${words.zh}`,
    summary_en: words.en,
    summary_zh: words.zh,
    __dashboardUid__: dashboard,
    __panelId__: String(panel),
  };
}

const newest = (refId: string, from: string, field: string, by: readonly string[], fromS: number): RuleStep =>
  queryStep(series(refId, { from, select: [column(field, 'last')], where: [], by }), fromS);

interface Joined {
  readonly measurement: string;
  readonly field: string;
  readonly side: 'low' | 'high';
  readonly by: readonly string[];
  readonly fromS: number;
}

/**
 * A reading against its own bounds: G is below 0 beyond the bound where it is raised, and above 1 past the one where it clears,
 * whichever side they are on and whatever their unit. So one threshold with a recovery bound does for all of them. What is
 * divided by is never below 0: where both bounds are the same, G is infinite, with the sign that it should have.
 */
function joinedWithBounds({ measurement, field, side, by, fromS }: Joined): readonly RuleStep[] {
  const bounds = (what: 'low' | 'low_clear' | 'high' | 'high_clear') =>
    boundField({ measurement, field }, what);
  return [
    newest('A', measurement, field, by, fromS),
    newest('B', THRESHOLD_MEASUREMENT, bounds(side), by, OWN_LOOKBACK_S),
    newest('C', THRESHOLD_MEASUREMENT, bounds(`${side}_clear`), by, OWN_LOOKBACK_S),
    lastOf('D', 'A'),
    lastOf('E', 'B'),
    lastOf('F', 'C'),
    math('G', side === 'low' ? '($D - $E) / ($F - $E)' : '($E - $D) / ($E - $F)'),
    threshold('H', 'G', ['lt', 0], ['gt', 1]),
  ];
}

const PLACE_EN = '{{ $labels.site }} {{ $labels.zone }} {{ $labels.device }}';
const shown = (refId: string, decimals: number) => `{{ printf "%.${decimals}f" $values.${refId}.Value }}`;

function boundRule({ quantity: one, ...where }: Bounded, side: 'low' | 'high'): AlertRule {
  const { measurement, field, unit, decimals } = one;
  const value = `${shown('D', decimals)} ${unit}`;
  const limit = `${shown('E', decimals)} ${unit}`;
  return {
    ...rule(`sluice-${measurement}-${field}-${side}`.replaceAll('_', '-'), 'warning', '5m'),
    title: `${one.en}: too ${side} / ${one.zh}：过${side === 'low' ? '低' : '高'}`,
    condition: 'H',
    data: joinedWithBounds({ measurement, field, side, by: SERIES_TAGS, fromS: LOOKBACK_S }),
    annotations: annotations(
      {
        en: `${one.en} too ${side} at ${PLACE_EN}: ${value}, bound ${limit}`,
        zh: `${PLACE_EN} ${one.zh}过${side === 'low' ? '低' : '高'}：${value}，界限 ${limit}`,
      },
      where,
    ),
  };
}

/** A series that has vanished is in no answer to a query; that it was expected is. */
function silentRule({ quantity: one, ...where }: Bounded): AlertRule {
  return {
    ...rule(`sluice-${one.measurement}-${one.field}-silent`.replaceAll('_', '-'), 'warning', '1m'),
    title: `${one.en}: says nothing / ${one.zh}：无数据`,
    condition: 'F',
    data: [
      newest('A', EXPECTED_MEASUREMENT, boundField(one, 'silent'), SERIES_TAGS, OWN_LOOKBACK_S),
      newest('B', THRESHOLD_MEASUREMENT, boundField(one, 'no_data'), SERIES_TAGS, OWN_LOOKBACK_S),
      lastOf('C', 'A'),
      lastOf('D', 'B'),
      math('E', '$C - $D'),
      threshold('F', 'E', ['gt', 0]),
    ],
    annotations: annotations(
      {
        en: `${one.en} at ${PLACE_EN} has said nothing for ${shown('C', 0)} s`,
        zh: `${PLACE_EN} ${one.zh}已 ${shown('C', 0)} 秒无数据`,
      },
      where,
    ),
  };
}

function gatewayRules(): AlertRule[] {
  const place = '{{ $labels.site }}/{{ $labels.gateway }}';
  const own = { measurement: 'gateway', by: GATEWAY_TAGS, fromS: OWN_LOOKBACK_S };
  return [
    {
      ...rule('sluice-gateway-away', 'critical', '1m'),
      title: 'Gateway is away / 网关离线',
      condition: 'H',
      data: joinedWithBounds({ ...own, field: 'away', side: 'high' }),
      annotations: annotations(
        {
          en: `Gateway ${place} has been away for ${shown('D', 0)} s; what hangs on it is silent with it`,
          zh: `网关 ${place} 已离线 ${shown('D', 0)} 秒，其下设备随之静默`,
        },
        { dashboard: 'sluice-gateways', panel: 2 },
      ),
    },
    {
      ...rule('sluice-gateway-completeness', 'warning', '10m'),
      title: 'Readings are missing / 数据缺失',
      condition: 'H',
      data: joinedWithBounds({ ...own, field: 'completeness', side: 'low' }),
      annotations: annotations(
        {
          en: `Of the readings that gateway ${place} made in a day, ${shown('D', 2)} % are stored; bound ${shown('E', 2)} %`,
          zh: `网关 ${place} 一天内的读数已入库 ${shown('D', 2)} %，界限 ${shown('E', 2)} %`,
        },
        { dashboard: 'sluice-gateways', panel: 3 },
      ),
    },
  ];
}

/** Burning fast over a long window, and still so in a short one. */
function burnRule(
  kind: 'loss' | 'latency',
  [long, short]: readonly [BurnWindowName, BurnWindowName],
  severity: 'critical' | 'warning',
): AlertRule {
  const words = { loss: { en: 'Loss', zh: '丢包' }, latency: { en: 'Latency', zh: '时延' } }[kind];
  const of = (window: BurnWindowName) => quantity('sla', `${kind}_burn_${window}`);
  return {
    ...rule(`sluice-link-${kind}-burn-${long}`, severity, '1m'),
    title: `${words.en} budget burns, ${long} / ${words.zh}预算消耗过快（${long}）`,
    condition: 'H',
    data: [
      newest('A', 'sla', of(long).field, LINK_TAGS, OWN_LOOKBACK_S),
      newest('B', 'sla', of(short).field, LINK_TAGS, OWN_LOOKBACK_S),
      newest('C', THRESHOLD_MEASUREMENT, boundField(of(long), 'high'), LINK_TAGS, OWN_LOOKBACK_S),
      lastOf('D', 'A'),
      lastOf('E', 'B'),
      lastOf('F', 'C'),
      math('G', '($D > $F) && ($E > $F)'),
      threshold('H', 'G', ['gt', 0]),
    ],
    annotations: annotations(
      {
        en: `{{ $labels.link }} uses its ${kind} budget ${shown('D', 1)} times as fast as allowed, over ${long} and still over ${short}`,
        zh: `{{ $labels.link }} 的${words.zh}预算以允许速率的 ${shown('D', 1)} 倍消耗（${long}，且 ${short} 内仍在持续）`,
      },
      { dashboard: 'sluice-link', panel: kind === 'loss' ? 8 : 9 },
    ),
  };
}

/** Whoever watches is watched: when ingest writes nothing, all other rules see nothing. */
function ingestRule(): AlertRule {
  const count = series('A', { from: 'pipeline', select: [column('received', 'count')], where: [], by: [] });
  return {
    ...rule('sluice-ingest-silent', 'critical', '2m'),
    title: 'Sluice writes nothing / Sluice 停止写入',
    condition: 'C',
    data: [queryStep(count, OWN_LOOKBACK_S), lastOf('B', 'A'), threshold('C', 'B', ['lt', 1])],
    noDataState: 'Alerting',
    annotations: annotations(
      {
        en: 'Ingest has written nothing of itself for ten minutes: no reading is judged, and no other alert can come',
        zh: '接收端已十分钟未写入自身状态：读数不再被判断，其他告警也不会出现',
      },
      { dashboard: 'sluice-pipeline', panel: 4 },
    ),
  };
}

function rule(
  uid: string,
  severity: 'critical' | 'warning',
  forTime: string,
): Omit<AlertRule, 'title' | 'condition' | 'data' | 'annotations'> {
  const labels = { severity, source: 'sluice' };
  return { uid, for: forTime, noDataState: 'OK', execErrState: 'Error', isPaused: false, labels };
}

/** Files name the panel twice: what Grafana reads of them are these two, and what it tells are the annotations. */
function withPanel(one: AlertRule): AlertRule {
  const { __dashboardUid__: dashboardUid = '', __panelId__: panelId } = one.annotations;
  return { ...one, dashboardUid, panelId: Number(panelId) };
}

interface Group {
  readonly orgId: 1;
  readonly name: string;
  readonly folder: 'Sluice';
  readonly interval: '1m';
  readonly rules: readonly AlertRule[];
}

/** Fixed in number: to move a bound, somebody sets a threshold, and edits nothing here. */
export function ruleGroups(): readonly Group[] {
  const group = (name: string, rules: readonly AlertRule[]): Group => {
    return { orgId: 1, name, folder: 'Sluice', interval: '1m', rules: rules.map(withPanel) };
  };
  const burns = (['loss', 'latency'] as const).flatMap((kind) => [
    burnRule(kind, ['1h', '5m'], 'critical'),
    burnRule(kind, ['6h', '30m'], 'critical'),
    burnRule(kind, ['3d', '6h'], 'warning'),
  ]);
  return [
    group(
      'sluice-bounds',
      BOUNDED.flatMap((one) => one.sides.map((side) => boundRule(one, side))),
    ),
    group('sluice-silent', BOUNDED.map(silentRule)),
    group('sluice-gateways', gatewayRules()),
    group('sluice-links', burns),
    group('sluice-itself', [ingestRule()]),
  ];
}
