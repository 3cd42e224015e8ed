import { cpSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { DiskLog } from './disk-log.ts';
import { type DeliverySettings, LedgerOutbox } from './ledger-outbox.ts';
import { MemoryLog } from './memory-log.ts';
import type { MessageLog } from './message-log.ts';
import type { OutboxMessage, Stamp } from './outbox.ts';
import { type StampClock, trustingStampClock } from './stamp-clock.ts';

const METRIC = { name: 'soil/moisture', dataType: DATA_TYPES.Double, properties: { engUnit: '%' } };
const SETTINGS: DeliverySettings = {
  confirm: 'host',
  backlogPerS: 1_000,
  confirmWithinS: 60,
  window: 10_000,
};
const TIME_MS = Date.UTC(2026, 5, 1);

const message = (value: number, device = 'probe', count = 1): OutboxMessage => ({
  device,
  stamp: { timeMs: TIME_MS + value, clock: 'synced' },
  samples: Array.from({ length: count }, () => ({ metric: METRIC, value, quality: 'good' as const })),
});

const DISK = { maxBytes: 1e9, maxAgeMs: 1e10, syncEveryMs: 1_000, trustedNowMs: () => undefined };
const folders = new WeakMap<MessageLog, string>();
const folderOf = (log: MessageLog) => folders.get(log)!;

const LOGS: Record<string, (clock: FakeClock, maxBytes: number) => Promise<MessageLog>> = {
  memory: async (_, maxBytes) => new MemoryLog(maxBytes),
  disk: async (clock, maxBytes) => {
    const folder = temporaryFolder();
    const log = await DiskLog.open({ ...DISK, folder, maxBytes, clock });
    folders.set(log, folder);
    onTestFinished(() => log.close());
    return log;
  },
};

describe.each(Object.entries(LOGS))('an outbox on a log in %s', (_, openLog) => {
  async function setUp(settings: Partial<DeliverySettings> = {}, stamps?: StampClock) {
    const clock = new FakeClock(TIME_MS);
    const log = await openLog(clock, 100_000_000);
    const outbox = new LedgerOutbox(
      log,
      { ...SETTINGS, ...settings },
      clock,
      stamps ?? trustingStampClock(clock),
    );
    const isSafe = () => eventually(() => log.sendable === log.next, { everyMs: 1 });
    /** Everything that may go now, as [value, historical]. */
    const take = async () => {
      await isSafe();
      const taken: [number, boolean][] = [];
      let idle = 0;
      while (idle < 20) {
        const entry = outbox.next();
        if (entry?.kind === 'readings') {
          taken.push([entry.message.samples[0]!.value as number, entry.isHistorical]);
          idle = 0;
        } else {
          idle++;
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      }
      return taken;
    };
    const confirm = (first: number, last: number) =>
      outbox.confirm({ ledger: log.ledger, ranges: [{ first, last }] });
    return { clock, log, outbox, take, confirm, isSafe };
  }

  test('live messages go out in order, with numbers that follow, and are kept until they are confirmed', async () => {
    const { outbox, take, confirm } = await setUp();
    outbox.connect();
    outbox.add(message(1, 'a', 2));
    outbox.add(message(2));
    expect(await take()).toEqual([
      [1, false],
      [2, false],
    ]);
    expect(outbox.ledger).toMatchObject({ first: 0, next: 3 });
    confirm(0, 1);
    expect(outbox.ledger).toMatchObject({ first: 2, next: 3 });
    expect(outbox.status().waiting).toBe(1);
    confirm(2, 2);
    outbox.release();
    outbox.connect();
    expect(await take()).toEqual([]);
    expect(outbox.status().waiting).toBe(0);
  });

  test('live goes before the backlog, and the backlog at its rate', async () => {
    const { clock, outbox, take } = await setUp({ backlogPerS: 10 });
    for (let value = 0; value < 30; value++) outbox.add(message(value));
    outbox.connect();
    expect(await take()).toEqual([]);
    await clock.advance(1_000);
    outbox.add(message(100));
    const second = await take();
    expect(second[0]).toEqual([100, false]);
    expect(second.slice(1).map(([value]) => value)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(second.slice(1).every(([, isHistorical]) => isHistorical)).toBe(true);
    await clock.advance(5_000);
    // What was not used up is not saved up: a second's worth at most.
    expect(await take()).toHaveLength(10);
  });

  test('what was under way when the connection went goes out again, as historical', async () => {
    const { clock, outbox, take, confirm } = await setUp();
    outbox.connect();
    for (const value of [1, 2, 3]) outbox.add(message(value));
    await take();
    confirm(1, 1);
    outbox.release();
    outbox.connect();
    await clock.advance(1_000);
    expect(await take()).toEqual([
      [1, true],
      [3, true],
    ]);
  });

  test('what is not confirmed in time goes out again, and again', async () => {
    const { clock, outbox, take, confirm } = await setUp();
    outbox.connect();
    for (const value of [1, 2, 3]) outbox.add(message(value));
    await take();
    await clock.advance(59_000);
    expect(await take()).toEqual([]);
    confirm(0, 0);
    await clock.advance(2_000);
    expect(await take()).toEqual([
      [2, true],
      [3, true],
    ]);
    await clock.advance(61_000);
    expect(await take()).toHaveLength(2);
    confirm(1, 2);
    await clock.advance(61_000);
    expect(await take()).toEqual([]);
  });

  test('a host that confirms nothing gets no more than the window in a round, live first, half of it from the backlog', async () => {
    const { clock, outbox, take } = await setUp({ window: 20 });
    for (let value = 0; value < 100; value++) outbox.add(message(value));
    outbox.connect();
    await clock.advance(1_000);
    expect(await take()).toHaveLength(10);
    for (let value = 100; value < 130; value++) outbox.add(message(value));
    expect(await take()).toHaveLength(10);
    expect(outbox.status().unconfirmedForMs).toBeLessThan(60_000);
    await clock.advance(61_000);
    const round = await take();
    expect(round).toHaveLength(20);
    expect(round.slice(0, 20).every(([value, isHistorical]) => value >= 110 && !isHistorical)).toBe(true);
    expect(outbox.status().unconfirmedForMs).toBeGreaterThan(0);
  });

  test('confirmations of another ledger, of numbers long gone and of numbers to come are passed over', async () => {
    const { outbox, take, confirm } = await setUp();
    outbox.connect();
    outbox.add(message(1));
    await take();
    outbox.confirm({ ledger: '0123456789abcdef', ranges: [{ first: 0, last: 0 }] });
    confirm(5, 1_000_000);
    expect(outbox.status().waiting).toBe(1);
    outbox.add(message(2));
    confirm(0, 0);
    confirm(0, 0);
    expect(outbox.status().waiting).toBe(1);
  });

  test('for a host without a ledger, what the socket took is settled', async () => {
    const { outbox, isSafe } = await setUp({ confirm: 'sent' });
    outbox.connect();
    outbox.add(message(1));
    await isSafe();
    outbox.written(outbox.next()!);
    expect(outbox.status().waiting).toBe(0);
  });

  test('it holds what a device has still to send, and nothing that is only unconfirmed', async () => {
    const { clock, outbox, take } = await setUp();
    outbox.add(message(1, 'a'));
    outbox.connect();
    outbox.add(message(2, 'b'));
    expect([outbox.holds('a'), outbox.holds('b'), outbox.holds('c')]).toEqual([true, true, false]);
    await clock.advance(1_000);
    await take();
    expect([outbox.holds('a'), outbox.holds('b')]).toEqual([false, false]);
    expect([outbox.holds('a', 'unconfirmed'), outbox.holds('c', 'unconfirmed')]).toEqual([true, false]);
    outbox.release();
    expect([outbox.holds('a'), outbox.holds('b')]).toEqual([true, true]);
    outbox.confirm({ ledger: outbox.ledger.id, ranges: [{ first: 0, last: 0 }] });
    expect(['a', 'b'].map((device) => outbox.holds(device, 'unconfirmed'))).toEqual([false, true]);
  });

  describe('readings that were made while the clock was unsynced', () => {
    /** A clock that knows the time of boot b2 once `learn` was called. */
    function unsyncedStamps() {
      let utcAtStartMs: number | undefined;
      const listeners: (() => void)[] = [];
      const stamps: StampClock = {
        stamp: (timeMs) => ({ timeMs, clock: 'unsynced' }),
        utcOf: (boot, ms) => (boot === 'b2' && utcAtStartMs !== undefined ? utcAtStartMs + ms : undefined),
        mayLearn: (boot) => boot === 'b2',
        onLearned: (listener) => listeners.push(listener),
      };
      const learn = (utcMs: number) => {
        utcAtStartMs = utcMs;
        for (const listener of listeners) listener();
      };
      return { stamps, learn };
    }

    const stampedAt = (timeMs: number, boot: string, monotonicMs = 5_000): Stamp => ({
      timeMs,
      clock: 'unsynced',
      moment: { boot, monotonicMs },
    });

    /** The value and stamp of everything that goes, until there are so many. */
    async function takeStamps(outbox: LedgerOutbox, count: number): Promise<[unknown, Stamp][]> {
      const taken: [unknown, Stamp][] = [];
      await eventually(() => {
        const entry = outbox.next();
        if (entry?.kind === 'readings') taken.push([entry.message.samples[0]!.value, entry.message.stamp]);
        return taken.length === count;
      });
      return taken;
    }

    test('wait until it is known, and then go as repaired; those whose boot nobody can tell of go as they are', async () => {
      const { stamps, learn } = unsyncedStamps();
      const { clock, outbox, isSafe, take } = await setUp({}, stamps);
      outbox.connect();
      outbox.add({ ...message(1), stamp: stampedAt(1_000, 'b2') });
      outbox.add({ ...message(2), stamp: stampedAt(TIME_MS, 'b2', 6_000) });
      outbox.add({ ...message(3), stamp: stampedAt(TIME_MS, 'b1') });
      outbox.add({ ...message(4), stamp: { timeMs: TIME_MS, clock: 'unsynced' } });
      await clock.advance(1_000);
      await isSafe();
      expect((await takeStamps(outbox, 2)).map(([value]) => value)).toEqual([4, 3]);
      expect(await take()).toEqual([]);
      learn(TIME_MS);
      await clock.advance(1_000);
      expect(await takeStamps(outbox, 2)).toEqual([
        [1, { timeMs: TIME_MS + 5_000, clock: 'repaired' }],
        [2, { timeMs: TIME_MS + 6_000, clock: 'repaired' }],
      ]);
    });

    test('have the same time in every repeat, though the clock is set better meanwhile, or the process was killed', async () => {
      const { stamps, learn } = unsyncedStamps();
      const { clock, outbox, isSafe, log } = await setUp({}, stamps);
      outbox.add({ ...message(1), stamp: stampedAt(TIME_MS, 'b2') });
      outbox.connect();
      await clock.advance(1_000);
      await isSafe();
      learn(TIME_MS + 60_000);
      const repaired = [1, { timeMs: TIME_MS + 65_000, clock: 'repaired' }];
      expect(await takeStamps(outbox, 1)).toEqual([repaired]);
      learn(TIME_MS + 70_123);
      await clock.advance(61_000);
      expect(await takeStamps(outbox, 1)).toEqual([repaired]);
      if (log instanceof MemoryLog) return;
      const copy = temporaryFolder();
      cpSync(folderOf(log), copy, { recursive: true });
      const again = await DiskLog.open({ ...DISK, folder: copy, clock });
      onTestFinished(() => again.close());
      const later = new LedgerOutbox(again, SETTINGS, clock, stamps);
      later.connect();
      await clock.advance(1_000);
      expect(await takeStamps(later, 1)).toEqual([repaired]);
    });

    test('go as they were stamped when nobody has told the time for an hour, and stay so', async () => {
      const { stamps, learn } = unsyncedStamps();
      const { clock, outbox, isSafe, take } = await setUp({}, stamps);
      outbox.add({ ...message(1), stamp: stampedAt(TIME_MS, 'b2', 0) });
      outbox.add({ ...message(2), stamp: stampedAt(1_000, 'b2', 0) });
      outbox.connect();
      await clock.advance(3_500_000);
      await isSafe();
      expect(await take()).toEqual([]);
      await clock.advance(200_000);
      const raw = [1, stampedAt(TIME_MS, 'b2', 0)];
      expect(await takeStamps(outbox, 1)).toEqual([raw]);
      learn(TIME_MS + 60_000);
      await clock.advance(61_000);
      expect(await takeStamps(outbox, 1)).toEqual([raw]);
    });
  });

  test('whatever comes in which order, every reading is confirmed once it is, and goes out until then', async () => {
    const action = fc.constantFrom('add', 'add', 'add', 'take', 'confirm', 'release', 'connect', 'wait');
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), fc.nat(), async (actions, seed) => {
        const { clock, log, outbox, take, confirm } = await setUp({ window: 12, confirmWithinS: 5 });
        let added = 0;
        let random = seed;
        for (const one of actions) {
          random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
          if (one === 'add') outbox.add(message(added++));
          if (one === 'take') await take();
          if (one === 'confirm' && added > 0) confirm(random % added, random % added);
          if (one === 'release') outbox.release();
          if (one === 'connect') outbox.connect();
          if (one === 'wait') await clock.advance(2_000);
        }
        const expected = Array.from({ length: added }, (_, at) => at);
        const settled = new Set<number>();
        outbox.connect();
        for (let round = 0; outbox.status().waiting > 0; round++) {
          expect(round).toBeLessThan(50);
          await clock.advance(6_000);
          for (const [value] of await take()) {
            confirm(value, value);
            settled.add(value);
          }
        }
        expect(outbox.ledger).toMatchObject({ first: added, next: added });
        expect([...settled].every((value) => expected.includes(value))).toBe(true);
        expect(log.next).toBe(added);
      }),
      { numRuns: 15 },
    );
  });

  test('however many ranges are dropped, what lies between them and was not still goes out', async () => {
    const { outbox, log, take, confirm, clock } = await setUp();
    for (let value = 0; value < 1_300; value++) outbox.add(message(value));
    // As damage would: every second one.
    for (let first = 0; first < 1_300; first += 2) log.onDropped({ first, last: first, fromMs: 5, toMs: 6 });
    outbox.connect();
    await eventually(() => log.sendable === log.next);
    for (let entry = outbox.next(); entry?.kind === 'dropped'; entry = outbox.next())
      confirm(entry.range.first, entry.range.last);
    await clock.advance(2_000);
    const taken = new Set((await take()).map(([value]) => value));
    await clock.advance(2_000);
    for (const [value] of await take()) taken.add(value);
    for (let value = 1; value < 1_300; value += 2) expect(taken).toContain(value);
  });

  test('when there is no room the oldest go; their range and time go out until confirmed', async () => {
    const clock = new FakeClock(TIME_MS);
    const log = await openLog(clock, 200_000);
    const outbox = new LedgerOutbox(log, SETTINGS, clock, trustingStampClock(clock));
    for (let value = 0; value < 20_000; value++) {
      outbox.add(message(value));
      if (value % 100 === 0) await eventually(() => log.sendable === log.next, { everyMs: 1 });
    }
    const { dropped, waiting } = outbox.status();
    expect(dropped).toBeGreaterThan(1_000);
    expect(waiting).toBe(20_000 - dropped);
    outbox.connect();
    const entry = await eventually(() => outbox.next());
    expect(entry).toMatchObject({ kind: 'dropped', range: { first: 0, last: dropped - 1, fromMs: TIME_MS } });
    const { toMs } = (entry as Extract<typeof entry, { kind: 'dropped' }>).range;
    expect(toMs).toBe(TIME_MS + dropped - 1);
    expect(outbox.ledger.first).toBe(0);
    outbox.confirm({ ledger: log.ledger, ranges: [{ first: 0, last: dropped - 1 }] });
    expect(outbox.ledger.first).toBe(dropped);
    await clock.advance(61_000);
    expect(await eventually(() => outbox.next())).toMatchObject({
      kind: 'readings',
      message: { first: dropped },
    });
  });
});
