import { describe, expect, it } from 'vitest';
import { delay } from '../../core/clock.ts';
import { checkConfig } from '../../core/config.ts';
import type { LedgerMark } from '../../core/ledger.ts';
import { createLog } from '../../core/log.ts';
import { DATA_TYPES, type Metric } from '../../core/sparkplug/payload.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestConfig } from '../config.ts';
import type { EventSink, KeptEvent } from '../events/event-sink.ts';
import { LedgerBook } from '../ledger/ledger-book.ts';
import { DeadLetters } from '../letters/dead-letters.ts';
import type { MetricDefinition } from '../session/host-state.ts';
import { KeptLog } from '../testing/kept-log.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { Accounting } from './accounting.ts';
import { Pipeline } from './pipeline.ts';
import type { Outcome } from './receipt.ts';
import { RefusalLog } from './refusal-log.ts';

const LEDGER = '0123456789abcdef';
const HOUR_MS = 3_600_000;
const define = (name: string, device: string): MetricDefinition => {
  return { site: 'farm', gateway: 'g', device, name, dataType: DATA_TYPES.Double, properties: {} };
};
const SOIL = define('soil/moisture', 'd');
const EVENT = define('Event', '');

/** The pipeline over a real ledger on disk, and a store that does what it is told. */
class Bench {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore();
  readonly accounting = new Accounting();
  readonly kept: KeptEvent[] = [];
  readonly live: (number | string)[][] = [];
  readonly confirmed: string[] = [];
  failEvents = false;
  readonly ledger = new LedgerBook(
    { folder: temporaryFolder(), maxGateways: 10 },
    {
      ...{ clock: this.clock, log: createLog('silent') },
      confirm: (_site, _gateway, { ranges }) =>
        void this.confirmed.push(ranges.map(({ first, last }) => `${first}-${last}`).join()),
    },
  );
  readonly letters = new DeadLetters(checkConfig(IngestConfig, {}).letters, {
    ...{ folder: temporaryFolder(), clock: this.clock, log: createLog('silent') },
  });
  readonly pipeline: Pipeline;
  next = 0;

  private constructor(maxPendingReadings: number) {
    const kept = new KeptLog();
    const config = { flushReadings: 1_000, flushMs: 250, maxPendingReadings, maxAheadS: 300 };
    const events: EventSink = {
      keep: (events) => {
        if (this.failEvents) throw new Error('disk full');
        this.kept.push(...events);
      },
    };
    this.pipeline = new Pipeline(
      { ...config, maxSeriesPerGateway: 50 },
      {
        ...{ store: this.store, ledger: this.ledger, events, accounting: this.accounting, clock: this.clock },
        letters: this.letters,
        ...{ refusals: new RefusalLog(kept.log, this.clock), log: kept.log },
        live: {
          taken: (batch, rows) => void this.live.push(rows.map((row) => batch.valueAt(row))),
          stored: () => {},
        },
      },
    );
  }

  static async create(maxPendingReadings = 1_000): Promise<Bench> {
    const bench = new Bench(maxPendingReadings);
    await bench.store.start();
    await bench.ledger.start();
    await bench.letters.start();
    return bench;
  }

  /** One message of soil moistures; the first number it takes is the answer. */
  take(
    values: readonly number[],
    { first = this.next, atMs = this.clock.nowMs(), isHistorical = false } = {},
  ): number {
    const metrics = values.map((value, n): Metric => ({ value, timeMs: atMs + first + n, isHistorical }));
    this.takeMetrics(metrics, SOIL, first);
    return first;
  }

  takeMetrics(metrics: readonly Metric[], definition: MetricDefinition, first = this.next): void {
    this.next = Math.max(this.next, first + metrics.length);
    const mark: LedgerMark = { kind: 'readings', ledger: LEDGER, first, count: metrics.length };
    this.pipeline.take({
      ...{ site: 'farm', gateway: 'g', metrics, definitions: metrics.map(() => definition), isBirth: false },
      ...{ defaultTimeMs: this.clock.nowMs(), numbered: { mark, leftOut: [] } },
    });
  }

  async settled() {
    await this.clock.advance(1_000);
    return this.ledger.completeness('farm', 'g');
  }
}

