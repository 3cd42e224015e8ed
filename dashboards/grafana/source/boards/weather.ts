import type { Quantity } from '../../../../core/quantities.ts';
import { boundSeries } from '../bound-series.ts';
import { type Board, dayVariable, tagVariable } from '../dashboard.ts';
import { stat } from '../figure-panels.ts';
import { bound, fieldOf, NEUTRAL, type Steps, steps } from '../panel.ts';
import { chosen, column, growthEachDay, series } from '../target.ts';
import { timeseries } from '../time-panels.ts';
import { quantity } from '../unit-of.ts';

const AIR = quantity('weather', 'air_temperature');
const HUMIDITY = quantity('weather', 'humidity');
const WIND = quantity('weather', 'wind_speed');
const RAIN = quantity('weather', 'rain');
const SUN = quantity('weather', 'solar_radiation');
const PRESSURE = quantity('weather', 'pressure');

/** Whether to water, to spray, to open the roof. */
export const weather: Board = {
  uid: 'sluice-weather',
  build(say, language) {
    const site = [chosen('site')];
    const every = '$__interval' as const;
    const now = (id: number, one: Quantity, title: string, all: Steps) =>
      stat({
        ...{ id, w: 6, h: 4, title, description: one[language] },
        targets: [
          series('A', {
            ...{ from: one.measurement, where: site, by: ['device'], every, as: '$tag_device' },
            select: [column(one.field, 'mean')],
          }),
        ],
        graph: true,
        defaults: { ...fieldOf(one, language), ...steps(all), noValue: say('not measured', '未测量') },
      });
    const course = (id: number, one: Quantity, title: string, sides: readonly ('low' | 'high')[]) =>
      timeseries({
        ...{ id, w: 12, h: 8, title, description: one[language] },
        targets: [
          series('A', {
            ...{ from: one.measurement, where: site, by: ['device'], every, as: '$tag_device' },
            select: [column(one.field, 'mean')],
          }),
          ...sides.map((side, index) =>
            boundSeries(index === 0 ? 'B' : 'C', one, side, {
              ...{ where: site, by: ['device'] },
              as:
                side === 'low'
                  ? say('$tag_device too low', '$tag_device 过低')
                  : say('$tag_device too high', '$tag_device 过高'),
            }),
          ),
        ],
        defaults: fieldOf(one, language),
        overrides: sides.map((side, index) => bound(index === 0 ? 'B' : 'C', side)),
      });
    return {
      title: say('Sluice: weather', 'Sluice：气象'),
      description: say('What the weather is and was.', '现在和过去的天气。'),
      last: '48h',
      variables: [
        tagVariable({ tag: 'site', label: say('Site', '站点'), from: 'weather' }),
        dayVariable(say),
      ],
      panels: [
        now(1, AIR, say('How warm is it?', '气温多少？'), [
          [null, 'blue'],
          [5, 'green'],
          [35, 'orange'],
        ]),
        now(2, HUMIDITY, say('How humid is it?', '湿度多少？'), [
          [null, 'orange'],
          [30, 'green'],
          [95, 'blue'],
        ]),
        now(3, WIND, say('How windy is it?', '风有多大？'), [
          [null, 'green'],
          [5, 'orange'],
          [10, 'red'],
        ]),
        now(4, PRESSURE, say('Which way is the pressure going?', '气压如何变化？'), [[null, NEUTRAL]]),
        course(5, AIR, say('How warm was it?', '气温如何变化？'), ['low', 'high']),
        course(6, HUMIDITY, say('How humid was it?', '湿度如何变化？'), ['high']),
        timeseries({
          ...{ id: 7, w: 12, h: 8, title: say('How much rain each day?', '每天下雨多少？'), timeFrom: '14d' },
          description: say('By days of the zone that is chosen above.', '日界时区在上方选择。'),
          targets: [growthEachDay(RAIN, site)],
          drawStyle: 'bars',
          defaults: { ...fieldOf(RAIN, language), min: 0 },
        }),
        course(8, SUN, say('How much sun is there?', '日照多强？'), []),
        course(9, WIND, say('How windy was it?', '风如何变化？'), ['high']),
        course(10, PRESSURE, say('How did the pressure change?', '气压如何变化过？'), []),
      ],
    };
  },
};
