import { expect, it } from 'vitest';
import { budgetReport, calendarOf } from './budget-report.ts';
import type { RecordCounts } from './link-counts.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const AT = Date.UTC(2026, 9, 16);
const OBJECTIVE = { latencyMs: 30, latencyQuantile: 0.95, loss: 0.003, confidence: 0.95 };

/** Records of a minute for `days` before `AT`; the last `badMinutes` of them lost and slow as told. */
function records(days: number, badMinutes: number, lost: number, slow: number): RecordCounts[] {
  const count = days * 1_440;
  return Array.from({ length: count }, (_, n) => {
    const fromMs = AT - (count - n) * MINUTE;
    const isBad = n >= count - badMinutes;
    const ofLost = isBad ? lost : 0;
    return {
      fromMs,
      toMs: fromMs + MINUTE,
      sent: 60,
      lost: ofLost,
      answered: 60 - ofLost,
      slow: isBad ? slow : 0,
    };
  });
}

it('tells what of 30 days and of the month is spent, and when it will be used up', () => {
  const [loss, latency] = budgetReport(OBJECTIVE, records(30, 60, 6, 6), AT, calendarOf(AT, 'UTC')!);
  // 30 days of a probe a second are 2 592 000, of which 0.3 % may be lost; 360 are.
  expect(loss!.days30).toMatchObject({ probes: 2_592_000, bad: 360, knownMs: 30 * DAY });
  expect(loss!.days30.allowed).toBeCloseTo(7_776, 6);
  expect(loss!.days30.spent).toBeCloseTo(360 / 7_776, 9);
  expect(loss!.month).toMatchObject({ fromMs: Date.UTC(2026, 9), toMs: Date.UTC(2026, 10), bad: 360 });
  expect(loss!.month.allowed).toBeCloseTo(0.003 * 31 * 86_400, 6);
  const hour = loss!.burn.find(({ windowMs }) => windowMs === 60 * MINUTE)!;
  expect(hour.rate).toBeCloseTo(0.1 / 0.003, 9);
  expect(loss!.usedUpMs).toBe(Math.round(AT + ((1 - 360 / 7_776) * 30 * DAY) / (0.1 / 0.003)));
  expect(loss!.burning).toContain('fast');
  expect(latency).toMatchObject({ kind: 'latency', days30: { bad: 360 } });
  expect(latency!.objective).toBeCloseTo(0.05, 12);
});

it('takes what was not measured to be like what was, and says where nothing is known', () => {
  const [loss] = budgetReport(OBJECTIVE, records(3, 0, 0, 0), AT, calendarOf(AT, 'UTC')!);
  expect(loss!.days30.allowed).toBeCloseTo(7_776, 6);
  expect(loss).toMatchObject({ usedUpMs: null, burning: [], days30: { spent: 0, knownMs: 3 * DAY } });
  const [none] = budgetReport(OBJECTIVE, [], AT, calendarOf(AT, 'UTC')!);
  expect(none).toMatchObject({ days30: { spent: null, allowed: 0 }, usedUpMs: null });
  expect(none!.burn.every(({ rate }) => rate === null)).toBe(true);
});

it('is used up where more was lost than is allowed, and counts nothing after the time asked for', () => {
  const all = records(30, 1_440, 30, 0);
  expect(budgetReport(OBJECTIVE, all, AT, calendarOf(AT, 'UTC')!)[0]!.usedUpMs).toBe(AT);
  expect(budgetReport(OBJECTIVE, all, AT - DAY, calendarOf(AT - DAY, 'UTC')!)[0]!.days30.bad).toBe(0);
});

it('goes by the calendar month of a place', () => {
  expect(calendarOf(AT, 'UTC')!.fromMs).toBe(AT - 30 * DAY);
  expect(calendarOf(Date.UTC(2026, 9, 31, 12), 'UTC')!.fromMs).toBe(Date.UTC(2026, 9, 1));
  const eightHoursMs = 8 * 3_600_000;
  const november = { fromMs: Date.UTC(2026, 10) - eightHoursMs, toMs: Date.UTC(2026, 11) - eightHoursMs };
  expect(calendarOf(november.fromMs, 'Asia/Shanghai')!.month).toMatchObject(november);
  expect(calendarOf(november.fromMs - 1, 'Asia/Shanghai')!.month.toMs).toBe(november.fromMs);
  expect(calendarOf(november.toMs - 1, 'Asia/Shanghai')!.month).toMatchObject(november);
  expect(calendarOf(AT, 'Nowhere/City')).toBeUndefined();
});
