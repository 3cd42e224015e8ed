import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../core/errors.ts';
import {
  type LedgerConfirmation,
  type LedgerMark,
  MOST_RANGES,
  parseConfirmation,
} from '../../core/ledger.ts';
import { createLog } from '../../core/log.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { confirmCommands } from './confirm-command.ts';
import { LedgerBook } from './ledger-book.ts';

const A = 'aaaaaaaaaaaaaaaa';
const B = 'bbbbbbbbbbbbbbbb';
const HOUR_MS = 3_600_000;

/** A ledger book over a real file, with a gateway whose reading n was made at n seconds after the start. */
class Bench {
  folder = temporaryFolder();
  readonly clock = new FakeClock();
  readonly startMs = this.clock.nowMs();
  confirmations: LedgerConfirmation[] = [];
  readonly #isShared: boolean;
  book: LedgerBook;

  constructor(isShared = false) {
    this.#isShared = isShared;
    this.book = this.#create();
  }

  #create(maxGateways = 10): LedgerBook {
    const confirm = (_site: string, _gateway: string, confirmation: LedgerConfirmation) => {
      if (book === this.book) this.confirmations.push(confirmation);
    };
    const book: LedgerBook = new LedgerBook(
      { folder: this.folder, maxGateways, isShared: this.#isShared },
      { clock: this.clock, log: createLog('silent'), confirm },
    );
    return book;
  }

  static async started(isShared = false): Promise<Bench> {
    const bench = new Bench(isShared);
    await bench.book.start();
    return bench;
  }

  /** As after `kill -9`: goes on with the files as they are at this moment. */
  async crash(): Promise<void> {
    const killed = this.book;
    const left = this.folder;
    this.folder = temporaryFolder();
    for (const file of ['ledger.db', 'ledger.db-wal'])
      copyFileSync(join(left, file), join(this.folder, file));
    this.book = this.#create();
    await this.book.start();
    await killed.stop();
  }

  timeOf(number: number): number {
    return this.startMs + number * 1_000;
  }

  mark(first: number, count: number, ledger = A): LedgerMark {
    return { kind: 'readings', ledger, first, count };
  }

  settle(first: number, count: number, rejected: Record<number, ErrorCode> = {}, ledger = A): void {
    const handle = this.book.find('farm', 'g', this.mark(first, count, ledger))!;
    const last = first + count - 1;
    this.book.settle(handle, {
      first,
      last,
      rejected: Object.entries(rejected).map(([number, code]) => ({ number: Number(number), code })),
      firstMs: this.timeOf(first),
      lastMs: this.timeOf(last),
      timesMs: Array.from({ length: count }, (_, n) => this.timeOf(first + n)),
    });
  }

  drop(first: number, count: number): void {
    const mark = this.mark(first, count);
    const times = { fromMs: this.timeOf(first), toMs: this.timeOf(first + count - 1) };
    this.book.drop(this.book.find('farm', 'g', mark)!, { ...mark, kind: 'dropped', ...times });
  }

  /** Lets the commit happen and says what was confirmed by it, as `first-last`. */
  async committed(): Promise<string[]> {
    this.confirmations = [];
    await this.clock.advance(100);
    return this.confirmations.flatMap(({ ranges }) => ranges.map(({ first, last }) => `${first}-${last}`));
  }

  get all() {
    return this.book.completeness('farm', 'g');
  }
}

