import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../../core/testing/eventually.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { MemoryStore } from '../../testing/memory-store.ts';
import { encodeCell } from '../hours/cell.ts';
import { evidenceBatch, madeRecord } from '../testing/evidence.ts';
import type { EvidenceQuery, SeriesEvidence } from './evidence.ts';
import { EvidenceBook } from './evidence-book.ts';

const DAY_MS = Date.UTC(2026, 9, 1);
const HOUR_MS = 3_600_000;
const log = pino({ level: 'silent' });

async function started() {
  const store = new MemoryStore();
  await store.start();
  let scans = 0;
  const counted = {
    query: (query: Parameters<MemoryStore['query']>[0]) => store.query(query),
    scan: (query: Parameters<MemoryStore['scan']>[0]) => {
      scans++;
      return store.scan(query);
    },
  };
  const book = (folder: string) => new EvidenceBook({ store: counted, folder, clock: new FakeClock(), log });
  const scanned = () => {
    const done = scans;
    scans = 0;
    return done;
  };
  return { store, book, scanned };
}

/** Histograms hold nothing that can be compared but their bytes. */
function plain(found: readonly SeriesEvidence[]): unknown {
  return found.map(({ pieces, ...rest }) => ({
    ...rest,
    pieces: pieces.map(({ cell, ...out }) => ({
      ...out,
      cell: Buffer.from(encodeCell(cell)).toString('hex'),
    })),
  }));
}

const minute = fc.nat({ max: 5 * 60 });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ put: fc.array(fc.tuple(minute, fc.nat({ max: 3 })), { maxLength: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ bad: minute }) },
  { weight: 2, arbitrary: fc.constant({ restart: true }) },
  { weight: 6, arbitrary: fc.record({ from: minute, lasts: minute, excluded: fc.option(minute) }) },
);

/** The hour is kept when it is near a time; then a time is asked for with its fault, and without its only record. */
const FAULT_BESIDE_TIME = [
  { put: [[121, 0] as [number, number]] },
  { bad: 120 },
  { from: 11, lasts: 104, excluded: null },
  { from: 58, lasts: 63, excluded: null },
];

