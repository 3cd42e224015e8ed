import { expect, it } from 'vitest';
import { seriesKey } from '../../core/reading.ts';
import type { Threshold, ThresholdScope } from '../../core/thresholds/threshold.ts';
import { Assignments } from './assign.ts';

const NORTH = seriesKey({
  ...{ measurement: 'soil', field: 'moisture', unit: '%' },
  ...{ site: 'farm', gateway: 'pump', device: 's1', point: 'd20', zone: 'north' },
});

function threshold(id: string, scope: ThresholdScope, parts: Partial<Threshold> = {}): Threshold {
  return {
    ...{ id, scope, measurement: 'soil', field: 'moisture', version: 1, setBy: 'li', setMs: 0, why: '' },
    ...{
      rule: { kind: 'bounds', low: { raise: 20, clear: 22 } },
      forS: 0,
      severity: 'warning',
      enabled: true,
    },
    ...parts,
  };
}

const cropOf = (_site: string, zone: string) => (zone === 'north' ? { crop: 'tomato', stage: 'mid' } : {});
const judging = (thresholds: Threshold[], key = NORTH) =>
  new Assignments(thresholds, cropOf).of(key).map(({ id }) => id);

it('takes the most specific: device, zone, gateway, crop and stage, site, none', () => {
  const all = [
    threshold('none', {}),
    threshold('site', { site: 'farm' }),
    threshold('crop', { crop: 'tomato' }),
    threshold('stage', { crop: 'tomato', stage: 'mid' }),
    threshold('gateway', { site: 'farm', gateway: 'pump' }),
    threshold('zone', { zone: 'north' }),
    threshold('point', { zone: 'north', point: 'd20' }),
    threshold('device', { device: 's1' }),
  ];
  for (let n = all.length; n > 0; n--) {
    expect(judging(all.slice(0, n)), String(n)).toEqual([all[n - 1]!.id]);
    expect(judging(all.slice(0, n).reverse()), String(n)).toEqual([all[n - 1]!.id]);
  }
});

it('takes none that does not hold or is off', () => {
  expect(
    judging([threshold('a', { zone: 'south' }), threshold('b', { crop: 'tomato', stage: 'late' })]),
  ).toEqual([]);
  expect(judging([threshold('a', {}, { enabled: false }), threshold('b', {}, { field: 'ec' })])).toEqual([]);
  expect(judging([threshold('a', { crop: 'tomato' })], { ...NORTH, zone: '' })).toEqual([]);
});

it('judges by one of each rule and severity, and of equals by the one set last', () => {
  const all = [
    threshold('warning', { zone: 'north' }),
    threshold('alarm', { site: 'farm' }, { severity: 'critical' }),
    threshold('silence', {}, { rule: { kind: 'no-data', afterS: 60 } }),
    threshold('later', { zone: 'north' }, { setMs: 5 }),
  ];
  expect(judging(all).sort()).toEqual(['alarm', 'later', 'silence']);
});
