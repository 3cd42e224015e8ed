import { describe, expect, it } from 'vitest';
import type { ThresholdWish } from '../../../../../core/thresholds/threshold.ts';
import { blankDraft, draftOf, wishOf } from './draft.ts';

const SOIL: ThresholdWish = {
  ...{ measurement: 'soil', field: 'moisture', scope: { zone: 'north' } },
  ...{ rule: { kind: 'implausible' }, forS: 600, severity: 'warning', enabled: true },
};

describe('a threshold in a form', () => {
  it.each<ThresholdWish['rule']>([
    { kind: 'bounds', low: { raise: 20, clear: 23 } },
    { kind: 'bounds', low: { raise: 20, clear: 23 }, high: { raise: 40, clear: 38 } },
    { kind: 'rate', overS: 3_600, fall: 5 },
    { kind: 'stuck', band: 0, overS: 7_200 },
    { kind: 'no-data', afterS: 1_800 },
    { kind: 'implausible' },
    { kind: 'neighbours', by: 8 },
  ])('comes out as it went in: %j', (rule) => {
    const wish: ThresholdWish = { ...SOIL, rule, note: 'water it' };
    expect(wishOf(draftOf(wish))).toEqual({ wish, problems: {} });
  });

  it.each([
    [{}, { rule: 'needBound' }],
    [{ lowRaise: 20 }, { 'rule.low.clear': 'needed' }],
    [{ lowRaise: 20, lowClear: 18 }, { 'rule.low.clear': 'lowOrder' }],
    [{ highRaise: 40, highClear: 42 }, { 'rule.high.clear': 'highOrder' }],
    [{ lowRaise: 20, lowClear: 45, highRaise: 40, highClear: 38 }, { rule: 'roomless' }],
    [{ lowRaise: Number.NaN, lowClear: 3 }, { 'rule.low.raise': 'needed' }],
    [{ kind: 'rate' as const, rateOverS: 60 }, { rule: 'needMove' }],
    [{ kind: 'neighbours' as const, by: 0 }, { 'rule.by': 'positive' }],
    [{ quantity: '', kind: 'implausible' as const }, { field: 'needed' }],
  ])('says which field is wrong: %j', (change, problems) => {
    expect(wishOf({ ...blankDraft('soil/moisture', {}), ...change })).toEqual({ problems });
  });
});
