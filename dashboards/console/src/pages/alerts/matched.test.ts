import { expect, it } from 'vitest';
import { thingsOf } from '../../components/use-things.ts';
import { choose, matchedThing, thingsFor } from './matched.ts';

const THINGS = thingsOf({
  zones: [
    { site: 'farm', id: 'north', name: 'North field' },
    { site: 'hill', id: 'north', name: 'Upper field' },
  ],
  gateways: [{ site: 'farm', gateway: 'pump', devices: [{ device: 's1' }] }],
  series: [
    { tags: { site: 'hill', gateway: 'shed', device: 's1', zone: 'west' } },
    { tags: { link: 'a-b' } },
  ],
  links: [],
});

it('offers what is described, what speaks and what has readings, under names, and of a site only what is in it', () => {
  expect(THINGS.sites!.map(({ value }) => value)).toEqual(['farm', 'hill']);
  expect(THINGS.links!.map(({ value }) => value)).toEqual(['a-b']);
  expect(thingsFor('zone', { site: 'hill' }, THINGS)).toEqual([
    { value: 'hill/north', label: 'Upper field', detail: 'north · hill' },
    { value: 'hill/west', label: 'west', detail: 'hill' },
  ]);
  expect(thingsFor('device', {}, THINGS)!.map(({ value }) => value)).toEqual([
    'farm/pump/s1',
    'hill/shed/s1',
  ]);
});

it('says of a device where it is too, and lets go what is elsewhere', () => {
  const device = choose('device', 'farm/pump/s1', { zone: 'west', site: 'hill', link: 'a-b' });
  expect(device).toEqual({ site: 'farm', gateway: 'pump', device: 's1', link: 'a-b' });
  expect(choose('gateway', undefined, device)).toEqual({ site: 'farm', link: 'a-b' });
  expect(choose('site', undefined, device)).toEqual({ link: 'a-b' });
  expect(choose('zone', 'new', { site: 'farm' })).toEqual({ site: 'farm', zone: 'new' });
});

it('knows what a silence names by its parts, and what is not here any more by its id', () => {
  expect(matchedThing('zone', { site: 'hill', zone: 'north' }, THINGS)).toBe('hill/north');
  expect(matchedThing('zone', { zone: 'west' }, THINGS)).toBe('hill/west');
  expect(matchedThing('zone', { site: 'farm', zone: 'gone' }, THINGS)).toBe('gone');
  expect(matchedThing('zone', { site: 'farm' }, THINGS)).toBeUndefined();
});
