import { describe, expect, it } from 'vitest';
import { encodeSubmit, smsSize } from './encode-submit.ts';
import { packSeptets, plainText, toSeptets } from './gsm-alphabet.ts';

describe('SMS-SUBMIT', () => {
  it('is what the often quoted example of a Nokia 6110 is', () => {
    expect(encodeSubmit('+46708251358', 'hellohello', 0)).toEqual([
      { length: 23, hex: '0011000B916407281553F80000AA0AE8329BFD4697D9EC37' },
    ]);
  });

  it('is in UCS-2 where the alphabet does not do: 你好 is 4F60 597D', () => {
    expect(encodeSubmit('+8613800138000', '你好', 0)).toEqual([
      { length: 19, hex: '0011000D91683108108300F00008AA044F60597D' },
    ]);
  });

  it('packs eight septets into seven octets, and leaves a bit empty after the header of a part', () => {
    const hex = (septets: number[], fill = 0) => Buffer.from(packSeptets(septets, fill)).toString('hex');
    // 23.038 section 6.1.2.1.1: "1234567" packs into 31 D9 8C 56 B3 DD 00.
    expect(hex([...'1234567'].map((one) => one.charCodeAt(0)))).toBe('31d98c56b3dd00');
    expect(hex([0x7f], 1)).toBe('fe');
  });

  it('comes in parts that name each other, each full but for what would be cut in two', () => {
    const parts = encodeSubmit('+8613800138000', 'a'.repeat(161), 0x5a);
    expect(parts.map(({ hex }) => hex.slice(2, 4))).toEqual(['51', '51']);
    expect(parts.map(({ hex }) => hex.slice(30, 44))).toEqual(['A00500035A0201', '0F0500035A0202']);
    expect(encodeSubmit('+8613800138000', 'a'.repeat(160), 0)).toHaveLength(1);
    expect(encodeSubmit('+8613800138000', '水'.repeat(70), 0)).toHaveLength(1);
    // The emoji is two units: 66 and it do not fit into 67.
    const split = encodeSubmit('+8613800138000', `${'水'.repeat(66)}🌱${'水'.repeat(10)}`, 1);
    expect(split.map(({ hex }) => Number.parseInt(hex.slice(30, 32), 16))).toEqual([6 + 132, 6 + 24]);
  });

  it('knows what fits into two parts', () => {
    const fits = (text: string) => smsSize(text) <= 1 && encodeSubmit('+8613800138000', text, 0).length <= 2;
    expect(fits('a'.repeat(305))).toBe(true);
    expect(smsSize('a'.repeat(306))).toBeGreaterThan(1);
    expect(fits(`${'a'.repeat(152)}€${'a'.repeat(151)}`), 'where a pair would be cut').toBe(true);
    expect(fits('水'.repeat(133))).toBe(true);
    expect(smsSize('水'.repeat(134))).toBeGreaterThan(1);
  });
});

it('writes units as people do without the signs, and keeps the text where that is not enough', () => {
  expect(plainText('21.5 °C, 310 µS/cm, ≥ 3 m³')).toBe('21.5 C, 310 uS/cm, >= 3 m3');
  expect(plainText('水温 21.5 °C')).toBe('水温 21.5 °C');
  expect(toSeptets('€[')).toEqual([
    [0x1b, 0x65],
    [0x1b, 0x3c],
  ]);
});
