import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RangeSet } from './range-set.ts';
import { SentTimes } from './sent-times.ts';

const RANGE = fc.tuple(fc.nat(30), fc.nat(6)).map(([first, more]) => ({ first, last: first + more }));
const ACTION = fc.record({ isAdding: fc.boolean(), range: RANGE });

const numbers = (ranges: readonly { first: number; last: number }[]) =>
  ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at));

test('a set of ranges is what a plain set of numbers is, in as few ranges as there can be', () => {
  fc.assert(
    fc.property(fc.array(ACTION, { maxLength: 30 }), RANGE, (actions, { first, last }) => {
      const set = new RangeSet();
      const plain = new Set<number>();
      for (const { isAdding, range } of actions) {
        if (isAdding) set.add(range.first, range.last);
        else set.remove(range.first, range.last);
        for (const number of numbers([range])) isAdding ? plain.add(number) : plain.delete(number);
      }
      const sorted = [...plain].sort((a, b) => a - b);
      expect(numbers(set.ranges)).toEqual(sorted);
      expect(set.size).toBe(sorted.length);
      for (const [at, range] of set.ranges.entries())
        expect(range.first).toBeGreaterThan((set.ranges[at - 1]?.last ?? -2) + 1);
      const asked = numbers([{ first, last }]);
      expect(numbers(set.within(first, last))).toEqual(asked.filter((one) => plain.has(one)));
      expect(numbers(set.gaps(first, last))).toEqual(asked.filter((one) => !plain.has(one)));
      expect(set.covers(first, last)).toBe(asked.every((one) => plain.has(one)));
      expect(set.has(first)).toBe(plain.has(first));
      expect(plain.has(set.nextMissing(first))).toBe(false);
      expect(numbers([{ first, last: set.nextMissing(first) - 1 }]).every((one) => plain.has(one))).toBe(
        true,
      );
    }),
  );
});

test('what was sent is due again by its own time, live and historical apart, and never once it is settled', () => {
  const sent = new SentTimes();
  sent.add(0, 9, 1_000, false);
  sent.add(10, 19, 1_400, false);
  sent.add(50, 59, 1_200, true);
  sent.add(20, 29, 5_000, false);
  expect([sent.size, sent.oldestMs, sent.has(15), sent.nextMissing(0)]).toEqual([40, 1_000, true, 30]);
  sent.remove(0, 4);
  expect(sent.expire(999)).toBeUndefined();
  // What went out within half a second shares a time, the first.
  expect(sent.expire(1_000)).toBe(5);
  expect([sent.size, sent.oldestMs, sent.has(15)]).toEqual([20, 1_200, false]);
  sent.remove(50, 59);
  expect(sent.oldestMs).toBe(5_000);
  expect(sent.clear()).toBe(20);
  expect([sent.size, sent.oldestMs]).toEqual([0, Number.POSITIVE_INFINITY]);
});
