import { expect, it } from 'vitest';
import { decodeSubmit } from './decode-submit.ts';

it('reads the often quoted example of a Nokia 6110', () => {
  expect(decodeSubmit('0011000B916407281553F80000AA0AE8329BFD4697D9EC37')).toEqual({
    sms: { to: '+46708251358', text: 'hellohello', coding: 'gsm-7' },
    length: 23,
  });
});

it('reads UCS-2, and a part with its number', () => {
  const { sms } = decodeSubmit('0051000D91683108108300F00008AA0A0500035A02014F60597D');
  expect(sms).toEqual({
    ...{ to: '+8613800138000', text: '你好', coding: 'ucs-2' },
    part: { reference: 0x5a, of: 2, number: 1 },
  });
});

it('refuses what is no message, or not as long as it says', () => {
  expect(() => decodeSubmit('xyz')).toThrow();
  expect(() => decodeSubmit('0000')).toThrow();
  expect(() => decodeSubmit('0011000B916407281553F80000AA0BE8329BFD4697D9EC')).toThrow();
});
