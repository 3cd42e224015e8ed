import { boundSeries } from '../bound-series.ts';
import { type Board, tagVariable } from '../dashboard.ts';
import { bargauge, stat } from '../figure-panels.ts';
import { alertList, geomap } from '../other-panels.ts';
import { bound, fieldOf, NEUTRAL, steps, valueWords } from '../panel.ts';
import { chosen, column, growth, isSet, named, series, table } from '../target.ts';
import { stateTimeline, timeseries } from '../time-panels.ts';
import { quantity } from '../unit-of.ts';

const MOISTURE = quantity('soil', 'moisture');
const VALVE = quantity('irrigation', 'valve_state');
const VOLUME = quantity('irrigation', 'volume');
const RAIN = quantity('weather', 'rain');
const AIR = quantity('weather', 'air_temperature');

/** For whoever opens one page on a phone: what is dry, what is open, how much water, what is wrong. */
export const farm: Board = {
  uid: 'sluice-farm',
  build(say, language) {
    const site = [chosen('site')];
    const open = valueWords({
      0: { text: say('closed', '关闭'), color: NEUTRAL },
      1: { text: say('open', '打开'), color: 'blue' },
    });
    return {
      title: say('Sluice: farm', 'Sluice：农场'),
      description: say(
        'What is dry, what is open, how much water today, what is wrong.',
        '哪里干、哪个阀门开着、今天用水多少、哪里有问题。',
      ),
      last: '24h',
      variables: [tagVariable({ tag: 'site', label: say('Site', '站点'), from: 'soil' })],
      panels: [
        stat({
          ...{ id: 1, w: 8, h: 5, title: say('Which valves are open?', '哪些阀门开着？') },
          description: say('As each was last read back.', '以最近一次回读为准。'),
          targets: [
            series('A', {
              ...{ from: 'irrigation', where: [...site, isSet('point')], by: ['zone', 'device', 'point'] },
              ...{ select: [column(VALVE.field, 'last')], as: '$tag_zone $tag_device/$tag_point' },
            }),
          ],
          defaults: { ...steps([[null, NEUTRAL]]), mappings: [open], noValue: say('no valve', '无阀门') },
        }),
        stat({
          ...{ id: 2, w: 4, h: 5, title: say('How much water today?', '今天用水多少？'), timeFrom: 'now/d' },
          description: say('Since midnight, by all meters of the site.', '零点以来，该站点所有水表之和。'),
          targets: [
            series('A', {
              ...{
                from: VOLUME.measurement,
                where: site,
                by: ['device'],
                every: '$__interval',
                as: '$tag_device',
              },
              select: [column(VOLUME.field, 'max', growth)],
            }),
          ],
          calc: 'sum',
          defaults: {
            ...fieldOf(VOLUME, language),
            decimals: 2,
            ...steps([[null, 'blue']]),
            noValue: say('nothing yet', '暂无'),
          },
        }),
        stat({
          ...{ id: 3, w: 4, h: 5, title: say('Rain today?', '今天下雨了吗？'), timeFrom: 'now/d' },
          description: say(
            'Since midnight, by the gauge of each weather station.',
            '零点以来，各气象站的雨量。',
          ),
          targets: [
            series('A', {
              ...{
                from: RAIN.measurement,
                where: site,
                by: ['device'],
                every: '$__interval',
                as: '$tag_device',
              },
              select: [column(RAIN.field, 'max', growth)],
            }),
          ],
          calc: 'sum',
          defaults: {
            ...fieldOf(RAIN, language),
            ...steps([
              [null, NEUTRAL],
              [0.2, 'blue'],
            ]),
            noValue: say('nothing yet', '暂无'),
          },
        }),
        stat({
          ...{ id: 4, w: 4, h: 5, title: say('How warm is it?', '现在气温多少？') },
          description: say('Air temperature, and its course.', '气温及其变化。'),
          targets: [
            series('A', {
              ...{
                from: AIR.measurement,
                where: site,
                by: ['device'],
                every: '$__interval',
                as: '$tag_device',
              },
              select: [column(AIR.field, 'mean')],
            }),
          ],
          graph: true,
          defaults: {
            ...fieldOf(AIR, language),
            ...steps([
              [null, 'blue'],
              [5, 'green'],
              [35, 'orange'],
            ]),
            noValue: '–',
          },
        }),
        bargauge({
          ...{ id: 5, w: 4, h: 5, title: say('How moist is each zone?', '各地块湿度如何？') },
          description: say(
            'Soil moisture, the mean of the probes of each zone.',
            '土壤含水率，各地块探头的平均值。',
          ),
          targets: [
            series('A', {
              ...{
                from: MOISTURE.measurement,
                where: site,
                by: ['zone'],
                every: '$__interval',
                as: '$tag_zone',
              },
              select: [column(MOISTURE.field, 'mean')],
            }),
          ],
          defaults: { ...fieldOf(MOISTURE, language), min: 0, max: 60, ...steps([[null, 'blue']]) },
        }),
        timeseries({
          ...{ id: 6, w: 16, h: 9, title: say('Which zone is getting dry?', '哪个地块正在变干？') },
          description: say(
            'Soil moisture against the bounds that are set for it; the dashed line is where it is too dry.',
            '土壤含水率与所设界限；虚线以下为过干。',
          ),
          targets: [
            series('A', {
              ...{ from: MOISTURE.measurement, where: site, by: ['zone', 'device'], every: '$__interval' },
              ...{ select: [column(MOISTURE.field, 'mean')], as: '$tag_zone $tag_device' },
            }),
            boundSeries('B', MOISTURE, 'low', {
              where: site,
              by: ['zone'],
              as: say('$tag_zone too dry', '$tag_zone 过干'),
            }),
          ],
          defaults: fieldOf(MOISTURE, language),
          overrides: [bound('B', 'low')],
        }),
        alertList({
          ...{ id: 7, w: 8, h: 9, title: say('What is wrong?', '哪里有问题？') },
          description: say('Alerts that are open or pending.', '未恢复和待确认的告警。'),
        }),
        stateTimeline({
          ...{ id: 8, w: 16, h: 7, title: say('When was each valve open?', '各阀门何时打开？') },
          description: say('As each was read back.', '以回读为准。'),
          targets: [
            series('A', {
              ...{
                from: 'irrigation',
                where: [...site, isSet('point')],
                by: ['zone', 'device', 'point'],
                every: '$__interval',
              },
              ...{ select: [column(VALVE.field, 'last')], as: '$tag_zone $tag_device/$tag_point' },
            }),
          ],
          defaults: { ...steps([[null, NEUTRAL]]), mappings: [open] },
        }),
        geomap({
          ...{ id: 9, w: 8, h: 7, title: say('Where is everything?', '设备在哪里？') },
          description: say(
            'Gateways and devices that know their position. The background needs the internet.',
            '有定位的网关和设备。底图需要联网。',
          ),
          layer: say('Position', '位置'),
          targets: [
            table('A', {
              ...{ from: 'gnss', where: site, by: ['site', 'gateway', 'device'] },
              select: [
                column('latitude', 'last', named('latitude')),
                column('longitude', 'last', named('longitude')),
              ],
            }),
          ],
          defaults: {},
        }),
      ],
    };
  },
};
