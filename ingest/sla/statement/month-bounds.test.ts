import { expect, test } from 'vitest';
import { monthBounds } from './month-bounds.ts';

const utc = (text: string) => Date.parse(`${text}Z`);

test('a month of China begins eight hours before that of UTC', () => {
  const bounds = monthBounds('2026-10', 'Asia/Shanghai')!;
  expect(bounds.fromMs).toBe(utc('2026-09-30T16:00'));
  expect(bounds.toMs).toBe(utc('2026-10-31T16:00'));
  expect(bounds.edgesMs).toHaveLength(32);
});

test('days are as long as their clocks make them', () => {
  const days = ({ edgesMs }: { edgesMs: readonly number[] }) =>
    edgesMs.slice(1).map((ms, at) => (ms - edgesMs[at]!) / 3_600_000);
  const berlin = days(monthBounds('2026-10', 'Europe/Berlin')!);
  expect(berlin[24]).toBe(25);
  expect(berlin.filter((hours) => hours === 24)).toHaveLength(30);
  expect(days(monthBounds('2026-03', 'Europe/Berlin')!)[28]).toBe(23);
  // Half an hour off the hour, and a midnight that does not exist: clocks of Beirut go forward at 00:00.
  expect(monthBounds('2026-02', 'Asia/Kolkata')!.fromMs).toBe(utc('2026-01-31T18:30'));
  const beirut = monthBounds('2026-03', 'Asia/Beirut')!;
  expect(beirut.edgesMs[28]).toBe(utc('2026-03-28T22:00'));
  expect(days(beirut)[28]).toBe(23);
});

test('what is no month or no zone has no bounds', () => {
  expect(monthBounds('2026-13', 'UTC')).toBeUndefined();
  expect(monthBounds('2026-1', 'UTC')).toBeUndefined();
  expect(monthBounds('2026-10', 'Mars/Olympus')).toBeUndefined();
});
