import type { Quantity } from '../../../../core/quantities.ts';
import { boundSeries } from '../bound-series.ts';
import { type Board, tagVariable, uidIn } from '../dashboard.ts';
import { stat } from '../figure-panels.ts';
import { bound, fieldOf, NEUTRAL, steps, valueWords } from '../panel.ts';
import { tablePanel } from '../table-panels.ts';
import { chosen, column, growth, named, series, table } from '../target.ts';
import { stateTimeline, timeseries } from '../time-panels.ts';
import { quantity } from '../unit-of.ts';

const ONLINE = quantity('gateway', 'online');
const AWAY = quantity('gateway', 'away');
const COMPLETENESS = quantity('gateway', 'completeness');
const MISSING = quantity('gateway', 'missing');
const BACKLOG = quantity('gateway', 'backlog');
const TIMEOUTS = quantity('gateway', 'bus_timeouts');
const DROPPED = quantity('gateway', 'dropped');

/** Whether everything that was measured has arrived. */
export const gateways: Board = {
  uid: 'sluice-gateways',
  build(say, language) {
    const where = [chosen('site'), chosen('gateway')];
    const by = ['site', 'gateway'];
    const every = '$__interval' as const;
    const as = '$tag_site/$tag_gateway';
    const ofGateway = ({ field }: Quantity, aggregate: 'min' | 'max') =>
      series('A', { from: 'gateway', where, by, every, as, select: [column(field, aggregate)] });
    const presence = valueWords({
      0: { text: ONLINE.states![0]![language], color: 'red' },
      1: { text: ONLINE.states![1]![language], color: 'green' },
    });
    const share = steps([
      [null, 'red'],
      [99, 'orange'],
      [99.9, 'green'],
    ]);
    return {
      title: say('Sluice: gateways and completeness', 'Sluice：网关与完整性'),
      description: say(
        'Which gateways are there, and has everything that they measured arrived?',
        '哪些网关在线？测得的数据是否全部到达？',
      ),
      last: '24h',
      variables: [
        tagVariable({ tag: 'site', label: say('Site', '站点'), from: 'gateway' }),
        tagVariable({ tag: 'gateway', label: say('Gateway', '网关'), from: 'gateway', within: ['site'] }),
      ],
      panels: [
        tablePanel({
          ...{
            id: 1,
            w: 24,
            h: 8,
            title: say('Is every gateway there, with all of its readings?', '所有网关都在线且数据完整吗？'),
          },
          description: say(
            'As ingest saw it in the last minute. Completeness is of the last 24 hours: stored of what the gateway has numbered.',
            '以接收端最近一分钟所见为准。完整性为最近 24 小时：已入库数占网关编号总数。',
          ),
          targets: [
            table('A', {
              ...{ from: 'gateway', where, by },
              select: [
                column(ONLINE.field, 'last', named('online')),
                column(AWAY.field, 'last', named('away')),
                column(COMPLETENESS.field, 'last', named('completeness')),
                column(MISSING.field, 'last', named('missing')),
                column(BACKLOG.field, 'last', named('backlog')),
              ],
            }),
          ],
          columns: [
            { name: 'site', title: say('Site', '站点') },
            {
              ...{ name: 'gateway', title: say('Gateway', '网关') },
              link: {
                title: say('Its devices', '其设备'),
                // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts the value of the cell in
                url: `/d/${uidIn('sluice-devices', language)}?var-gateway=${'${__value.text}'}`,
              },
            },
            { name: 'online', title: say('State', '状态'), field: { mappings: [presence] }, isColored: true },
            {
              name: 'away',
              title: AWAY[language],
              field: {
                unit: 's',
                decimals: 0,
                ...steps([
                  [null, 'green'],
                  [60, 'red'],
                ]),
              },
              isColored: true,
            },
            {
              name: 'completeness',
              title: say('Complete, 24 h', '完整性（24 小时）'),
              field: { ...fieldOf(COMPLETENESS, language), ...share },
              isColored: true,
            },
            {
              name: 'missing',
              title: say('Missing, 24 h', '缺失（24 小时）'),
              field: fieldOf(MISSING, language),
            },
            { name: 'backlog', title: BACKLOG[language], field: fieldOf(BACKLOG, language) },
          ],
        }),
        stateTimeline({
          ...{ id: 2, w: 24, h: 6, title: say('When was each gateway away?', '各网关何时离线？') },
          description: say('Online or offline, as its MQTT session was.', '以 MQTT 会话状态为准。'),
          targets: [ofGateway(ONLINE, 'min')],
          defaults: { ...steps([[null, NEUTRAL]]), mappings: [presence] },
        }),
        timeseries({
          ...{ id: 3, w: 12, h: 8, title: say('Has everything arrived?', '数据全部到达了吗？') },
          description: say(
            'Stored of what was produced in the 24 hours before, and the bound below which it is wrong.',
            '此前 24 小时产生的数据中已入库的占比，以及告警下限。',
          ),
          targets: [
            ofGateway(COMPLETENESS, 'min'),
            boundSeries('B', COMPLETENESS, 'low', { where, by: [], as: say('too low', '过低') }),
          ],
          defaults: fieldOf(COMPLETENESS, language),
          overrides: [bound('B', 'low')],
        }),
        timeseries({
          ...{ id: 4, w: 12, h: 8, title: say('What waits in the gateways?', '网关中有多少待发送？') },
          description: say(
            'Readings that a gateway holds until they are confirmed. It rises while the line is down, and then falls.',
            '网关在确认前保留的读数；断线时上升，恢复后下降。',
          ),
          targets: [ofGateway(BACKLOG, 'max')],
          defaults: { ...fieldOf(BACKLOG, language), min: 0 },
        }),
        timeseries({
          ...{ id: 5, w: 12, h: 8, title: say('Do devices on the bus answer?', '总线设备是否应答？') },
          description: say('Requests without an answer, in each step.', '每个时间段内未应答的请求数。'),
          targets: [
            series('A', {
              ...{ from: 'gateway', where, by: [...by, 'point'], every, as: '$tag_gateway $tag_point' },
              select: [column(TIMEOUTS.field, 'max', growth)],
            }),
          ],
          drawStyle: 'bars',
          defaults: { ...fieldOf(TIMEOUTS, language), min: 0 },
        }),
        stat({
          ...{ id: 6, w: 12, h: 8, title: say('Was anything given up?', '有数据被放弃吗？') },
          description: say(
            'Readings that a gateway dropped because its disk was full, in the time shown.',
            '所示时间内网关因磁盘已满而丢弃的读数。',
          ),
          targets: [
            series('A', {
              ...{ from: 'gateway', where, by, every, as },
              select: [column(DROPPED.field, 'max', growth)],
            }),
          ],
          calc: 'sum',
          defaults: {
            unit: 'none',
            decimals: 0,
            ...steps([
              [null, 'green'],
              [1, 'red'],
            ]),
            noValue: '0',
          },
        }),
      ],
    };
  },
};
