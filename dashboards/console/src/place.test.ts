import { expect, test } from 'vitest';
import { hrefOf, placeOf } from './place.ts';

test('an address is read as it is written', () => {
  const href = hrefOf('links', ['bj sh/1', '北京'], { range: '24h' });
  const { page, path, query } = placeOf(href);
  expect({ page, path, range: query.get('range') }).toEqual({
    page: 'links',
    path: ['bj sh/1', '北京'],
    range: '24h',
  });
});

test.each(['', '#', '#/'])('%j is no page in particular', (hash) => {
  expect(placeOf(hash)).toMatchObject({ page: '', path: [] });
});

test('what somebody mistyped is no error', () => {
  expect(placeOf('#/farm/%zz').path).toEqual(['%zz']);
});