describe('what is confirmed', () => {
  it('is what is on the disk, with all that lies around it', async () => {
    const bench = await Bench.started();
    bench.settle(0, 20);
    expect(bench.confirmations).toEqual([]);
    expect(await bench.committed()).toEqual(['0-19']);
    bench.settle(20, 20);
    bench.settle(60, 20);
    expect(await bench.committed()).toEqual(['0-39', '60-79']);
    expect(await bench.committed()).toEqual([]);
  });

  it('comes again for what comes again, without being counted twice', async () => {
    const bench = await Bench.started();
    bench.settle(0, 20, { 3: 'VALUE_OUT_OF_RANGE' });
    await bench.committed();
    const handle = bench.book.find('farm', 'g', bench.mark(0, 20))!;
    expect(handle.ledger.isDone({ first: 0, last: 19 })).toBe(true);
    bench.book.confirmAgain(handle, { first: 0, last: 19 });
    expect(await bench.committed()).toEqual(['0-19']);
    bench.settle(10, 20, { 25: 'VALUE_OUT_OF_RANGE' });
    expect(bench.all).toMatchObject({ produced: 30, stored: 28, rejected: 2, inFlight: 0, share: 28 / 30 });
  });

  it('comes with the birth too, where the gateway has not heard of it', async () => {
    const bench = await Bench.started();
    bench.settle(0, 100);
    bench.settle(200, 50);
    await bench.committed();
    bench.book.announce('farm', 'g', { ledger: A, first: 40, next: 300 });
    expect(await bench.committed()).toEqual(['0-99', '200-249']);
  });

  it('is split where one command cannot hold it', () => {
    const ranges = Array.from({ length: MOST_RANGES + 1 }, (_, n) => ({ first: n * 2, last: n * 2 }));
    const said = confirmCommands({ ledger: A, ranges }, 0).map(
      (bytes) => parseConfirmation(String(decodePayload(bytes).metrics[0]!.value))!.ranges.length,
    );
    expect(said).toEqual([MOST_RANGES, 1]);
  });

  it('is bounded against a gateway that sends every second number only', async () => {
    const bench = await Bench.started();
    for (let n = 0; n < 2_000; n++) bench.settle(n * 2, 1);
    expect(bench.all).toMatchObject({ produced: 3_999, stored: 1_000, inFlight: 2_999 });
    for (let n = 0; n < 2_000; n++) bench.settle(n * 2 + 1, 1);
    for (let n = 1_000; n < 2_000; n++) bench.settle(n * 2, 2);
    expect(bench.all).toMatchObject({ produced: 4_000, stored: 4_000, inFlight: 0, missing: [] });
  });
});

