import { expect, test } from 'vitest';
import { type LinkRecord, totalOf } from '../../../../core/links/link-record.ts';
import { isExact } from '../../../../core/links/measures.ts';
import { ProbeLedger } from '../probe-ledger.ts';
import type { Moment } from '../record-interval.ts';
import { FpingTarget, waitMsOf } from './fping-target.ts';

const START_UTC_MS = Date.UTC(2026, 5, 1);
const WAIT_MS = waitMsOf(2_000);

/** fping asks once a second, from 100 ms after the start. */
class Bench {
  readonly ledger = new ProbeLedger({ recordMs: 60_000, timeoutMs: 2_000, sourcePorts: [0] }, this.at(0));
  readonly target = new FpingTarget(this.ledger, { everyMs: 1_000, waitMs: WAIT_MS }, this.at(0));
  stepMs = 0;

  at(monotonicMs: number): Moment {
    return { utcMs: START_UTC_MS + monotonicMs + (this.stepMs ?? 0), monotonicMs };
  }

  /** A line about request `sequence`, which went out `sentMs` after the start. */
  answer(sequence: number, roundTripMs: number, sentMs = 100 + 1_000 * sequence): void {
    const now = this.at(sentMs + roundTripMs);
    this.target.take({ sequence, target: 't', atMs: now.utcMs, roundTripMs }, now);
  }

  timeOut(sequence: number, toldMs = 100 + 1_000 * sequence + WAIT_MS): void {
    const now = this.at(toldMs);
    this.target.take({ sequence, target: 't', atMs: now.utcMs, roundTripMs: undefined }, now);
  }

  look(monotonicMs: number): void {
    this.target.look(this.at(monotonicMs));
  }

  account(monotonicMs: number) {
    const records: LinkRecord[] = this.ledger.end(this.at(monotonicMs)).map(({ record }) => record);
    const total = totalOf({ flows: records.flatMap(({ flows }) => flows) });
    expect(isExact(total)).toBe(true);
    return { ...total, gaps: records.flatMap(({ gaps }) => gaps) };
  }
}

test('answers, a loss that is told after later answers, and an answer that came twice', () => {
  const bench = new Bench();
  bench.answer(0, 10);
  bench.answer(2, 12);
  bench.answer(2, 13);
  bench.answer(3, 14);
  bench.timeOut(1);
  bench.answer(4, 11);
  const { account, duplicates, reordered, variation } = bench.account(9_000);
  expect(account).toMatchObject({ scheduled: 5, received: 4, lost: 1, notSent: 0, invalid: 0 });
  expect(duplicates).toBe(1);
  expect(reordered).toBe(0);
  expect(variation.count).toBe(2);
});

test('an answer after the time-out of the link is late', () => {
  const bench = new Bench();
  bench.answer(0, 2_400);
  expect(bench.account(9_000).account).toMatchObject({ scheduled: 1, late: 1, lost: 0 });
});

test('what fping does not tell of at all was not sent, and is no loss', () => {
  const bench = new Bench();
  bench.answer(0, 10);
  bench.answer(3, 10);
  bench.look(20_000);
  const { account } = bench.account(20_000);
  expect(account).toMatchObject({ received: 2, lost: 0 });
  expect(account.notSent).toBe(account.scheduled - 2);
  expect(account.scheduled).toBeGreaterThanOrEqual(16);
});

test('a target that is never told of has its turns all the same', () => {
  const bench = new Bench();
  for (let at = 0; at <= 60_000; at += 1_000) bench.look(at);
  const { account } = bench.account(60_000);
  expect(account.scheduled).toBeGreaterThan(50);
  expect(account.notSent).toBe(account.scheduled);
});

test('fping that was held up: requests that go out in a burst keep their turns, and a time-out that was told late says nothing', () => {
  const bench = new Bench();
  bench.answer(0, 10);
  // Held up from 0.9 s to 6.1 s: 1 to 5 go out one after the other.
  for (const sequence of [1, 2, 3, 4]) bench.answer(sequence, 10, 6_100 + sequence);
  bench.timeOut(5, 6_105 + WAIT_MS + 1_000);
  bench.answer(6, 10, 6_200);
  bench.answer(7, 10);
  const { account, invalidBy } = bench.account(12_000);
  expect(account).toMatchObject({ scheduled: 8, received: 7, lost: 0, invalid: 1 });
  expect(invalidBy.stall).toBe(1);
});

test('the clock is set while requests are under way: they say nothing', () => {
  const bench = new Bench();
  bench.answer(0, 10);
  bench.answer(1, 10);
  bench.answer(3, 10);
  bench.stepMs = 3_600_000;
  bench.look(3_200);
  bench.timeOut(2, 2_100 + WAIT_MS);
  bench.answer(4, 10, 4_100 + 3_600_000 - 3_600_000);
  const { account, invalidBy } = bench.account(9_000);
  expect(account).toMatchObject({ scheduled: 5, received: 4, lost: 0, invalid: 1 });
  expect(invalidBy.clockStep).toBe(1);
});

test('another process counts from 0, and what the one before had under way says nothing', () => {
  const bench = new Bench();
  bench.answer(0, 10);
  bench.answer(2, 10);
  bench.target.end();
  bench.target.begin(bench.at(5_600));
  bench.answer(0, 10, 5_900);
  bench.answer(1, 10, 6_900);
  const { account } = bench.account(12_000);
  expect(account).toMatchObject({ received: 4, lost: 0, invalid: 1 });
  expect(account.notSent).toBeLessThanOrEqual(3);
});

test('a line with a number that fping cannot have come to costs only itself', () => {
  const bench = new Bench();
  bench.answer(0, 10);
  bench.answer(100_000, 10, 1_100);
  bench.answer(1, 10);
  bench.look(10_000);
  expect(bench.account(10_000).account).toMatchObject({ scheduled: 6, received: 2, lost: 0 });
});

test('a line that was stamped before the clock was set back by an hour does not keep its record open for an hour', () => {
  const bench = new Bench();
  bench.answer(0, 10);
  bench.stepMs = -3_600_000;
  bench.target.take(
    { sequence: 1, target: 't', atMs: START_UTC_MS + 1_110, roundTripMs: 10 },
    bench.at(1_115),
  );
  bench.look(70_000);
  expect(bench.ledger.close(bench.at(70_000))).toHaveLength(1);
});
