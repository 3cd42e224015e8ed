import { expect, it, onTestFinished } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import type { LedgerMark } from '../../core/ledger.ts';
import { DATA_TYPES, type Metric, type PropertyValue } from '../../core/sparkplug/payload.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestConfig } from '../config.ts';
import { LedgerBook } from '../ledger/ledger-book.ts';
import { Accounting } from '../pipeline/accounting.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import { RefusalLog } from '../pipeline/refusal-log.ts';
import { KeptLog } from '../testing/kept-log.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { DeadLetters } from './dead-letters.ts';
import { Replayer, type ReplayRequest } from './replayer.ts';

const LEDGER = '0123456789abcdef';
const DAY_MS = 86_400_000;

async function bench() {
  const clock = new FakeClock();
  const { log } = new KeptLog();
  const folder = temporaryFolder();
  const config = checkConfig(IngestConfig, {});
  const store = new MemoryStore();
  const confirmed: string[] = [];
  const ledger = new LedgerBook(
    { folder, maxGateways: 10 },
    {
      ...{ clock, log },
      confirm: (_s, _g, { ranges }) =>
        void confirmed.push(...ranges.map(({ first, last }) => `${first}-${last}`)),
    },
  );
  const letters = new DeadLetters(config.letters, { folder, clock, log });
  const pipeline = new Pipeline(config.pipeline, {
    ...{ store, ledger, letters, clock, log, accounting: new Accounting(), events: { keep() {} } },
    refusals: new RefusalLog(log, clock),
  });
  const replayer = new Replayer({ letters, pipeline, clock, maxAheadS: config.pipeline.maxAheadS });
  for (const one of [store, ledger, letters]) {
    await one.start();
    onTestFinished(() => one.stop());
  }
  let next = 0;
  const take = (metrics: readonly Metric[], properties: Record<string, PropertyValue> = {}) => {
    const definition = {
      ...{
        site: 'farm',
        gateway: 'g',
        device: 'd',
        name: 'soil/moisture',
        dataType: DATA_TYPES.Double,
        properties,
      },
    };
    const mark: LedgerMark = { kind: 'readings', ledger: LEDGER, first: next, count: metrics.length };
    next += metrics.length;
    pipeline.take({
      ...{ site: 'farm', gateway: 'g', metrics, definitions: metrics.map(() => definition) },
      ...{ defaultTimeMs: clock.nowMs(), isBirth: false, numbered: { mark, leftOut: [] } },
    });
  };
  const replay = async (request: Partial<ReplayRequest> = {}) => {
    const report = replayer.replay({ shiftMs: 0, isDryRun: false, ...request });
    await clock.advance(1_000);
    return report;
  };
  const stored = async () => {
    const query = { measurement: 'soil', field: 'moisture', fromMs: 0, toMs: 4e12, maxPoints: 100 };
    const [series] = await store.query(query);
    return series ? series.timeMs.map((timeMs, at) => [timeMs, series.value[at]]) : [];
  };
  return { clock, store, letters, confirmed, take, replay, stored, pipeline };
}

it('quarantines a time that cannot be right, tells the clock’s error, and lands it with the correction', async () => {
  const { clock, letters, take, replay, stored, confirmed } = await bench();
  const wrongMs = clock.nowMs() + DAY_MS;
  take([{ value: 20, timeMs: wrongMs }]);
  take([{ value: 21, timeMs: clock.nowMs() }]);
  await clock.advance(1_000);
  expect(await stored()).toEqual([[wrongMs - DAY_MS, 21]]);
  expect(confirmed).toEqual(['0-1']);
  expect(letters.find({}, { limit: 10 })).toMatchObject([
    { kind: 'quarantine', content: { reading: { timeMs: wrongMs, identity: `${LEDGER}:0` } } },
  ]);
  expect(await replay({ isDryRun: true })).toMatchObject({ replayed: 0, refused: { TIME_IMPOSSIBLE: 1 } });
  expect(await replay({ isDryRun: true, shiftMs: -DAY_MS - 5 })).toMatchObject({ replayed: 1, refused: {} });
  expect(await stored()).toHaveLength(1);
  expect(await replay({ shiftMs: -DAY_MS - 5 })).toMatchObject({ lookedAt: 1, replayed: 1 });
  expect(await stored()).toEqual([
    [wrongMs - DAY_MS - 5, 20],
    [wrongMs - DAY_MS, 21],
  ]);
  expect(await replay()).toMatchObject({ lookedAt: 0 });
  expect(letters.counts()).toMatchObject([{ waiting: 0, replayed: 1 }]);
});

