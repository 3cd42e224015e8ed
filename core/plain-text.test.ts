import { expect, it } from 'vitest';
import { isPlain, plainText } from './plain-text.ts';

it.each(['北区 1 号阀', 'valve "1" <b>\n\tnext', 'שסתום 5', 'é 😀', ''])('takes %j as it is', (text) => {
  expect(isPlain(text)).toBe(true);
});

it.each([
  ['pump \u202enepo evlav', 'pump \ufffdnepo evlav'],
  ['a\u2067b\u2069', 'a\ufffdb\ufffd'],
  ['nul\0, \u001b[2J, \u009b1m', 'nul\ufffd, \ufffd[2J, \ufffd1m'],
])('does not take %j', (text, shown) => {
  expect([isPlain(text), plainText(text)]).toEqual([false, shown]);
});

it('makes half a pair whole', () => {
  expect(plainText('\ud800half')).toBe('\ufffdhalf');
});