describe('evidence over a time', () => {
  it('is the same from kept hours as from the records, whatever comes late, overlaps or restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const { store, book } = await started();
        const folder = temporaryFolder();
        let kept = book(folder);
        await kept.start();
        for (const one of steps) {
          if ('put' in one) {
            // A record is written once and never changes: what it holds follows from when it was.
            const records = one.put.map(([at, second]) =>
              madeRecord({
                fromMs: DAY_MS + at * 60_000 + second,
                lost: at % 7,
                ms: 1 + at,
                lastsMs: 59_990,
              }),
            );
            await store.write(evidenceBatch({ link: 'a-b' }, records));
            await store.write(evidenceBatch({ link: 'b-a' }, records.slice(1)));
          } else if ('bad' in one) {
            const at = { timeMs: DAY_MS + one.bad * 60_000 + 30_000, text: 'AA==' };
            await store.write(evidenceBatch({ link: 'a-b' }, [at]));
          } else if ('restart' in one) {
            await kept.stop();
            kept = book(folder);
            await kept.start();
          } else {
            const fromMs = DAY_MS + one.from * 60_000;
            const query: EvidenceQuery = { fromMs, toMs: fromMs + one.lasts * 60_000 };
            const exclusions =
              one.excluded === null
                ? []
                : [
                    {
                      id: 'x',
                      fromMs: DAY_MS + one.excluded * 60_000,
                      toMs: DAY_MS + one.excluded * 60_000 + 300_000,
                      isInForce: true,
                      isPlanned: false,
                    },
                  ];
            const asked = { ...query, exclusionsOf: () => exclusions };
            // Never started: it has no file, and so reads records.
            expect(plain(await kept.read(asked))).toEqual(plain(await book(folder).read(asked)));
          }
        }
        await kept.stop();
      }),
      { numRuns: 60, examples: [[FAULT_BESIDE_TIME]] },
    );
  }, 60_000);

  it('reads records once, then only what is new; a late one has its hour read again', async () => {
    const { store, book, scanned } = await started();
    const kept = book(temporaryFolder());
    await kept.start();
    const put = (...minutes: number[]) =>
      store.write(
        evidenceBatch(
          { link: 'a-b' },
          minutes.map((at) => madeRecord({ fromMs: DAY_MS + at * 60_000 })),
        ),
      );
    const query = { fromMs: DAY_MS, toMs: DAY_MS + 3 * HOUR_MS };
    const records = async () =>
      (await kept.read(query)).flatMap(({ pieces }) => pieces.flatMap(({ cell }) => cell.records.sent))
        .length;
    await put(0, 1, 2, 60, 62, 120);
    expect([await records(), scanned()]).toEqual([6, 1]);
    expect([await records(), scanned()]).toEqual([6, 0]);
    await put(121);
    expect([await records(), scanned()]).toEqual([7, 1]);
    await put(61);
    expect([await records(), scanned()]).toEqual([8, 2]);
    expect([await records(), scanned()]).toEqual([8, 0]);
    await kept.stop();
  });

  it('makes hours as they close, so that nobody waits for them', async () => {
    const { store, scanned } = await started();
    const clock = new FakeClock(DAY_MS + 2 * HOUR_MS);
    let scans = 0;
    const counted = {
      query: (query: Parameters<MemoryStore['query']>[0]) => store.query(query),
      scan: (query: Parameters<MemoryStore['scan']>[0]) => {
        scans++;
        return store.scan(query);
      },
    };
    scanned();
    const kept = new EvidenceBook({ store: counted, folder: temporaryFolder(), clock, log });
    await kept.start();
    const putIn = (hour: number) =>
      store.write(evidenceBatch({ link: 'a-b' }, [madeRecord({ fromMs: DAY_MS + hour * HOUR_MS })]));
    await putIn(0);
    await putIn(1);
    clock.advance(60_000);
    await eventually(() => scans > 0);
    await putIn(2);
    await eventually(() => {
      clock.advance(HOUR_MS + 600_000);
      return scans > 1;
    });
    await kept.stop();
    await kept.start();
    scans = 0;
    const [found] = await kept.read({ fromMs: DAY_MS, toMs: DAY_MS + 3 * HOUR_MS });
    expect([found!.pieces.length, scans]).toEqual([3, 0]);
    await kept.stop();
  });

  it('is of records that start within the time, its start included and its end not', async () => {
    const { store, book } = await started();
    const kept = book(temporaryFolder());
    await kept.start();
    const records = [0, 10, 20].map((at) => madeRecord({ fromMs: DAY_MS + at * 60_000 }));
    await store.write(evidenceBatch({ link: 'a-b' }, records));
    const [found] = await kept.read({ fromMs: DAY_MS + 600_000, toMs: DAY_MS + 1_200_000 });
    const starts = found!.pieces.flatMap(({ cell }) => cell.records.fromMs);
    expect(starts).toEqual([DAY_MS + 600_000]);
    await kept.stop();
  });

  it('has no record whose probes do not add up', async () => {
    const { store, book } = await started();
    const kept = book(temporaryFolder());
    await kept.start();
    const record = madeRecord({ fromMs: DAY_MS, stall: 5 });
    record.flows[0]!.invalidBy.stall = 4;
    await store.write(evidenceBatch({ link: 'a-b' }, [record]));
    const [found] = await kept.read({ fromMs: DAY_MS, toMs: DAY_MS + HOUR_MS });
    expect(found!.pieces).toEqual([]);
    expect(found!.faults).toEqual([{ timeMs: DAY_MS, reason: 'its probes do not add up' }]);
    await kept.stop();
  });

  it('loses nothing by a file that is damaged or gone', async () => {
    const { store, book, scanned } = await started();
    const folder = temporaryFolder();
    const first = book(folder);
    await first.start();
    await store.write(evidenceBatch({ link: 'a-b' }, [madeRecord({ fromMs: DAY_MS })]));
    const query = { fromMs: DAY_MS, toMs: DAY_MS + HOUR_MS };
    const before = plain(await first.read(query));
    await first.stop();
    for (const part of ['-wal', '-shm']) rmSync(join(folder, `evidence-hours.db${part}`), { force: true });
    writeFileSync(join(folder, 'evidence-hours.db'), 'this is no database, and was never one'.repeat(200));
    const second = book(folder);
    await second.start();
    scanned();
    expect(plain(await second.read(query))).toEqual(before);
    expect(scanned()).toBe(1);
    await second.stop();
  });

  it('names what cannot be read, and what the store no longer has', async () => {
    const { store, book } = await started();
    const kept = book(temporaryFolder());
    await kept.start();
    const text = { timeMs: DAY_MS + 60_000, text: 'AA==' };
    await store.write(evidenceBatch({ link: 'a-b' }, [madeRecord({ fromMs: DAY_MS }), text]));
    const [found] = await kept.read({ fromMs: DAY_MS, toMs: DAY_MS + HOUR_MS });
    expect(found!.pieces[0]!.cell.records.sent).toHaveLength(1);
    expect(found!.faults).toEqual([{ timeMs: text.timeMs, reason: expect.stringMatching(/version 0/) }]);
    expect(found!.gone).toBe(0);
    await kept.stop();
  });
});