it('keeps what the store refused with its words, and has it in once the store takes it', async () => {
  const { clock, store, letters, take, replay, stored } = await bench();
  store.refuse = () => true;
  take([{ value: 50, timeMs: clock.nowMs(), properties: { Quality: 0, clock: 'unsynced' } }]);
  await clock.advance(1_000);
  expect(letters.find({}, { limit: 10 })).toMatchObject([
    {
      code: 'STORE_REFUSED',
      details: { reason: 'told to' },
      content: { reading: { identity: `${LEDGER}:0` } },
    },
  ]);
  expect(await replay()).toMatchObject({ replayed: 0, refused: { STORE_REFUSED: 1 } });
  expect(letters.counts()).toMatchObject([{ waiting: 1, more: 0 }]);
  store.refuse = () => false;
  expect(await replay()).toMatchObject({ replayed: 1 });
  expect(await stored()).toHaveLength(1);
  const [last] = await store.last({});
  expect(last).toMatchObject({ status: 2 | (1 << 2) });
});

it('keeps the new reason where it is refused again', async () => {
  const { clock, letters, take, replay } = await bench();
  take([{ value: 500, timeMs: clock.nowMs() + DAY_MS }]);
  await clock.advance(1_000);
  expect(await replay({ shiftMs: -DAY_MS })).toMatchObject({ refused: { VALUE_OUT_OF_RANGE: 1 } });
  expect(letters.find({}, { limit: 10 })).toMatchObject([
    { code: 'VALUE_OUT_OF_RANGE', state: 'waiting', triedMs: clock.nowMs() - 750 },
  ]);
  expect(letters.counts().map(({ code, waiting }) => [code, waiting])).toEqual([
    ['TIME_IMPOSSIBLE', 0],
    ['VALUE_OUT_OF_RANGE', 1],
  ]);
});

it('leaves them waiting while the store is away, and does them once when asked twice', async () => {
  const { clock, store, letters, take, replay, stored } = await bench();
  take([{ value: 20, timeMs: clock.nowMs() - 100 * 365 * DAY_MS }]);
  await clock.advance(1_000);
  store.isAway = true;
  const first = replay({ shiftMs: 100 * 365 * DAY_MS });
  await clock.advance(30_000);
  expect(await first).toMatchObject({ replayed: 0, unanswered: 1 });
  expect(letters.counts()).toMatchObject([{ waiting: 1 }]);
  store.isAway = false;
  await clock.advance(30_000);
  const both = [replay({ shiftMs: 100 * 365 * DAY_MS }), replay({ shiftMs: 100 * 365 * DAY_MS })];
  await clock.advance(2_000);
  expect((await Promise.all(both)).map(({ replayed }) => replayed)).toEqual([1, 0]);
  expect(await stored()).toHaveLength(1);
});

it('does it once more where it died between the store and its own mark, which changes nothing', async () => {
  const { clock, store, letters, take, replay, stored } = await bench();
  store.refuse = () => true;
  take([{ value: 20, timeMs: clock.nowMs() }]);
  await clock.advance(1_000);
  store.refuse = () => false;
  const tried = letters.tried.bind(letters);
  letters.tried = () => {
    throw new Error('killed');
  };
  await expect(replay()).rejects.toThrow('killed');
  expect(await stored()).toHaveLength(1);
  letters.tried = tried;
  expect(await replay()).toMatchObject({ replayed: 1 });
  expect(await stored()).toHaveLength(1);
});

it('does not make a reading of what was none', async () => {
  const { clock, take, replay, stored } = await bench();
  take([
    { value: Number.NaN, timeMs: clock.nowMs() },
    { value: undefined, timeMs: clock.nowMs() },
  ]);
  await clock.advance(1_000);
  expect(await replay()).toMatchObject({ lookedAt: 2, notReplayable: 2, replayed: 0 });
  expect(await stored()).toEqual([]);
});