describe('a numbered message', () => {
  it('is confirmed once the store has it, with what was refused before and by the store under its own number', async () => {
    const bench = await Bench.create();
    bench.store.refuse = ({ value }) => value === 13;
    bench.take([1, 200, 13, 4, 300, 13, 7]);
    bench.take([13, 1]);
    expect(bench.confirmed).toEqual([]);
    expect(await bench.settled()).toMatchObject({
      ...{ produced: 9, stored: 4, inFlight: 0 },
      rejectedByCode: { VALUE_OUT_OF_RANGE: 2, STORE_REFUSED: 3 },
    });
    expect(bench.confirmed).toEqual(['0-8']);
  });

  it('is not confirmed while the store is away, nor when it is given up', async () => {
    const bench = await Bench.create();
    bench.store.isAway = true;
    bench.take([1, 2]);
    expect(await bench.settled()).toMatchObject({ produced: 2, stored: 0, inFlight: 2 });
    await bench.pipeline.stop();
    expect(await bench.settled()).toMatchObject({ stored: 0, inFlight: 2 });
    expect(bench.confirmed).toEqual([]);
  });

  it('of which something found no room comes again, and the others do not', async () => {
    const bench = await Bench.create(10);
    bench.store.isAway = true;
    bench.take([1, 2, 3, 4, 5, 6]);
    bench.take([1, 2, 3, 4, 5, 6]);
    bench.store.isAway = false;
    expect(await bench.settled()).toMatchObject({ produced: 12, stored: 6, dropped: 0, inFlight: 6 });
    bench.take([1, 2, 3, 4, 5, 6], { first: 6 });
    expect(await bench.settled()).toMatchObject({ produced: 12, stored: 12, inFlight: 0 });
    expect(bench.confirmed).toEqual(['0-5', '0-11']);
  });

  it('that is history is deferred while the store stalls, and what happens now is taken', async () => {
    const bench = await Bench.create(20);
    bench.store.isAway = true;
    bench.take(Array.from({ length: 10 }, () => 1));
    expect(bench.pipeline.isBraking).toBe(true);
    await bench.clock.advance(2_000);
    expect(bench.pipeline.isBraking).toBe(false);
    const historical = bench.take([2, 2, 2], { isHistorical: true });
    bench.take([3, 3, 3, 3, 3]);
    // Whatever it is, there is no room for all of it: so none is taken, and it comes again.
    const tooMuch = bench.take([4, 4, 4, 4, 4, 4]);
    const [account] = bench.accounting.counters();
    expect(account).toMatchObject({ received: 15, deferred: 9, dropped: 0, inFlight: 15 });
    bench.store.isAway = false;
    await bench.clock.advance(20_000);
    expect(bench.confirmed).toEqual(['0-9,13-17']);
    bench.take([2, 2, 2], { first: historical, isHistorical: true });
    bench.take([4, 4, 4, 4, 4, 4], { first: tooMuch });
    expect(await bench.settled()).toMatchObject({ produced: 24, stored: 24, inFlight: 0 });
  });

  it('that is history is deferred too where more waits than a slow store writes in a second', async () => {
    const bench = await Bench.create(100_000);
    bench.store.beforeWrite = () => delay(bench.clock, 2_000);
    const many = Array.from({ length: 1_000 }, () => 1);
    bench.take([1]);
    await bench.clock.advance(3_000);
    bench.take(many, { isHistorical: true });
    await bench.clock.advance(100);
    bench.take(many, { isHistorical: true });
    // A brake would keep what happens now waiting as well.
    expect(bench.pipeline.isBraking).toBe(false);
    bench.take(many, { isHistorical: true });
    bench.take([2]);
    expect(bench.accounting.counters()).toMatchObject([{ received: 2_002, deferred: 1_000 }]);
  });

  it('that is history keeps nothing waiting for more than one write, and gets its turn all the same', async () => {
    const bench = await Bench.create(100_000);
    const writes: string[] = [];
    bench.store.beforeWrite = (batch) => {
      writes.push([...new Set(batch.value.subarray(0, batch.length))].join());
      return delay(bench.clock, 2_000);
    };
    const history = Array.from({ length: 10 }, () => 50);
    for (let tick = 0; tick < 60; tick++) {
      bench.take([1]);
      bench.take(history, { isHistorical: true });
      await bench.clock.advance(250);
    }
    // Live and history never share a write; history has every fourth of them.
    expect(writes).toEqual(['1', '1', '1', '50', '1', '1', '1', '50']);
    await bench.clock.advance(20_000);
    expect(await bench.settled()).toMatchObject({ produced: 660, stored: 660, inFlight: 0 });
  });

  it('that comes again while its first copy waits is not taken twice, and is taken once that was given up', async () => {
    const bench = await Bench.create(10_000);
    bench.store.isAway = true;
    const first = bench.take([1, 2, 3]);
    bench.take([4, 5]);
    await bench.clock.advance(1_000);
    bench.take([6], { isHistorical: true });
    const pending = bench.pipeline.pendingReadings;
    for (let times = 0; times < 10; times++) {
      bench.take([1, 2, 3], { first });
      bench.take([4, 5], { first: 3 });
      // As history now, and both messages as one.
      bench.take([1, 2, 3, 4, 5], { first, isHistorical: true });
      bench.take([6], { first: 5 });
    }
    expect(bench.pipeline.pendingReadings).toBe(pending);
    expect(bench.accounting.of('farm', 'g')).toMatchObject({ received: 6, repeated: 110, deferred: 0 });
    // Something new, with a part that waits, is taken whole.
    bench.take([4, 5, 6, 7], { first: 3 });
    expect(bench.pipeline.pendingReadings).toBe(pending + 4);
    bench.store.isAway = false;
    await bench.clock.advance(20_000);
    expect(await bench.settled()).toMatchObject({ produced: 7, stored: 7, inFlight: 0 });

    bench.store.beforeWrite = () => {
      throw new Error('a bug');
    };
    bench.take([8], { first: 7 });
    expect(await bench.settled()).toMatchObject({ produced: 8, stored: 7, inFlight: 1 });
    bench.store.beforeWrite = () => {};
    bench.take([8], { first: 7 });
    expect(await bench.settled()).toMatchObject({ produced: 8, stored: 8, inFlight: 0 });
  });

  it('with something refused is confirmed only when that is kept on disk', async () => {
    const bench = await Bench.create();
    const { letters } = bench;
    await letters.stop();
    const first = bench.take([1, 200]);
    bench.take([3]);
    expect(await bench.settled()).toMatchObject({ produced: 3, stored: 1, inFlight: 2 });
    expect(bench.confirmed).toEqual(['2-2']);
    await letters.start();
    bench.take([1, 200], { first });
    expect(await bench.settled()).toMatchObject({ stored: 2, rejectedByCode: { VALUE_OUT_OF_RANGE: 1 } });
    expect(letters.find({}, { limit: 10 })).toMatchObject([
      {
        code: 'VALUE_OUT_OF_RANGE',
        content: { reading: { value: 200, identity: `${LEDGER}:${first + 1}` } },
      },
    ]);
  });

  it('that is settled is confirmed again without another write', async () => {
    const bench = await Bench.create();
    bench.take([1, 2, 3]);
    await bench.settled();
    const { writes } = bench.store;
    bench.take([1, 2, 3], { first: 0 });
    await bench.settled();
    expect(bench.store.writes).toBe(writes);
    expect(bench.confirmed).toEqual(['0-2', '0-2']);
    expect(bench.accounting.of('farm', 'g')).toMatchObject({ received: 3, stored: 3, repeated: 3 });
  });

  it('that its gateway had given up is stored all the same, and counts as that', async () => {
    const bench = await Bench.create();
    const mark: LedgerMark = { kind: 'dropped', ledger: LEDGER, first: 0, count: 3, fromMs: 1, toMs: 2 };
    bench.pipeline.takeDropped('farm', 'g', mark);
    await bench.settled();
    bench.take([1, 2, 3], { first: 0 });
    expect(await bench.settled()).toMatchObject({ produced: 3, dropped: 0, stored: 3 });
    expect(bench.store.size).toBe(3);
  });

  it('that makes the store fail for good is not confirmed: the defect may be mended', async () => {
    const bench = await Bench.create();
    bench.store.beforeWrite = () => {
      throw new Error('a bug');
    };
    bench.take([1]);
    expect(await bench.settled()).toMatchObject({ produced: 1, rejected: 0, inFlight: 1 });
    bench.store.beforeWrite = () => {};
    bench.take([1], { first: 0 });
    expect(await bench.settled()).toMatchObject({ stored: 1, inFlight: 0 });
  });

  it('over several hours counts in each of them', async () => {
    const bench = await Bench.create();
    const startMs = bench.clock.nowMs() - 10 * HOUR_MS;
    const metrics = [0, 1, 1, 3].map(
      (hour): Metric => ({ value: hour === 3 ? 200 : 5, timeMs: startMs + hour * HOUR_MS }),
    );
    bench.takeMetrics(metrics.toReversed(), SOIL);
    await bench.settled();
    const of = (hour: number) => {
      const fromMs = startMs + hour * HOUR_MS;
      return bench.ledger.completeness('farm', 'g', { fromMs, toMs: fromMs + HOUR_MS });
    };
    // What was refused has no place of its own and goes with the earliest.
    expect([0, 1, 2, 3].map((hour) => [of(hour).stored, of(hour).rejected])).toEqual([
      [1, 1],
      [2, 0],
      [0, 0],
      [0, 0],
    ]);
  });

  it('with historical values does not take the last value back, and is not told as live', async () => {
    const bench = await Bench.create();
    bench.take([20]);
    bench.take([5], { atMs: bench.clock.nowMs() - HOUR_MS, isHistorical: true });
    await bench.settled();
    expect(await bench.store.last({})).toMatchObject([{ value: 20 }]);
    expect(bench.live).toEqual([[20]]);
  });
});

