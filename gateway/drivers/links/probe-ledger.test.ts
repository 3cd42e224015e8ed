import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLinkRecord, encodeLinkRecord, totalOf } from '../../../core/links/link-record.ts';
import { isExact } from '../../../core/links/measures.ts';
import { mergeGaps } from '../../../core/links/merge-gaps.ts';
import type { Answer, Probe } from './probe.ts';
import { type ClosedRecord, LATE_MS, ProbeLedger } from './probe-ledger.ts';
import type { Moment } from './record-interval.ts';

const NOON_MS = Date.UTC(2026, 10, 23, 12);
const RECORD_MS = 60_000;
const TIMEOUT_MS = 2_000;

/** A ledger with its clocks: monotonic time begins at 0, where UTC is `startMs`. */
class Bench {
  readonly ledger: ProbeLedger;
  readonly closed: ClosedRecord[] = [];
  monotonicMs = 0;
  #utcMs: number;

  constructor(startMs = NOON_MS, sourcePorts: readonly number[] = [0]) {
    this.#utcMs = startMs;
    this.ledger = new ProbeLedger(
      { recordMs: RECORD_MS, timeoutMs: TIMEOUT_MS, sourcePorts },
      { utcMs: startMs, monotonicMs: 0 },
    );
  }

  get now(): Moment {
    return { utcMs: this.#utcMs, monotonicMs: this.monotonicMs };
  }

  pass(ms: number): void {
    this.monotonicMs += ms;
    this.#utcMs += ms;
    this.closed.push(...this.ledger.close(this.now));
  }

  step(ms: number): void {
    this.#utcMs += ms;
  }

  send(flow = 0): Probe {
    const probe = this.ledger.due(flow, this.monotonicMs, this.now);
    this.ledger.sent(probe, this.monotonicMs);
    return probe;
  }

  /** A probe each second; `what` says for each what came back, where anything did. */
  run(what: readonly (Partial<Answer> | undefined)[], flow = 0): void {
    for (const one of what) {
      const probe = this.send(flow);
      if (one) this.ledger.answered(probe, answer(one));
      this.pass(1_000);
    }
  }

  /** All records, after the last can have been answered. */
  finish(): ClosedRecord[] {
    this.pass(TIMEOUT_MS + LATE_MS);
    this.closed.push(...this.ledger.end(this.now));
    return this.closed;
  }
}

function answer(parts: Partial<Answer> = {}): Answer {
  return { roundTripMs: 10, stampedBy: 'kernel', ...parts };
}

const OK = {};
const LOST = undefined;

function accountOf(closed: readonly ClosedRecord[]) {
  return totalOf({ flows: closed.flatMap(({ record }) => record.flows) });
}

test('each end has its column, and what is not answered is lost', () => {
  const bench = new Bench();
  const { ledger } = bench;
  const [received, late, lost, refused, invalid, doubted] = Array.from({ length: 6 }, () => bench.send());
  ledger.answered(received!, answer());
  ledger.invalid(invalid!, 'socket');
  ledger.doubt(doubted!, 'stall');
  const missed = ledger.due(0, bench.monotonicMs, bench.now);
  ledger.notSent(missed);
  bench.pass(2_500);
  ledger.answered(late!, answer({ roundTripMs: 2_500 }));
  // Too late: they have their end.
  ledger.answered(invalid!, answer());
  ledger.lost(lost!);
  ledger.answered(lost!, answer());
  ledger.answered(refused!, answer({ roundTripMs: 2_400 }), 'clockStep');
  const { account, invalidBy, duplicates } = accountOf(bench.finish());
  expect(duplicates).toBe(0);
  expect(account).toEqual({
    scheduled: 7,
    received: 1,
    late: 1,
    lost: 1,
    notSent: 1,
    invalid: 3,
    excluded: 0,
  });
  expect(invalidBy).toEqual({ stall: 1, clockStep: 1, socket: 1 });
});

test('a second answer is a duplicate, also of one that was late', () => {
  const bench = new Bench();
  const probe = bench.send();
  bench.ledger.answered(probe, answer());
  bench.ledger.answered(probe, answer({ roundTripMs: 11 }));
  const late = bench.send();
  bench.ledger.answered(late, answer({ roundTripMs: 2_001 }));
  bench.ledger.answered(late, answer({ roundTripMs: 2_002 }));
  const total = accountOf(bench.finish());
  expect(total.duplicates).toBe(2);
  expect(total.account).toMatchObject({ received: 1, late: 1, scheduled: 2 });
});

test('records end at whole minutes, the first and the last are shorter, and a probe is where it was due', () => {
  const bench = new Bench(NOON_MS + 50_250);
  bench.run(Array.from({ length: 75 }, () => OK));
  const records = bench.finish().map(({ record }) => record);
  expect(records.map(({ fromMs, toMs }) => [fromMs - NOON_MS, toMs - NOON_MS])).toEqual([
    [50_250, 60_000],
    [60_000, 120_000],
    [120_000, 130_250],
  ]);
  expect(records.map(({ flows }) => flows[0]!.account.scheduled)).toEqual([10, 60, 5]);
});

test('a record is closed when its last probe can not be answered any more, and never changes then', () => {
  const bench = new Bench();
  bench.pass(59_990);
  const probe = bench.send();
  bench.pass(10 + TIMEOUT_MS + LATE_MS - 1);
  expect(bench.closed).toHaveLength(0);
  bench.pass(1);
  expect(bench.closed).toHaveLength(1);
  const before = encodeLinkRecord(bench.closed[0]!.record);
  bench.ledger.answered(probe, answer());
  expect(encodeLinkRecord(bench.closed[0]!.record)).toBe(before);
});

test('what waits for an answer when all ends says nothing of the link', () => {
  const bench = new Bench();
  bench.send();
  bench.pass(TIMEOUT_MS + 1);
  bench.send();
  const { account } = accountOf(bench.ledger.end(bench.now));
  expect(account).toMatchObject({ lost: 1, invalid: 1, scheduled: 2 });
});

test('one that nobody has said anything of was not sent', () => {
  const bench = new Bench();
  bench.ledger.due(0, 0, bench.now);
  expect(accountOf(bench.finish()).account).toMatchObject({ notSent: 1, scheduled: 1 });
});

test('jitter is that of RFC 3550, A.8, variation that of probes sent one after the other', () => {
  const bench = new Bench();
  bench.run([{ roundTripMs: 10 }, { roundTripMs: 26 }, LOST, { roundTripMs: 10 }]);
  const { variation, jitterMs } = accountOf(bench.finish());
  // J = 16/16, then 1 + (16 − 1)/16.
  expect(jitterMs).toBeCloseTo(1.9375, 9);
  expect(variation.count).toBe(1);
  expect(variation.quantile(0.5)).toBeCloseTo(16, 0);
});

test('overtaken are those that come after one sent later on the same flow', () => {
  const bench = new Bench(NOON_MS, [5, 6]);
  const [first, second, third] = [bench.send(0), bench.send(0), bench.send(1)];
  for (const probe of [third!, second!, first!]) bench.ledger.answered(probe, answer());
  expect(accountOf(bench.finish()).reordered).toBe(1);
});

test('flows stand in order of their source port', () => {
  const bench = new Bench(NOON_MS, [900, 7]);
  bench.run([OK, OK], 0);
  const [{ record }] = bench.finish() as [ClosedRecord];
  expect(record.flows.map(({ sourcePort, account }) => [sourcePort, account.received])).toEqual([
    [7, 0],
    [900, 2],
  ]);
});

test('three lost in a row are a gap from the first to the next that was received; two are none', () => {
  const bench = new Bench();
  bench.run([OK, LOST, LOST, OK, LOST, { roundTripMs: 2_100 }, LOST, OK]);
  const [{ record }] = bench.finish() as [ClosedRecord];
  expect(record.gaps).toEqual([{ fromMs: NOON_MS + 4_000, toMs: NOON_MS + 7_000, probes: 3 }]);
});

test('a gap that goes over records is one for who merges them, wherever the border cuts it', () => {
  for (let lead = 50; lead < 60; lead++) {
    const bench = new Bench();
    const up = (count: number) => Array.from({ length: count }, () => OK);
    bench.run([...up(lead), ...Array.from({ length: 130 }, () => LOST), ...up(20)]);
    const records = bench.finish().map(({ record }) => record);
    expect(mergeGaps(records)).toEqual([
      { fromMs: NOON_MS + 1_000 * lead, toMs: NOON_MS + 1_000 * (lead + 130), probes: 130 },
    ]);
  }
});

test('two lost at a border are none, two before it and one after are a gap', () => {
  const gapsWith = (after: readonly (Partial<Answer> | undefined)[]) => {
    const bench = new Bench();
    bench.run([...Array.from({ length: 58 }, () => OK), LOST, LOST, ...after]);
    return mergeGaps(bench.finish().map(({ record }) => record));
  };
  expect(gapsWith([OK])).toEqual([]);
  expect(gapsWith([LOST, OK])).toEqual([{ fromMs: NOON_MS + 58_000, toMs: NOON_MS + 61_000, probes: 3 }]);
});

test('a stateful reflector shows on which way each was lost, over 32 bits', () => {
  const bench = new Bench();
  const counted = (counter: number) => ({ counter: counter >>> 0 });
  // Of the first two lost one got there; of the third, lost alone, the reflector knows nothing; the fourth got there.
  bench.run([counted(-2), LOST, LOST, counted(0), LOST, counted(1), LOST, counted(3)]);
  const total = accountOf(bench.finish());
  expect(total.account.lost).toBe(4);
  expect([total.lostForward, total.lostReturn]).toEqual([2, 2]);
});

test('a reflector that was started anew, or has doubled one, leaves the direction unknown', () => {
  const anew = new Bench();
  anew.run([{ counter: 500 }, LOST, { counter: 0 }, LOST, { counter: 2 }]);
  const total = accountOf(anew.finish());
  expect([total.lostForward, total.lostReturn]).toEqual([0, 1]);
  const doubled = new Bench();
  const probe = doubled.send();
  doubled.ledger.answered(probe, answer({ counter: 1 }));
  doubled.ledger.answered(probe, answer({ counter: 2 }));
  doubled.run([LOST, { counter: 3 }]);
  expect(accountOf(doubled.finish())).toMatchObject({ lostForward: 0, lostReturn: 0, duplicates: 1 });
});

test('a reflector that counts what it answers to others as well shows no direction', () => {
  const shared = new Bench();
  // While the lost one was on its way, somebody else's got there; and so it does now and then.
  shared.run([1, 2, 4, 5].map((counter) => ({ counter })));
  shared.run([LOST, { counter: 7 }, { counter: 8 }]);
  expect(accountOf(shared.finish())).toMatchObject({ lostForward: 0, lostReturn: 0, account: { lost: 1 } });
  const overtaken = new Bench();
  overtaken.run([1, 3, 2, 4].map((counter) => ({ counter })));
  overtaken.run([LOST, { counter: 6 }, { counter: 7 }]);
  expect(accountOf(overtaken.finish())).toMatchObject({ lostForward: 0, lostReturn: 1 });
});

test('what is said of directions is what happened, over any losses', () => {
  const fate = fc.constantFrom('ok', 'ok', 'ok', 'forward', 'back');
  fc.assert(
    fc.property(fc.array(fate, { minLength: 100, maxLength: 300 }), (fates) => {
      const bench = new Bench();
      let counter = 2 ** 32 - 50;
      const answers = fates.map((one) => {
        if (one === 'forward') return LOST;
        counter = (counter + 1) >>> 0;
        return one === 'back' ? LOST : { counter };
      });
      bench.run([{ counter: 2 ** 32 - 50 }, ...answers, { counter: (counter + 1) >>> 0 }]);
      const { lostForward, lostReturn, account } = accountOf(bench.finish());
      const times = (what: string) => fates.filter((one) => one === what).length;
      expect(lostForward).toBeLessThanOrEqual(times('forward'));
      expect(lostReturn).toBeLessThanOrEqual(times('back'));
      // Only a run of both kinds that goes over the end of a record stays unknown.
      expect(account.lost - lostForward - lostReturn).toBeLessThan(account.lost / 4 + 10);
    }),
    { numRuns: 100 },
  );
});

test('a path has changed when three answers in a row came another way, on the same flow', () => {
  const bench = new Bench(NOON_MS, [1, 2]);
  const way = (ttlReturn: number) => ({ ttlReturn, ttlForward: 60 });
  bench.run([way(61), way(62), way(61), way(62), way(62), way(62), way(62)], 0);
  bench.run([way(50), way(50)], 1);
  const [{ record }] = bench.finish() as [ClosedRecord];
  expect(record).toMatchObject({ pathChanges: 1, ttlForward: 60, ttlReturn: 50 });
});

test('a clock that is set forward leaves a gap between records, and nothing of it in them', () => {
  const bench = new Bench();
  bench.run([OK, OK]);
  bench.step(3_600_000);
  bench.run(Array.from({ length: 70 }, () => OK));
  const records = bench.finish().map(({ record }) => record);
  expect(records.map(({ fromMs, toMs }) => [fromMs - NOON_MS, toMs - NOON_MS])).toEqual([
    [0, 60_000],
    [3_660_000, 3_720_000 - 43_000],
  ]);
  expect(accountOf(bench.closed).account).toMatchObject({ scheduled: 72, received: 72 });
});

test('a clock that is set back a little makes one record longer than it is called', () => {
  const bench = new Bench();
  bench.step(-10_000);
  bench.run(Array.from({ length: 140 }, () => OK));
  const [first, second] = bench.finish().map(({ record }) => record);
  expect(first).toMatchObject({ fromMs: NOON_MS, toMs: NOON_MS + 60_000 });
  expect(second).toMatchObject({ fromMs: NOON_MS + 60_000, toMs: NOON_MS + 120_000 });
  expect([first, second].map((one) => one!.flows[0]!.account.scheduled)).toEqual([60, 70]);
});

test('one that is set back by an hour finds its way back to whole minutes within an hour', () => {
  const bench = new Bench();
  bench.run([OK]);
  bench.step(-3_600_000);
  bench.run(Array.from({ length: 3_900 }, () => OK));
  const records = bench.finish().map(({ record }) => record);
  const waiting = records.filter(({ fromMs, toMs }) => toMs - fromMs === 1);
  expect(waiting.length).toBeGreaterThan(55);
  expect(records.at(-2)!.fromMs % RECORD_MS).toBe(0);
  expect(records.at(-1)!.toMs - bench.now.utcMs).toBeLessThanOrEqual(0);
  expect(accountOf(records.map((record) => ({ record }) as ClosedRecord)).account.received).toBe(3_901);
});

const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('send' as const), flow: fc.nat({ max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('miss' as const), flow: fc.nat({ max: 2 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      back: fc.nat({ max: 40 }),
      roundTripMs: fc.double({ min: 0, max: 6_000, noNaN: true }),
      counter: fc.option(fc.nat({ max: 50 }), { nil: undefined }),
      reason: fc.option(fc.constantFrom('stall' as const, 'clockStep' as const), {
        nil: undefined,
        freq: 10,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), back: fc.nat({ max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('doubt' as const), back: fc.nat({ max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse' as const), back: fc.nat({ max: 40 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat({ max: 5_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat({ max: 400_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('step' as const),
      ms: fc.integer({ min: -500_000, max: 500_000 }),
    }),
  },
);

test('whatever happens, every probe has one end, and records grow and never overlap', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), fc.nat({ max: RECORD_MS }), (events, offsetMs) => {
      const bench = new Bench(NOON_MS + offsetMs, [3, 1, 2]);
      const { ledger } = bench;
      const probes: Probe[] = [];
      let duesInAll = 0;
      for (const one of events) {
        const probe = 'back' in one ? probes.at(-1 - one.back) : undefined;
        if (one.kind === 'send') probes.push(bench.send(one.flow));
        if (one.kind === 'miss') probes.push(ledger.due(one.flow, bench.monotonicMs, bench.now));
        if (one.kind === 'send' || one.kind === 'miss') duesInAll++;
        if (one.kind === 'pass') bench.pass(one.ms);
        if (one.kind === 'step') bench.step(one.ms);
        if (!probe) continue;
        if (one.kind === 'answer')
          ledger.answered(
            probe,
            answer({
              roundTripMs: one.roundTripMs,
              ...(one.counter === undefined ? {} : { counter: one.counter }),
            }),
            one.reason,
          );
        if (one.kind === 'lose') ledger.lost(probe);
        if (one.kind === 'doubt') ledger.doubt(probe, 'stall');
        if (one.kind === 'refuse') ledger.notSent(probe);
      }
      const closed = bench.finish();
      expect(accountOf(closed).account.scheduled).toBe(duesInAll);
      let beforeMs = Number.NEGATIVE_INFINITY;
      for (const { record, samples } of closed) {
        expect(record.fromMs).toBeGreaterThanOrEqual(beforeMs);
        expect(record.toMs).toBeGreaterThan(record.fromMs);
        beforeMs = record.toMs;
        expect(record.flows.every(isExact)).toBe(true);
        const total = totalOf(record);
        expect(samples.roundTrip).toHaveLength(total.account.received);
        expect(total.lostForward + total.lostReturn).toBeLessThanOrEqual(total.account.lost);
        for (const gap of record.gaps) {
          expect(gap.fromMs).toBeGreaterThanOrEqual(record.fromMs);
          expect(gap.toMs).toBeGreaterThanOrEqual(gap.fromMs);
          expect(gap.toMs).toBeLessThanOrEqual(record.toMs);
        }
        expect(decodeLinkRecord(encodeLinkRecord(record)).fromMs).toBe(record.fromMs);
      }
    }),
    { numRuns: 300 },
  );
});
