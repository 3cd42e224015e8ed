import { expect, it } from 'vitest';
import type { Dashboard, Variable } from './model.ts';
import type { Source } from './source.ts';
import { resolveVariables } from './variables.ts';

const source = {
  series: async () => [{ measurement: 'soil', field: 'moisture', tags: { site: 'a', zone: 'north' } }],
} as unknown as Source;
const variable = (name: string, more: object) =>
  ({ name, type: 'query', query: `SHOW TAG VALUES FROM "soil" WITH KEY = "${name}"`, ...more }) as Variable;
const resolved = (...list: Variable[]) =>
  resolveVariables({ templating: { list } } as unknown as Dashboard, () => undefined, source);

it('names a pattern that is none beside its variable, and goes on with the others', async () => {
  const [site, zone] = await resolved(variable('site', { regex: '/(/' }), variable('zone', {}));
  expect(site?.unknown?.part).toBe('/(/');
  expect(zone?.chosen).toEqual(['north']);
});

it('takes names that go round in a circle as they stand', async () => {
  const where = (other: string) => ` WHERE "${other}" =~ /^$${other}$/`;
  const found = await resolved(
    variable('site', { query: `SHOW TAG VALUES WITH KEY = "site"${where('zone')}` }),
    variable('zone', { query: `SHOW TAG VALUES WITH KEY = "zone"${where('site')}` }),
  );
  expect(found.map(({ chosen }) => chosen)).toEqual([[], []]);
});