describe('a receipt', () => {
  const metrics = (values: readonly number[], atMs: number) =>
    values.map((value, n): Metric => ({ value, timeMs: atMs + n }));
  const send = (bench: Bench, values: readonly number[], mark?: LedgerMark): Outcome[] => {
    const outcomes: Outcome[] = [];
    bench.pipeline.take({
      ...{ site: 'farm', gateway: 'g', metrics: metrics(values, bench.clock.nowMs()), isBirth: false },
      ...{ definitions: values.map(() => SOIL), defaultTimeMs: 0 },
      ...(mark && { numbered: { mark, leftOut: [] } }),
      receipt: { settled: (outcome) => void outcomes.push(outcome) },
    });
    return outcomes;
  };

  it('says once what is stored and what was refused, here and by the store, and not before', async () => {
    const bench = await Bench.create();
    bench.store.refuse = ({ value }) => value === 13;
    const outcomes = send(bench, [1, 200, 13, 4]);
    expect(outcomes).toEqual([]);
    await bench.settled();
    expect(outcomes).toMatchObject([{ stored: 2, isWhole: true }]);
    const rejected = outcomes[0]!.rejected.map(({ position, problem }) => [position, problem.code]);
    expect(rejected).toEqual([
      [1, 'VALUE_OUT_OF_RANGE'],
      [2, 'STORE_REFUSED'],
    ]);
  });

  it('of a message that is settled already comes at once', async () => {
    const bench = await Bench.create();
    const mark: LedgerMark = { kind: 'readings', ledger: LEDGER, first: 0, count: 2 };
    send(bench, [1, 2], mark);
    await bench.settled();
    expect(send(bench, [1, 2], mark)).toMatchObject([{ stored: 2, isWhole: true }]);
  });

  it('asks for the message again where something found no room, or the store was away until the end', async () => {
    const bench = await Bench.create(10);
    bench.store.isAway = true;
    const first = send(bench, [1, 2, 3, 4, 5, 6]);
    const second = send(bench, [1, 2, 3, 4, 5, 6]);
    await bench.pipeline.stop();
    expect([...first, ...second]).toMatchObject([{ isWhole: false }, { isWhole: false }]);
  });
});

