import { expect, it } from 'vitest';
import { languageOf } from './language-of.ts';

it.each([
  [undefined, 'en'],
  ['', 'en'],
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  ['ZH-hant-TW', 'zh'],
  ['en-GB,zh;q=0.9', 'en'],
  ['fr, zh;q=0.2', 'zh'],
  ['en;q=0.1, zh ; q=0.2', 'zh'],
  ['zh;q=0', 'en'],
  ['zha, *', 'en'],
  ['zh;q=nonsense', 'en'],
] as const)('%j asks for %s', (header, language) => {
  expect(languageOf(header)).toBe(language);
});
