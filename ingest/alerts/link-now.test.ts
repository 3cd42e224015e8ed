import { expect, it } from 'vitest';
import type { RecordSketch } from '../sla/outages/find-outages.ts';
import { isDownNow, type LinkNow, seenNow, stepLinkNow } from './link-now.ts';

const MINUTE = 60_000;

/** A minute of a probe a second, the last `lost` of which were not answered, but for `after` at its end. */
function minute(n: number, lost = 0, after = 0): RecordSketch {
  const toMs = (n + 1) * MINUTE;
  const end = toMs - after * 1000;
  const gaps = lost === 0 ? [] : [{ fromMs: end - lost * 1000, toMs: end, probes: lost }];
  return { fromMs: n * MINUTE, toMs, scheduled: 60, received: 60 - lost, lost, useless: 0, gaps };
}

function after(...records: RecordSketch[]): LinkNow {
  return records.reduce<LinkNow | undefined>(stepLinkNow, undefined)!;
}

it('is down once the newest record ends in losses for long enough, and up with the next answer', () => {
  expect(isDownNow(after(minute(0)), 10_000)).toBe(false);
  expect(isDownNow(after(minute(0, 9)), 10_000)).toBe(false);
  expect(isDownNow(after(minute(0, 10)), 10_000)).toBe(true);
  expect(isDownNow(after(minute(0, 30, 5)), 10_000), 'it ended before the record did').toBe(false);
  expect(isDownNow(after(minute(0, 30), minute(1)), 10_000)).toBe(false);
});

it('joins what goes on in the next record, and begins where it began', () => {
  const { down } = after(minute(0, 5), minute(1, 60));
  expect(down).toEqual({ fromMs: 55_000, probes: 65 });
});

it('keeps what it knows where probes say nothing, or a record came late', () => {
  const useless = { ...minute(1), received: 0, useless: 60 };
  expect(after(minute(0, 30), useless)).toEqual({ toMs: 120_000, down: { fromMs: 30_000, probes: 30 } });
  expect(after(minute(1, 60), minute(0))).toMatchObject({ down: { probes: 60 } });
});

it('is unknown to its neighbours once its evidence is old', () => {
  const down = after(minute(0, 30));
  expect([seenNow(down, 70_000, 180_000, 10_000), seenNow(down, 300_000, 180_000, 10_000)]).toEqual([
    'down',
    'unknown',
  ]);
  expect(seenNow(after(minute(0)), 70_000, 180_000, 10_000)).toBe('up');
  expect(seenNow(undefined, 0, 1, 1)).toBe('unknown');
});
