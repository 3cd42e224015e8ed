import { type Board, tagVariable } from '../dashboard.ts';
import { bargauge, stat } from '../figure-panels.ts';
import { fieldOf, steps, valueWords } from '../panel.ts';
import { tablePanel } from '../table-panels.ts';
import { chosen, column, growth, named, series, table } from '../target.ts';
import { timeseries } from '../time-panels.ts';
import { quantity } from '../unit-of.ts';

const ONLINE = quantity('device', 'online');
const SILENT = quantity('device', 'silent');
const BATTERY = quantity('power', 'battery_level');
const SIGNAL = quantity('radio', 'signal');
const RECEIVED = quantity('radio', 'bytes_received');
const SENT = quantity('radio', 'bytes_sent');
const PER_READING = quantity('radio', 'bytes_per_reading');

/** A fleet of sleeping devices: who is silent, whose battery is low, who pays for too many bytes. */
export const devices: Board = {
  uid: 'sluice-devices',
  build(say, language) {
    const where = [chosen('site'), chosen('gateway')];
    const by = ['site', 'gateway', 'device'];
    const every = '$__interval' as const;
    const presence = valueWords({
      0: { text: ONLINE.states![0]![language], color: 'red' },
      1: { text: ONLINE.states![1]![language], color: 'green' },
    });
    const level = steps([
      [null, 'red'],
      [20, 'orange'],
      [40, 'green'],
    ]);
    return {
      title: say('Sluice: NB-IoT fleet', 'Sluice：NB-IoT 设备'),
      description: say(
        'Which devices are silent, low on battery, badly received, or costly?',
        '哪些设备静默、电量低、信号差或流量高？',
      ),
      last: '7d',
      variables: [
        tagVariable({ tag: 'site', label: say('Site', '站点'), from: 'device' }),
        tagVariable({ tag: 'gateway', label: say('Gateway', '网关'), from: 'device', within: ['site'] }),
      ],
      panels: [
        tablePanel({
          ...{ id: 1, w: 14, h: 10, title: say('Which devices are silent?', '哪些设备静默？') },
          description: say(
            'Every device that has ever been heard of. A device that sleeps is silent between its reports.',
            '所有曾上报的设备。休眠设备在两次上报之间为静默。',
          ),
          targets: [
            table('A', {
              ...{ from: 'device', where, by },
              select: [
                column(ONLINE.field, 'last', named('online')),
                column(SILENT.field, 'last', named('silent')),
              ],
            }),
          ],
          columns: [
            { name: 'site', title: say('Site', '站点') },
            { name: 'gateway', title: say('Gateway', '网关') },
            { name: 'device', title: say('Device', '设备') },
            { name: 'online', title: say('State', '状态'), field: { mappings: [presence] }, isColored: true },
            { name: 'silent', title: SILENT[language], field: { unit: 's', decimals: 0 } },
          ],
        }),
        bargauge({
          ...{ id: 2, w: 10, h: 10, title: say('Whose battery is low?', '哪些设备电量低？') },
          description: say('As last reported.', '以最近一次上报为准。'),
          targets: [
            series('A', {
              from: 'power',
              where,
              by,
              select: [column(BATTERY.field, 'last')],
              as: '$tag_device',
            }),
          ],
          defaults: {
            ...fieldOf(BATTERY, language),
            min: 0,
            max: 100,
            ...level,
            noValue: say('no battery reported', '无电量上报'),
          },
        }),
        timeseries({
          ...{ id: 3, w: 12, h: 8, title: say('How well is each device received?', '各设备信号如何？') },
          description: say(
            'Signal strength at the device. Below −120 dBm a message is repeated, and costs battery.',
            '设备端信号强度。低于 −120 dBm 时会重发并耗电。',
          ),
          targets: [
            series('A', {
              from: 'radio',
              where,
              by,
              every,
              select: [column(SIGNAL.field, 'mean')],
              as: '$tag_device',
            }),
          ],
          defaults: fieldOf(SIGNAL, language),
        }),
        timeseries({
          ...{ id: 4, w: 12, h: 8, title: say('How many bytes does each device send?', '各设备流量多少？') },
          description: say(
            'Bytes from and to each device, in each step.',
            '每个时间段内各设备的收发字节数。',
          ),
          targets: [
            series('A', {
              ...{ from: 'radio', where, by, every, as: say('$tag_device from', '$tag_device 上行') },
              select: [column(RECEIVED.field, 'max', growth)],
            }),
            series('B', {
              ...{ from: 'radio', where, by, every, as: say('$tag_device to', '$tag_device 下行') },
              select: [column(SENT.field, 'max', growth)],
            }),
          ],
          drawStyle: 'bars',
          defaults: { unit: 'decbytes', decimals: 0, min: 0 },
        }),
        stat({
          ...{ id: 5, w: 24, h: 5, title: say('What does a reading cost?', '每个读数花费多少字节？') },
          description: say(
            'Bytes on the air for each reading, with all that the protocol adds.',
            '每个读数的空中字节数，含协议开销。',
          ),
          targets: [
            series('A', {
              from: 'radio',
              where,
              by,
              every,
              select: [column(PER_READING.field, 'mean')],
              as: '$tag_device',
            }),
          ],
          defaults: {
            ...fieldOf(PER_READING, language),
            ...steps([
              [null, 'green'],
              [200, 'orange'],
            ]),
            noValue: say('not counted', '未统计'),
          },
        }),
      ],
    };
  },
};
