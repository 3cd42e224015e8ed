import { expect, it } from 'vitest';
import { seriesKey } from '../../core/reading.ts';
import type { Rule, Threshold } from '../../core/thresholds/threshold.ts';
import { thresholdPoints } from './threshold-points.ts';

const KEY = seriesKey({
  ...{ measurement: 'soil', field: 'moisture', unit: '%' },
  ...{ site: 'farm', gateway: 'pump', device: 's1', zone: 'north' },
});

const threshold = (rule: Rule): Threshold => ({
  ...{
    id: rule.kind,
    rule,
    scope: {},
    measurement: 'soil',
    field: 'moisture',
    version: 1,
    setBy: 'li',
    why: '',
  },
  ...{ setMs: 0, forS: 0, severity: 'warning', enabled: true },
});

function points(rules: readonly Rule[], heardMs: number | undefined, nowMs: number) {
  const judged = [{ key: KEY, heardMs, thresholds: rules.map(threshold) }];
  return [...thresholdPoints(judged, nowMs)].map((point) => {
    const { measurement, field, unit, zone, device } = point!.key;
    return [`${measurement}/${field}`, point!.value, unit, `${zone}/${device}`];
  });
}

it('states bounds, silence and what is allowed of it, with the tags of the series', () => {
  const rules: Rule[] = [
    { kind: 'bounds', low: { raise: 20, clear: 22 }, high: { raise: 40, clear: 38 } },
    { kind: 'bounds', low: { raise: 15, clear: 23 } },
    { kind: 'no-data', afterS: 600 },
  ];
  expect(points(rules, 5_000, 65_000)).toEqual([
    ['threshold/soil_moisture_low', 20, '%', 'north/s1'],
    ['threshold/soil_moisture_low_clear', 22, '%', 'north/s1'],
    ['threshold/soil_moisture_high', 40, '%', 'north/s1'],
    ['threshold/soil_moisture_high_clear', 38, '%', 'north/s1'],
    ['threshold/soil_moisture_no_data', 600, 's', 'north/s1'],
    ['expected/soil_moisture_silent', 60, 's', 'north/s1'],
  ]);
});

it('counts silence of one that never spoke from when the threshold was set', () => {
  expect(points([{ kind: 'no-data', afterS: 600 }], undefined, 90_000).at(-1)).toEqual([
    ...['expected/soil_moisture_silent', 90, 's', 'north/s1'],
  ]);
});
