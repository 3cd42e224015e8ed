import { StackingMode } from '@grafana/schema';
import type { Quantity } from '../../../../core/quantities.ts';
import { boundSeries } from '../bound-series.ts';
import { type Board, tagVariable } from '../dashboard.ts';
import { gauge, stat } from '../figure-panels.ts';
import { bound, fieldOf, NEUTRAL, steps, valueWords } from '../panel.ts';
import { chosen, column, series } from '../target.ts';
import { timeseries } from '../time-panels.ts';
import { quantity } from '../unit-of.ts';

const VERDICT = quantity('sla', 'verdict');
const LATENCY = quantity('link', 'latency');
const P95 = quantity('link', 'latency_p95');
const P99 = quantity('link', 'latency_p99');
const LOSS = quantity('link', 'loss');
const JITTER = quantity('link', 'jitter');
const ACCOUNTS = ['received', 'lost', 'late', 'not_sent', 'invalid'].map((field) => quantity('link', field));

/** One link against its objective, and its budget. */
export const link: Board = {
  uid: 'sluice-link',
  build(say, language) {
    const where = [chosen('link')];
    const every = '$__interval' as const;
    const ofLink = (refId: string, { field }: Quantity, aggregate: 'max' | 'mean' | 'sum', as: string) =>
      series(refId, { from: 'link', where, by: ['link'], every, select: [column(field, aggregate)], as });
    const sla = (refId: string, field: string, as: string) =>
      series(refId, { from: 'sla', where, by: ['link'], every, select: [column(field, 'last')], as });
    const spent = (id: number, field: 'loss_spent' | 'latency_spent', title: string) =>
      gauge({
        ...{ id, w: 5, h: 6, title, description: quantity('sla', field)[language] },
        targets: [
          series('A', { from: 'sla', where, by: ['link'], select: [column(field, 'last')], as: '$tag_link' }),
        ],
        defaults: {
          unit: 'percentunit',
          decimals: 1,
          min: 0,
          max: 1,
          ...steps([
            [null, 'green'],
            [0.5, 'orange'],
            [1, 'red'],
          ]),
          noValue: say('not yet known', '尚无数据'),
        },
      });
    const burn = (id: number, kind: 'loss' | 'latency', title: string) =>
      timeseries({
        ...{ id, w: 12, h: 8, title },
        description: say(
          '1 uses the budget of 30 days in 30 days. An alert comes at 14.4 over an hour, at 6 over six hours, at 1 over three days.',
          '速率为 1 时，30 天预算恰好 30 天用完。告警界限：1 小时 14.4，6 小时 6，3 天 1。',
        ),
        targets: [
          sla('A', `${kind}_burn_1h`, say('over 1 h', '1 小时')),
          sla('B', `${kind}_burn_6h`, say('over 6 h', '6 小时')),
          sla('C', `${kind}_burn_3d`, say('over 3 d', '3 天')),
          boundSeries('D', { measurement: 'sla', field: `${kind}_burn_1h` }, 'high', {
            where,
            by: ['link'],
            as: say('bound, 1 h', '界限（1 小时）'),
          }),
        ],
        defaults: { unit: 'suffix:x', decimals: 1, min: 0 },
        overrides: [bound('D', 'high')],
      });
    const verdicts = valueWords({
      0: { text: VERDICT.states![0]![language], color: 'green' },
      1: { text: VERDICT.states![1]![language], color: 'orange' },
      2: { text: VERDICT.states![2]![language], color: 'red' },
    });
    return {
      title: say('Sluice: link and its budget', 'Sluice：链路与 SLA 预算'),
      description: say(
        'One link: its latency and loss, the evidence behind them, and what is left of its budget.',
        '单条链路：时延、丢包、证据与剩余预算。',
      ),
      last: '24h',
      variables: [tagVariable({ tag: 'link', label: say('Link', '链路'), from: 'link', isOne: true })],
      panels: [
        stat({
          ...{ id: 1, w: 6, h: 6, title: say('Does it meet its objective?', '是否达标？') },
          description: say('By the probes of the last hour.', '依据近一小时探测。'),
          targets: [
            series('A', {
              from: 'sla',
              where,
              by: ['link'],
              select: [column(VERDICT.field, 'last')],
              as: '$tag_link',
            }),
          ],
          defaults: {
            mappings: [verdicts],
            ...steps([[null, NEUTRAL]]),
            noValue: say('no evidence', '无证据'),
          },
        }),
        stat({
          ...{ id: 2, w: 8, h: 6, title: say('How long is a round trip?', '往返时延多少？') },
          description: say(
            'Median, 95th and 99th percentile of the newest record.',
            '最新记录的中位数、95 分位和 99 分位。',
          ),
          targets: [LATENCY, P95, P99].map((one, index) =>
            series('ABC'[index]!, {
              ...{ from: 'link', where, by: ['link'], select: [column(one.field, 'last')] },
              as: [say('median', '中位数'), 'p95', 'p99'][index]!,
            }),
          ),
          defaults: { unit: 'ms', decimals: 1, ...steps([[null, 'blue']]), noValue: '–' },
        }),
        spent(3, 'loss_spent', say('How much of the loss budget is used?', '丢包预算用了多少？')),
        spent(4, 'latency_spent', say('How much of the latency budget is used?', '时延预算用了多少？')),
        timeseries({
          ...{ id: 5, w: 24, h: 8, title: say('Is it fast enough?', '时延够低吗？') },
          description: say(
            'Round trips in each record against the objective. Percentiles are of one record each: they are not averaged, the worst is shown.',
            '各记录的往返时延与目标。分位数取各记录最差值，不做平均。',
          ),
          targets: [
            ofLink('A', LATENCY, 'max', say('median', '中位数')),
            ofLink('B', P95, 'max', 'p95'),
            ofLink('C', P99, 'max', 'p99'),
            boundSeries('D', LATENCY, 'high', { where, by: ['link'], as: say('objective', '目标') }),
          ],
          defaults: { unit: 'ms', decimals: 1, min: 0 },
          overrides: [bound('D', 'high')],
        }),
        timeseries({
          ...{ id: 6, w: 12, h: 8, title: say('Is anything lost?', '有丢包吗？') },
          description: say('Loss in each record against the objective.', '各记录的丢包率与目标。'),
          targets: [
            ofLink('A', LOSS, 'mean', LOSS[language]),
            boundSeries('B', LOSS, 'high', { where, by: ['link'], as: say('objective', '目标') }),
          ],
          defaults: { unit: 'percentunit', decimals: 3, min: 0 },
          overrides: [bound('B', 'high')],
        }),
        timeseries({
          ...{ id: 7, w: 12, h: 8, title: say('What became of each probe?', '每次探测的结果？') },
          description: say(
            'Every probe that was scheduled ends in one of these accounts. Not sent and invalid say nothing of the link.',
            '每次计划的探测必属其一。未发送和无效与链路无关。',
          ),
          targets: ACCOUNTS.map((one, index) => ofLink('ABCDE'[index]!, one, 'sum', one[language])),
          drawStyle: 'bars',
          custom: { stacking: { mode: StackingMode.Normal, group: 'A' } },
          defaults: { unit: 'none', decimals: 0, min: 0 },
        }),
        burn(8, 'loss', say('How fast is the loss budget used?', '丢包预算消耗多快？')),
        burn(9, 'latency', say('How fast is the latency budget used?', '时延预算消耗多快？')),
        timeseries({
          ...{ id: 10, w: 24, h: 7, title: say('How steady is it?', '抖动多大？') },
          description: JITTER[language],
          targets: [ofLink('A', JITTER, 'max', JITTER[language])],
          defaults: { ...fieldOf(JITTER, language), min: 0 },
        }),
      ],
    };
  },
};