describe('an event', () => {
  const event = {
    ...{ id: 'e1', kind: 'condition', condition: 'started', isRaised: true, timeMs: 1_000 },
    reason: { en: 'started', zh: '启动' },
  };
  const metric: Metric = { value: JSON.stringify(event), dataType: DATA_TYPES.String };

  it('is kept and no reading, and its number is confirmed once it is safe', async () => {
    const bench = await Bench.create();
    bench.takeMetrics([metric, { value: 'nonsense' }], EVENT);
    expect(await bench.settled()).toMatchObject({ stored: 1, rejectedByCode: { EVENT_INVALID: 1 } });
    expect(bench.kept).toMatchObject([{ site: 'farm', gateway: 'g', event }]);
    expect(bench.store.size).toBe(0);
    expect(bench.accounting.of('farm', 'g')).toMatchObject({
      received: 2,
      stored: 1,
      rejected: 1,
      inFlight: 0,
    });
  });

  it('that cannot be kept comes again', async () => {
    const bench = await Bench.create();
    bench.failEvents = true;
    bench.takeMetrics([metric], EVENT);
    bench.take([1]);
    expect(await bench.settled()).toMatchObject({ produced: 2, stored: 1, inFlight: 1 });
    expect(bench.confirmed).toEqual(['1-1']);
    bench.failEvents = false;
    bench.takeMetrics([metric], EVENT, 0);
    expect(await bench.settled()).toMatchObject({ stored: 2, inFlight: 0 });
  });

  it('of a gateway without a ledger is a reading like any other', async () => {
    const bench = await Bench.create();
    bench.pipeline.take({
      ...{ site: 'farm', gateway: 'g', metrics: [{ value: 'Door opened', timeMs: bench.clock.nowMs() }] },
      ...{ definitions: [EVENT], isBirth: false, defaultTimeMs: bench.clock.nowMs() },
    });
    await bench.settled();
    expect(bench.kept).toEqual([]);
    expect(bench.store.size).toBe(1);
  });
});