describe('the account', () => {
  it('names what is missing with the times on both sides of it', async () => {
    const bench = await Bench.started();
    bench.book.announce('farm', 'g', { ledger: A, first: 0, next: 100 });
    bench.settle(10, 10);
    bench.settle(50, 10);
    bench.drop(20, 5);
    expect(bench.all).toMatchObject({
      ledger: A,
      produced: 100,
      stored: 20,
      dropped: 5,
      inFlight: 75,
      missing: [
        { first: 0, last: 9, readings: 10, beforeMs: bench.timeOf(10), reason: 'awaited' },
        {
          first: 20,
          last: 24,
          readings: 5,
          afterMs: bench.timeOf(20),
          beforeMs: bench.timeOf(24),
          reason: 'dropped',
        },
        { first: 25, last: 49, readings: 25, afterMs: bench.timeOf(24), beforeMs: bench.timeOf(50) },
        { first: 60, last: 99, readings: 40, afterMs: bench.timeOf(59), reason: 'awaited' },
      ],
    });
  });

  it('begins where the gateway says: what was confirmed before is not ours', async () => {
    const bench = await Bench.started();
    bench.book.announce('farm', 'g', { ledger: A, first: 5_000, next: 5_010 });
    expect(bench.all).toMatchObject({ produced: 10, inFlight: 10 });
  });

  describe.each([
    // What others settled while they had the gateway was never seen here: the account begins anew.
    { isShared: true, settled: [[0, 50]], is: { produced: 20, stored: 0, inFlight: 20 } },
    // What this one settled itself from there on is kept.
    {
      isShared: true,
      settled: [
        [0, 10],
        [60, 30],
      ],
      is: { produced: 20, stored: 10, inFlight: 10 },
    },
    // Nothing was settled elsewhere.
    { isShared: true, settled: [[0, 80]], is: { produced: 100, stored: 80, inFlight: 20 } },
    // Nobody else is there who could have.
    { isShared: false, settled: [[0, 50]], is: { produced: 100, stored: 50 } },
  ] as const)('where workers share the gateways ($isShared) and this one settled $settled of 0–80', (one) => {
    it(`it is ${JSON.stringify(one.is)}`, async () => {
      const bench = await Bench.started(one.isShared);
      bench.book.announce('farm', 'g', { ledger: A, first: 0, next: 0 });
      for (const [first, count] of one.settled) bench.settle(first, count);
      await bench.committed();
      bench.book.announce('farm', 'g', { ledger: A, first: 80, next: 100 });
      expect(bench.all).toMatchObject(one.is);
    });
  });

  it('closes a ledger when another begins, and keeps what is missing of it', async () => {
    const bench = await Bench.started();
    bench.book.announce('farm', 'g', { ledger: A, first: 0, next: 30 });
    bench.settle(0, 10);
    await bench.clock.advance(60_000);
    bench.book.announce('farm', 'g', { ledger: B, first: 0, next: 5 });
    const closedMs = bench.clock.nowMs();
    expect(bench.all).toMatchObject({ ledger: B, produced: 35, stored: 10, inFlight: 25 });
    expect(bench.all.missing[0]).toEqual({
      ledger: A,
      first: 10,
      last: 29,
      readings: 20,
      afterMs: bench.timeOf(9),
      beforeMs: closedMs,
      reason: 'ledger-closed',
    });
  });

  it('keeps the sums of the ledgers of a gateway that begins a new one all the time', async () => {
    const bench = await Bench.started();
    for (let n = 0; n < 50; n++) {
      const ledger = n.toString(16).padStart(16, '0');
      bench.book.announce('farm', 'g', { ledger, first: 0, next: 10 });
      bench.settle(0, 5, { 1: 'VALUE_NOT_A_NUMBER' }, ledger);
      await bench.committed();
    }
    const sums = { produced: 500, stored: 200, rejected: 50, inFlight: 250 };
    expect(bench.all).toMatchObject(sums);
    expect(bench.all.missing.length).toBeLessThan(12);
    await bench.crash();
    expect(bench.all).toMatchObject(sums);
  });

  it('counts what lies in a period by whole hours', async () => {
    const bench = await Bench.started();
    bench.settle(0, 3_600);
    bench.settle(3_600, 3_600, { 3700: 'VALUE_OUT_OF_RANGE' });
    bench.settle(10_800, 100);
    const of = (fromHour: number, toHour: number) =>
      bench.book.completeness('farm', 'g', {
        fromMs: bench.startMs + fromHour * HOUR_MS,
        toMs: bench.startMs + toHour * HOUR_MS,
      });
    const check = () => {
      expect(of(0, 1)).toMatchObject({ produced: 3_600, stored: 3_600, inFlight: 0, missing: [] });
      expect(of(1, 2)).toMatchObject({ stored: 3_599, rejectedByCode: { VALUE_OUT_OF_RANGE: 1 } });
      expect(of(2, 4)).toMatchObject({ produced: 3_700, stored: 100, inFlight: 3_600, share: 100 / 3_700 });
    };
    check();
    await bench.committed();
    check();
  });

  it('makes room for a new gateway in place of the one that has been silent for longest', async () => {
    const bench = await Bench.started();
    for (let n = 0; n < 12; n++) {
      bench.book.announce('farm', `g${n}`, { ledger: A, first: 0, next: 10 });
      await bench.committed();
    }
    expect(bench.book.summary('farm', 'g0').produced).toBe(0);
    expect(bench.book.summary('farm', 'g11').produced).toBe(10);
    await bench.crash();
    expect(bench.book.summary('farm', 'g1').ledger).toBe('none');
    expect(bench.book.summary('farm', 'g11').produced).toBe(10);
  });

  const action = fc.oneof(
    { weight: 8, arbitrary: fc.record({ settle: fc.nat(400), count: fc.integer({ min: 1, max: 60 }) }) },
    { weight: 1, arbitrary: fc.record({ drop: fc.nat(400), count: fc.integer({ min: 1, max: 60 }) }) },
    { weight: 2, arbitrary: fc.record({ next: fc.nat(600) }) },
    { weight: 3, arbitrary: fc.constant({ commit: true }) },
    { weight: 1, arbitrary: fc.constant({ crash: true }) },
  );

  /**
   * Against a model that keeps one word per number. A confirmed number is settled for ever, whatever is killed; a
   * number that was not confirmed may be forgotten, and then comes again.
   */
  it('balances through repeats, losses and crashes, and forgets nothing that it has confirmed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const bench = await Bench.started();
        const confirmed = new Set<number>();
        let fates = new Map<number, string>();
        let safe = new Map<number, string>();
        let next = 0;
        const fateOf = (number: number) => (number % 7 === 0 ? 'VALUE_OUT_OF_RANGE' : 'stored');
        bench.book.announce('farm', 'g', { ledger: A, first: 0, next: 0 });
        for (const one of actions) {
          if ('settle' in one) {
            const numbers = Array.from({ length: one.count }, (_, n) => one.settle + n);
            const bad = numbers.filter((number) => fateOf(number) !== 'stored');
            bench.settle(
              one.settle,
              one.count,
              Object.fromEntries(bad.map((n) => [n, 'VALUE_OUT_OF_RANGE'])),
            );
            for (const number of numbers) {
              if ((fates.get(number) ?? 'dropped') === 'dropped') fates.set(number, fateOf(number));
            }
            next = Math.max(next, one.settle + one.count);
          } else if ('drop' in one) {
            bench.drop(one.drop, one.count);
            for (let n = one.drop; n < one.drop + one.count; n++) if (!fates.has(n)) fates.set(n, 'dropped');
            next = Math.max(next, one.drop + one.count);
          } else if ('next' in one) {
            bench.book.announce('farm', 'g', { ledger: A, first: 0, next: one.next });
            next = Math.max(next, one.next);
          } else if ('commit' in one) {
            await bench.committed();
            safe = new Map(fates);
          } else {
            await bench.crash();
            fates = new Map(safe);
            // The gateway is born again at once and tells how far it has come.
            bench.book.announce('farm', 'g', { ledger: A, first: 0, next });
          }
          for (const { ranges } of bench.confirmations) {
            for (const { first, last } of ranges) for (let n = first; n <= last; n++) confirmed.add(n);
          }
          const { produced, stored, rejected, dropped, inFlight, missing } = bench.all;
          expect(produced).toBe(next);
          expect(stored + rejected + dropped + inFlight).toBe(produced);
          const count = (fate: string) => [...fates.values()].filter((one) => one === fate).length;
          expect([stored, rejected, dropped]).toEqual([
            count('stored'),
            count('VALUE_OUT_OF_RANGE'),
            count('dropped'),
          ]);
          const awaited = missing.filter(({ reason }) => reason === 'awaited');
          expect(awaited.reduce((sum, { readings }) => sum + readings, 0)).toBe(inFlight);
          for (const number of confirmed) expect(fates.has(number)).toBe(true);
        }
        await bench.book.stop();
      }),
      { numRuns: 60 },
    );
  });
});

describe('a disk that cannot be written', () => {
  it('confirms nothing until it can be again', async () => {
    const bench = await Bench.started();
    const other = new DatabaseSync(join(bench.folder, 'ledger.db'));
    other.exec('ALTER TABLE ledger RENAME TO away');
    bench.settle(0, 10);
    expect(await bench.committed()).toEqual([]);
    expect(bench.book.trouble()).toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    expect(bench.all).toMatchObject({ produced: 10, stored: 10 });
    other.exec('ALTER TABLE away RENAME TO ledger');
    other.close();
    await bench.clock.advance(1_000);
    expect(bench.confirmations).toMatchObject([{ ranges: [{ first: 0, last: 9 }] }]);
    expect(bench.book.trouble()).toBeUndefined();
  });
});
