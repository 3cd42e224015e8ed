import { expect, it } from 'vitest';
import { patternOf } from './pattern-of.ts';

it.each([
  ['/^north/', 'north valve', true],
  ['/NORTH/i', 'the north', true],
  ['/north/', 'North', false],
  ['north', 'north', true],
  ['north', 'north valve', false],
  ['/n/g', 'nn', true],
])('reads %s as Grafana does: "%s" %s', (text, name, isFound) => {
  const pattern = patternOf(text);
  expect([pattern.test(name), pattern.test(name)]).toEqual([isFound, isFound]);
});

it('names a pattern that is none', () => {
  expect(() => patternOf('/(/')).toThrow('option: /(/');
});
