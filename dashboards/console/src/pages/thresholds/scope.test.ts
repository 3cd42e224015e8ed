import { describe, expect, it } from 'vitest';
import { maySetFor } from '../../../../../core/thresholds/scope.ts';
import { holdsFor, isLookedFor, placesOf } from './scope.ts';

const zones = [
  { site: 'farm', id: 'north', name: 'North field', crop: 'tomato', stage: 'mid' },
  { site: 'farm', id: 'south', name: 'South field', crop: 'maize' },
];
const north = { site: 'farm', zone: 'north', device: 'soil-1' };

describe('where a threshold holds', () => {
  it.each([
    [{}, true],
    [{ zone: 'north' }, true],
    [{ zone: 'south' }, false],
    [{ crop: 'tomato' }, true],
    [{ crop: 'tomato', stage: 'late' }, false],
    [{ crop: 'maize' }, false],
    [{ device: 'soil-1', site: 'other' }, false],
  ])('%j: %s', (scope, holds) => {
    expect(holdsFor(scope, north, zones)).toBe(holds);
  });

  it('knows zones that only readings name', () => {
    const series = [{ measurement: 'soil', field: 'moisture', tags: { site: 'farm', zone: 'east' } }];
    expect(placesOf(zones, series).zones.map(({ id }) => id)).toEqual(['east', 'north', 'south']);
  });

  it('finds what holds for a zone from wherever it is set', () => {
    const asked = { quantity: '', site: '', zone: 'farm/north', crop: '' };
    const found = (scope: object) => isLookedFor({ scope, measurement: 'soil', field: 'ec' }, asked, zones);
    expect([{}, { zone: 'north' }, { crop: 'tomato' }, { site: 'farm' }].map(found)).toEqual(
      Array(4).fill(true),
    );
    expect([{ zone: 'south' }, { crop: 'maize' }, { stage: 'late' }].map(found)).toEqual(
      Array(3).fill(false),
    );
  });
});

it.each([
  ['all', undefined, true],
  ['all', 'north-farm', true],
  [['north-farm'], undefined, false],
  [['north-farm'], 'north-farm', true],
  [['north-farm'], 'south-farm', false],
] as const)('who sees %j may change what holds for %s: %s', (sites, site, expected) => {
  expect(maySetFor({ sites, links: 'all' }, site ? { site } : {})).toBe(expected);
});
