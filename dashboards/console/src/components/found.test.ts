import { expect, it } from 'vitest';
import { found } from './found.ts';

const FIELDS = [
  { value: 'farm/north', label: 'North field', detail: 'north · farm' },
  { value: 'farm/n2', label: '北地块', detail: 'n2 · farm' },
  { value: 'hill/north', label: 'Upper north', detail: 'north · hill' },
];

it.each([
  ['', ['farm/north', 'farm/n2', 'hill/north']],
  ['NORTH', ['farm/north', 'hill/north']],
  ['北', ['farm/n2']],
  ['north hill', ['hill/north']],
  ['ｎｏｒｔｈ ｆ', ['farm/north']],
  ['upper', ['hill/north']],
  ['nowhere', []],
])('finds by "%s" what it stands in, what begins with it first', (typed, values) => {
  expect(found(FIELDS, typed).map(({ value }) => value)).toEqual(values);
});
