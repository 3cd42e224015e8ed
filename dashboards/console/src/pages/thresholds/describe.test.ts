import { describe, expect, it } from 'vitest';
import { QUANTITIES } from '../../../../../core/quantities.ts';
import type { ThresholdWish } from '../../../../../core/thresholds/threshold.ts';
import { createLocale } from '../../i18n/locale.ts';
import { describeRule, describeScope } from './describe.ts';

const zones = [{ site: 'farm', id: 'north', name: 'North field' }];
const on = { locale: createLocale('en'), zones, quantities: QUANTITIES };
const inChinese = { ...on, locale: createLocale('zh') };
const said = (text: string) => text.replaceAll('\u00a0', ' ');

function both(rule: ThresholdWish['rule'], forS = 600): string[] {
  const wish = { measurement: 'soil', field: 'moisture', scope: {}, rule, forS, enabled: true } as const;
  return [on, inChinese].map((one) => said(describeRule({ ...wish, severity: 'warning' }, one)));
}

describe('a threshold in plain words', () => {
  it.each<[ThresholdWish['rule'], string, string]>([
    [
      { kind: 'bounds', low: { raise: 20, clear: 23.5 } },
      'Warn below 20 %, until 23.5 %, after 10 min',
      '低于 20 %（回升至 23.5 % 解除）时警告，持续 10 分钟后触发',
    ],
    [
      { kind: 'rate', overS: 3_600, rise: 5, fall: 3 },
      'Warn when it rises by 5 % or when it falls by 3 % within 1 h, after 10 min',
      '1 小时内上升 5 %或下降 3 %时警告，持续 10 分钟后触发',
    ],
    [
      { kind: 'neighbours', by: 8 },
      'Warn when it differs from its neighbours by 8 %, after 10 min',
      '与相邻测点相差 8 % 时警告，持续 10 分钟后触发',
    ],
  ])('%j', (rule, en, zh) => {
    expect(both(rule)).toEqual([en, zh]);
  });

  it('says at once where it waits for nothing, and no second time where the rule has its own', () => {
    expect(both({ kind: 'bounds', low: { raise: 20, clear: 20 } }, 0)[0]).toMatch(/, at once$/);
    expect(both({ kind: 'no-data', afterS: 1_800 }, 0)[0]).toBe('Warn when nothing has come for 30 min');
  });

  it('names where it holds, and everywhere where nothing is named', () => {
    const scope = { crop: 'tomato', stage: 'mid', zone: 'north', site: 'farm' };
    expect(describeScope(scope, on)).toBe('Tomato in the mid-season stage, zone North field, site farm');
    expect(describeScope(scope, inChinese)).toBe('番茄盛期，地块 North field，站点 farm');
    expect(describeScope({}, on)).toBe('Everywhere');
  });
});
