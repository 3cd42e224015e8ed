import { type Board, tagVariable } from '../dashboard.ts';
import { stat } from '../figure-panels.ts';
import { fieldOf, steps } from '../panel.ts';
import { chosen, column, growth, rate, series } from '../target.ts';
import { timeseries } from '../time-panels.ts';
import { quantity } from '../unit-of.ts';

const RECEIVED = quantity('pipeline', 'received');
const STORED = quantity('pipeline', 'stored');
const REJECTED = quantity('pipeline', 'rejected');
const DROPPED = quantity('pipeline', 'dropped');
const REPEATED = quantity('pipeline', 'repeated');
const DEFERRED = quantity('pipeline', 'deferred');
const IN_FLIGHT = quantity('pipeline', 'in_flight');
const LETTERS = quantity('pipeline', 'letters');

/** Received = stored + rejected + dropped + in flight; each of these has its panel. */
export const pipeline: Board = {
  uid: 'sluice-pipeline',
  build(say, language) {
    const where = [chosen('site'), chosen('gateway')];
    const by = ['site', 'gateway'];
    const every = '$__interval' as const;
    const as = '$tag_site/$tag_gateway';
    const perSecond = ({ field }: typeof RECEIVED) =>
      series('A', { from: 'pipeline', where, by, every, as, select: [column(field, 'max', rate('1s'))] });
    const lost = (id: number, one: typeof DROPPED, title: string, description: string, color: string) =>
      stat({
        ...{ id, w: 8, h: 6, title, description },
        targets: [
          series('A', { from: 'pipeline', where, by, every, as, select: [column(one.field, 'max', growth)] }),
        ],
        calc: 'sum',
        defaults: {
          unit: 'none',
          decimals: 0,
          ...steps([
            [null, 'green'],
            [1, color],
          ]),
          noValue: '0',
        },
      });
    return {
      title: say('Sluice: pipeline', 'Sluice：数据管道'),
      description: say(
        'Does what arrives reach the store, and what does not?',
        '到达的数据是否入库？哪些没有？',
      ),
      last: '6h',
      variables: [
        tagVariable({ tag: 'site', label: say('Site', '站点'), from: 'pipeline' }),
        tagVariable({ tag: 'gateway', label: say('Gateway', '网关'), from: 'pipeline', within: ['site'] }),
      ],
      panels: [
        lost(
          1,
          REJECTED,
          say('Was anything refused?', '有数据被拒收吗？'),
          say(
            'Readings that no repeat would mend: unknown unit, impossible value, wrong time. They are kept as dead letters.',
            '重发也无法修正的读数：单位未知、数值不可能、时间错误。均留存备查。',
          ),
          'orange',
        ),
        lost(
          2,
          DROPPED,
          say('Was anything lost?', '有数据丢失吗？'),
          say(
            'Readings given up because nothing could be written and no room was left. Gateways with a ledger send theirs again.',
            '无法写入且空间已满而放弃的读数。带账本的网关会重发。',
          ),
          'red',
        ),
        stat({
          ...{ id: 3, w: 8, h: 6, title: say('What waits for a look?', '有多少待处理？') },
          description: LETTERS[language],
          targets: [
            series('A', { from: 'pipeline', where, by, as, select: [column(LETTERS.field, 'last')] }),
          ],
          defaults: {
            unit: 'none',
            decimals: 0,
            ...steps([
              [null, 'green'],
              [1, 'orange'],
            ]),
            noValue: '0',
          },
        }),
        timeseries({
          ...{ id: 4, w: 12, h: 8, title: say('How much arrives?', '到达多少数据？') },
          description: say('Readings per second of each gateway.', '各网关每秒读数。'),
          targets: [perSecond(RECEIVED)],
          defaults: { unit: 'suffix:/s', decimals: 1, min: 0 },
        }),
        timeseries({
          ...{ id: 5, w: 12, h: 8, title: say('How much is stored?', '入库多少数据？') },
          description: say(
            'Readings per second of each gateway. Below what arrives, the store is slow or away.',
            '各网关每秒入库读数。低于到达量说明数据库慢或不可用。',
          ),
          targets: [perSecond(STORED)],
          defaults: { unit: 'suffix:/s', decimals: 1, min: 0 },
        }),
        timeseries({
          ...{ id: 6, w: 12, h: 8, title: say('Does the store keep up?', '数据库跟得上吗？') },
          description: say('Readings on their way to the store.', '正在写入数据库的读数。'),
          targets: [
            series('A', { from: 'pipeline', where, by, every, as, select: [column(IN_FLIGHT.field, 'max')] }),
          ],
          defaults: { ...fieldOf(IN_FLIGHT, language), min: 0 },
        }),
        timeseries({
          ...{ id: 7, w: 12, h: 8, title: say('What comes twice, or is put off?', '哪些重复或暂缓？') },
          description: say(
            'Repeats are harmless. What is put off stays in its gateway and comes again.',
            '重复无害；暂缓的数据留在网关并会重发。',
          ),
          targets: [
            series('A', {
              from: 'pipeline',
              where,
              by,
              every,
              as: say(`${as} repeated`, `${as} 重复`),
              select: [column(REPEATED.field, 'max', growth)],
            }),
            series('B', {
              from: 'pipeline',
              where,
              by,
              every,
              as: say(`${as} put off`, `${as} 暂缓`),
              select: [column(DEFERRED.field, 'max', growth)],
            }),
          ],
          drawStyle: 'bars',
          defaults: { unit: 'none', decimals: 0, min: 0 },
        }),
      ],
    };
  },
};
