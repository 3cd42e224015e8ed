import { boundSeries } from '../bound-series.ts';
import { type Board, dayVariable, tagVariable } from '../dashboard.ts';
import { stat } from '../figure-panels.ts';
import { bound, fieldOf, NEUTRAL, steps, valueWords } from '../panel.ts';
import { chosen, column, growthEachDay, isSet, series } from '../target.ts';
import { stateTimeline, timeseries } from '../time-panels.ts';
import { quantity } from '../unit-of.ts';

const MOISTURE = quantity('soil', 'moisture');
const TEMPERATURE = quantity('soil', 'temperature');
const EC = quantity('soil', 'ec');
const VALVE = quantity('irrigation', 'valve_state');
const FLOW = quantity('irrigation', 'flow');
const PRESSURE = quantity('irrigation', 'pressure');
const VOLUME = quantity('irrigation', 'volume');
const RAIN = quantity('weather', 'rain');

/** What was watered, and what the soil made of it. */
export const zone: Board = {
  uid: 'sluice-zone',
  build(say, language) {
    const site = [chosen('site')];
    const zones = [chosen('site'), chosen('zone')];
    const every = '$__interval' as const;
    const open = valueWords({
      0: { text: say('closed', '关闭'), color: NEUTRAL },
      1: { text: say('open', '打开'), color: 'blue' },
    });
    const soil = (id: number, one: typeof EC, title: string, description: string, w: number) =>
      timeseries({
        ...{ id, w, h: 8, title, description },
        targets: [
          series('A', {
            ...{ from: one.measurement, where: zones, by: ['zone', 'device', 'point'], every },
            ...{ select: [column(one.field, 'mean')], as: '$tag_zone $tag_device' },
          }),
          boundSeries('B', one, 'low', {
            where: zones,
            by: ['zone'],
            as: say('$tag_zone too low', '$tag_zone 过低'),
          }),
          boundSeries('C', one, 'high', {
            where: zones,
            by: ['zone'],
            as: say('$tag_zone too high', '$tag_zone 过高'),
          }),
        ],
        defaults: fieldOf(one, language),
        overrides: [bound('B', 'low'), bound('C', 'high')],
      });
    return {
      title: say('Sluice: zone and irrigation', 'Sluice：地块与灌溉'),
      description: say('What was watered, and what the soil made of it.', '灌溉了什么，土壤如何响应。'),
      last: '24h',
      variables: [
        tagVariable({ tag: 'site', label: say('Site', '站点'), from: 'soil' }),
        tagVariable({ tag: 'zone', label: say('Zone', '地块'), from: 'soil', within: ['site'] }),
        dayVariable(say),
      ],
      panels: [
        soil(
          1,
          MOISTURE,
          say('Is there enough water in the soil?', '土壤水分够吗？'),
          say(
            'Soil moisture between the bounds that are set for the zone. Below the orange line it is too dry.',
            '土壤含水率与该地块所设界限；橙色虚线以下为过干。',
          ),
          24,
        ),
        stateTimeline({
          ...{ id: 2, w: 24, h: 6, title: say('When was each valve open?', '各阀门何时打开？') },
          description: say('As each was read back.', '以回读为准。'),
          targets: [
            series('A', {
              ...{
                from: VALVE.measurement,
                where: [...zones, isSet('point')],
                by: ['zone', 'device', 'point'],
                every,
              },
              ...{ select: [column(VALVE.field, 'last')], as: '$tag_zone $tag_device/$tag_point' },
            }),
          ],
          defaults: { ...steps([[null, NEUTRAL]]), mappings: [open] },
        }),
        timeseries({
          ...{
            id: 3,
            w: 12,
            h: 8,
            title: say('Does water flow when a valve is open?', '阀门打开时有水流吗？'),
          },
          description: say(
            'Flow of each meter. Flow with every valve closed is a leak.',
            '各流量计的流量。阀门全关仍有流量即为漏水。',
          ),
          targets: [
            series('A', {
              ...{ from: FLOW.measurement, where: site, by: ['device', 'point'], every, as: '$tag_device' },
              select: [column(FLOW.field, 'mean')],
            }),
            boundSeries('B', FLOW, 'high', {
              where: site,
              by: ['device'],
              as: say('$tag_device too high', '$tag_device 过高'),
            }),
          ],
          defaults: fieldOf(FLOW, language),
          overrides: [bound('B', 'high')],
        }),
        timeseries({
          ...{ id: 4, w: 12, h: 8, title: say('Is there pressure in the line?', '管道压力正常吗？') },
          description: say('Line pressure against its lower bound.', '管道压力与下限。'),
          targets: [
            series('A', {
              ...{
                from: PRESSURE.measurement,
                where: site,
                by: ['device', 'point'],
                every,
                as: '$tag_device',
              },
              select: [column(PRESSURE.field, 'mean')],
            }),
            boundSeries('B', PRESSURE, 'low', {
              where: site,
              by: ['device'],
              as: say('$tag_device too low', '$tag_device 过低'),
            }),
          ],
          defaults: fieldOf(PRESSURE, language),
          overrides: [bound('B', 'low')],
        }),
        timeseries({
          ...{
            id: 5,
            w: 10,
            h: 8,
            title: say('How much water each day?', '每天用水多少？'),
            timeFrom: '14d',
          },
          description: say(
            'Of each meter, by days of the zone that is chosen above.',
            '各水表每日用水量，日界时区在上方选择。',
          ),
          targets: [growthEachDay(VOLUME, site)],
          drawStyle: 'bars',
          defaults: { ...fieldOf(VOLUME, language), decimals: 2, min: 0 },
        }),
        timeseries({
          ...{ id: 6, w: 10, h: 8, title: say('How much rain each day?', '每天下雨多少？'), timeFrom: '14d' },
          description: say(
            'Of each gauge, by days of the zone that is chosen above.',
            '各雨量计每日雨量，日界时区在上方选择。',
          ),
          targets: [growthEachDay(RAIN, site)],
          drawStyle: 'bars',
          defaults: { ...fieldOf(RAIN, language), min: 0 },
        }),
        stat({
          ...{ id: 7, w: 4, h: 8, title: say('How much now?', '现在流量多少？') },
          description: say('Flow at this moment.', '当前流量。'),
          targets: [
            series('A', {
              ...{ from: FLOW.measurement, where: site, by: ['device', 'point'], as: '$tag_device' },
              select: [column(FLOW.field, 'last')],
            }),
          ],
          defaults: {
            ...fieldOf(FLOW, language),
            ...steps([
              [null, NEUTRAL],
              [0.5, 'blue'],
            ]),
            noValue: say('no meter', '无流量计'),
          },
        }),
        soil(
          8,
          TEMPERATURE,
          say('Is the soil warm enough?', '土壤温度合适吗？'),
          say('Soil temperature between its bounds.', '土壤温度与界限。'),
          12,
        ),
        soil(
          9,
          EC,
          say('Is there too much salt?', '盐分过高吗？'),
          say('Electrical conductivity of the soil between its bounds.', '土壤电导率与界限。'),
          12,
        ),
      ],
    };
  },
};
