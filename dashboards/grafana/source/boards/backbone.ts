import type { Quantity } from '../../../../core/quantities.ts';
import { type Board, tagVariable, uidIn } from '../dashboard.ts';
import { fieldOf, NEUTRAL, steps, valueWords } from '../panel.ts';
import { matrix, tablePanel } from '../table-panels.ts';
import { chosen, column, named, series, table } from '../target.ts';
import { heatmap } from '../time-panels.ts';
import { quantity } from '../unit-of.ts';

const VERDICT = quantity('sla', 'verdict');
const LOSS = quantity('sla', 'loss');
const SLOW = quantity('sla', 'slow');
const BURN = quantity('sla', 'loss_burn_1h');
const PROBES = quantity('sla', 'probes');
const RECORD_LOSS = quantity('link', 'loss');
const P95 = quantity('link', 'latency_p95');

/** Every pair of points of presence against its objective. */
export const backbone: Board = {
  uid: 'sluice-backbone',
  build(say, language) {
    const where = [chosen('class')];
    const every = '$__interval' as const;
    const ofLink = (refId: string, { field }: Quantity, aggregate: 'max' | 'mean') =>
      series(refId, {
        from: 'link',
        where,
        by: ['link'],
        every,
        select: [column(field, aggregate)],
        as: '$tag_link',
      });
    const verdicts = valueWords({
      0: { text: VERDICT.states![0]![language], color: 'green' },
      1: { text: VERDICT.states![1]![language], color: 'orange' },
      2: { text: VERDICT.states![2]![language], color: 'red' },
    });
    const of = (field: string) => [
      table('A', {
        from: 'sla',
        where,
        by: ['device', 'point'],
        select: [column(field, 'last', named('value'))],
      }),
    ];
    return {
      title: say('Sluice: backbone matrix', 'Sluice：骨干网矩阵'),
      description: say(
        'From every point of presence to every other: is it within its objective?',
        '各节点之间：是否达到目标？',
      ),
      last: '6h',
      variables: [tagVariable({ tag: 'class', label: say('Class', '类别'), from: 'sla' })],
      panels: [
        matrix({
          ...{ id: 1, w: 12, h: 9, title: say('Which links meet their objective?', '哪些链路达标？') },
          description: say(
            'From the row to the column, by the probes of the last hour: pass, breach, or too little evidence for either.',
            '由行到列，依据近一小时探测：达标、超标或证据不足。',
          ),
          targets: of(VERDICT.field),
          ...{ row: 'device', column: 'point', value: 'value', corner: say('from \\ to', '起点 \\ 终点') },
          defaults: { mappings: [verdicts], ...steps([[null, NEUTRAL]]) },
        }),
        matrix({
          ...{ id: 2, w: 12, h: 9, title: say('What is lost between them?', '各链路丢包多少？') },
          description: say(
            'Lost or late of those sent in the last hour. The objective is 0.03 % within a network and 0.3 % between networks.',
            '近一小时发送中丢失或迟到的占比。目标：网内 0.03 %，网间 0.3 %。',
          ),
          targets: of(LOSS.field),
          ...{ row: 'device', column: 'point', value: 'value', corner: say('from \\ to', '起点 \\ 终点') },
          defaults: {
            unit: 'percentunit',
            decimals: 3,
            ...steps([
              [null, 'green'],
              [0.0003, 'orange'],
              [0.003, 'red'],
            ]),
          },
        }),
        tablePanel({
          ...{ id: 3, w: 24, h: 9, title: say('Which link is worst?', '哪条链路最差？') },
          description: say(
            'Of the last hour. A burn of 1 uses the budget of 30 days in 30 days.',
            '近一小时。消耗速率为 1 时，30 天预算恰好 30 天用完。',
          ),
          targets: [
            table('A', {
              ...{ from: 'sla', where, by: ['link', 'class'] },
              select: [
                column(VERDICT.field, 'last', named('verdict')),
                column(LOSS.field, 'last', named('loss')),
                column(SLOW.field, 'last', named('slow')),
                column(BURN.field, 'last', named('burn')),
                column(PROBES.field, 'last', named('probes')),
              ],
            }),
          ],
          columns: [
            {
              ...{ name: 'link', title: say('Link', '链路') },
              link: {
                title: say('Its course', '其走势'),
                // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts the value of the cell in
                url: `/d/${uidIn('sluice-link', language)}?var-link=${'${__value.text}'}`,
              },
            },
            { name: 'class', title: say('Class', '类别') },
            {
              name: 'verdict',
              title: say('Verdict', '判定'),
              field: { mappings: [verdicts] },
              isColored: true,
            },
            { name: 'loss', title: say('Loss', '丢包率'), field: { unit: 'percentunit', decimals: 3 } },
            {
              name: 'slow',
              title: say('Slower than objective', '超时延目标'),
              field: { unit: 'percentunit', decimals: 2 },
            },
            {
              name: 'burn',
              title: say('Loss budget burns at', '丢包预算消耗速率'),
              field: {
                ...fieldOf(BURN, language),
                ...steps([
                  [null, 'green'],
                  [1, 'orange'],
                  [14.4, 'red'],
                ]),
              },
              isColored: true,
            },
            { name: 'probes', title: say('Probes', '探测数'), field: { unit: 'none', decimals: 0 } },
          ],
        }),
        heatmap({
          ...{ id: 4, w: 12, h: 9, title: say('When was something lost?', '何时丢包？') },
          description: say(
            'Loss in the records of each link, over time.',
            '各链路记录中的丢包率随时间变化。',
          ),
          targets: [ofLink('A', RECORD_LOSS, 'mean')],
          ...{ unit: 'percentunit', decimals: 3 },
          defaults: {},
        }),
        heatmap({
          ...{ id: 5, w: 12, h: 9, title: say('When was it slow?', '何时变慢？') },
          description: say(
            'The worst 95th percentile of the round trips in a record, over time.',
            '各记录往返时延 95 分位的最大值随时间变化。',
          ),
          targets: [ofLink('A', P95, 'max')],
          ...{ unit: 'ms', decimals: 1 },
          defaults: {},
        }),
      ],
    };
  },
};
