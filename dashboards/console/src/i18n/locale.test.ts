import { describe, expect, it } from 'vitest';
import { createLocale, preferredLanguage } from './locale.ts';

const en = createLocale('en', 'Asia/Shanghai');
const zh = createLocale('zh', 'Asia/Shanghai');
const NOON = Date.UTC(2026, 5, 1, 4);

describe('locale', () => {
  it.each([
    [4_000, 'just now', '刚刚'],
    [42_000, '42 sec ago', '42秒前'],
    [3 * 60_000 + 5, '3 min ago', '3分钟前'],
    [26 * 3_600_000, '26 hr ago', '26小时前'],
    [50 * 3_600_000, '2 days ago', '2天前'],
  ])('%i ms ago is "%s", "%s"', (ms, english, chinese) => {
    expect([en.age(ms), zh.age(ms)]).toEqual([english, chinese]);
  });

  it.each([
    [30_000, 'under a minute', '不到 1 分钟'],
    [12 * 60_000, '12 min', '12 分钟'],
    [60 * 60_000, '1 h', '1 小时'],
    [100 * 60_000, '1 h 40 min', '1 小时 40 分钟'],
    [72 * 3_600_000, '3 d', '3 天'],
  ])('%i ms long is "%s", "%s"', (ms, english, chinese) => {
    expect([en.duration(ms), zh.duration(ms)]).toEqual([english, chinese]);
  });

  it('writes times in the viewer’s zone, with the date where it is another day', () => {
    expect(en.time(NOON, NOON)).toBe('12:00');
    expect(en.time(NOON - 13 * 3_600_000, NOON)).toBe('31 May 23:00');
    expect(zh.time(NOON - 13 * 3_600_000, NOON)).toBe('5月31日 23:00');
    expect(en.time(NOON - 200 * 86_400_000, NOON)).toBe('13 Nov 2025 12:00');
    expect(zh.time(NOON - 200 * 86_400_000, NOON)).toBe('2025年11月13日 12:00');
  });

  it('says of which day the end of a span is, where it is another than that of its beginning', () => {
    const day = 86_400_000;
    expect(en.span(NOON - day, NOON, NOON)).toEqual(['31 May 12:00', '1 Jun 12:00']);
    expect(zh.span(NOON - day, NOON, NOON)).toEqual(['5月31日 12:00', '6月1日 12:00']);
    expect(en.span(NOON - 3_600_000, NOON, NOON)).toEqual(['11:00', '12:00']);
    expect(en.span(NOON - day - 3_600_000, NOON - day, NOON)).toEqual(['31 May 11:00', '12:00']);
  });

  it('lists names as its readers do', () => {
    expect(en.list(['北区', '南区'])).toBe('北区, 南区');
    expect(zh.list(['北区', '南区'])).toBe('北区、南区');
  });

  it('names the zone that its times are in', () => {
    expect(createLocale('en', 'Asia/Shanghai').zone(NOON)).toBe('China Standard Time (UTC+8)');
    expect(createLocale('zh', 'Asia/Shanghai').zone(NOON)).toBe('中国标准时间（UTC+8）');
  });

  it('writes numbers with the digits asked for, and no minus before zero', () => {
    expect(en.number(1284.3719, 3)).toBe('1,284.372');
    expect(en.number(-0.04, 1)).toBe('0.0');
    expect(en.number(-0.06, 1)).toBe('-0.1');
  });

  it('takes the first of the viewer’s languages that it speaks', () => {
    expect(preferredLanguage(['fr-FR', 'zh-TW', 'en'])).toBe('zh');
    expect(preferredLanguage(['en-US', 'zh'])).toBe('en');
    expect(preferredLanguage(['fr'])).toBe('en');
  });
});
