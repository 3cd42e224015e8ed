import { expect, it } from 'vitest';
import { formatSpan } from './format-span.ts';
import { createLocale } from './i18n/locale.ts';

it.each([
  [0, '0 min', '0 分钟'],
  [90, '90 s', '90 秒'],
  [600, '10 min', '10 分钟'],
  [5_400, '90 min', '90 分钟'],
  [7_200, '2 h', '2 小时'],
  [172_800, '2 d', '2 天'],
])('%i s is written as it was set: %s, %s', (valueS, en, zh) => {
  expect([formatSpan(valueS, createLocale('en')), formatSpan(valueS, createLocale('zh'))]).toEqual([en, zh]);
});
