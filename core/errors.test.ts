import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERRORS, SluiceError } from './errors.ts';
import { errorsDocument } from './errors-document.ts';

test('docs/errors.md says what the catalogue says (npm run docs writes it)', () => {
  expect(readFileSync('docs/errors.md', 'utf8')).toBe(errorsDocument());
});

test('both languages of a message take the same details', () => {
  const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
  for (const { en, zh } of Object.values(ERRORS)) expect(names(zh)).toEqual(names(en));
});

test('a message is filled from its details, in both languages', () => {
  const error = new SluiceError('ID_INVALID', { kind: 'site', value: 'a.b' });
  expect(error.message).toContain('site id "a.b" is not valid');
  expect(error.text('zh')).toContain('site 的标识 "a.b" 无效');
});
