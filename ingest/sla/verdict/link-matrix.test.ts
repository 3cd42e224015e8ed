import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { Link } from '../../../core/links/mesh.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { MemoryStore } from '../../testing/memory-store.ts';
import type { CountedSeries } from '../evidence/evidence.ts';
import { EvidenceBook } from '../evidence/evidence-book.ts';
import type { MaintenanceWindow } from '../maintenance/maintenance-window.ts';
import { evidenceBatch, madeRecord } from '../testing/evidence.ts';
import { KnownHoursOfLinks } from './known-hours.ts';
import type { MatrixOfLinks } from './link-matrix.ts';
import { mergedHours } from './merged-hours.ts';
import { VerdictDesk } from './verdict-desk.ts';

const START_MS = Date.UTC(2026, 9, 1);
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const log = pino({ level: 'silent' });

const pop = { id: 'a', network: 'n', site: 'backbone', gateway: 'pop-a', name: { en: 'a', zh: 'a' } };
const link = (id: string, latencyMs: number) =>
  ({
    ...{ id, from: pop, to: pop, class: 'inter', behind: [], probes: [{ kind: 'stamp' }] },
    objective: { latencyMs, latencyQuantile: 0.95, loss: 0.003, confidence: 0.95 },
  }) as unknown as Link;

async function bench() {
  const store = new MemoryStore();
  await store.start();
  const evidence = new EvidenceBook({ store, folder: temporaryFolder(), clock: new FakeClock(), log });
  await evidence.start();
  const windows: MaintenanceWindow[] = [];
  const links = new Map([link('a-b', 30), link('b-a', 30)].map((one) => [one.id, one]));
  const clock = new FakeClock(START_MS + 6 * HOUR_MS);
  const read: string[] = [];
  const watched: Pick<EvidenceBook, 'read' | 'links'> = {
    links: (range) => evidence.links(range),
    read: async (query) => {
      const found = await evidence.read(query);
      for (const { series, pieces } of found)
        for (const { hourMs } of pieces) read.push(`${series.link} ${(hourMs - START_MS) / HOUR_MS}`);
      return found;
    },
  };
  const maintenance = {
    find: (fromMs: number, toMs: number) => windows.filter((one) => one.fromMs < toMs && one.toMs > fromMs),
  };
  const mesh = () => ({ version: '1', recordS: 60, pops: new Map(), links });
  const desk = () => new VerdictDesk({ store, evidence: watched, maintenance, mesh, clock });
  const hoursRead = () => read.splice(0).sort();
  return { store, evidence, windows, links, clock, desk, hoursRead };
}

const put = (store: MemoryStore, id: string, minutes: readonly number[], kind: 'stamp' | 'icmp' = 'stamp') =>
  store.write(
    evidenceBatch(
      { link: id, kind },
      minutes.map((at) => madeRecord({ fromMs: START_MS + at * MINUTE_MS, lost: at % 7, ms: 1 + (at % 50) })),
    ),
  );

/** Histograms hold nothing that can be compared but their bytes. */
function plain(matrix: MatrixOfLinks): unknown {
  return JSON.parse(
    JSON.stringify(matrix, (_key, value) =>
      typeof value?.toText === 'function' ? value.toText() : (value as unknown),
    ),
  );
}

const minute = fc.nat({ max: 6 * 60 });
const id = fc.constantFrom('a-b', 'b-a', 'gone');
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ put: fc.array(minute, { maxLength: 30 }), id }) },
  { weight: 1, arbitrary: fc.record({ bad: minute, id }) },
  { weight: 1, arbitrary: fc.record({ otherKind: minute, id }) },
  { weight: 1, arbitrary: fc.record({ otherZone: minute, id }) },
  // Its reading has the time of its end, as those of another agent may.
  { weight: 2, arbitrary: fc.record({ byEnd: minute, id }) },
  { weight: 1, arbitrary: fc.record({ window: minute, isRetroactive: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ opened: fc.constant(true) }) },
  { weight: 1, arbitrary: fc.record({ latencyMs: fc.constantFrom(10, 30, 40) }) },
);

describe('the matrix of links', () => {
  it('is the same from hours that are known as from none, whatever comes, late or out of order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { store, evidence, windows, links, desk } = await bench();
        const kept = desk();
        const range = { fromMs: START_MS, toMs: START_MS + 6 * HOUR_MS };
        for (const one of steps) {
          if ('put' in one) await put(store, one.id, one.put);
          else if ('bad' in one) {
            const at = { timeMs: START_MS + one.bad * MINUTE_MS + 30_000, text: 'AA==' };
            await store.write(evidenceBatch({ link: one.id }, [at]));
          } else if ('otherKind' in one) await put(store, one.id, [one.otherKind], 'icmp');
          else if ('otherZone' in one)
            await store.write(
              evidenceBatch({ link: one.id, zone: 'z' }, [
                madeRecord({ fromMs: START_MS + one.otherZone * MINUTE_MS }),
              ]),
            );
          else if ('byEnd' in one) {
            const toMs = START_MS + one.byEnd * MINUTE_MS + 1;
            const batch = evidenceBatch({ link: one.id }, [
              madeRecord({ fromMs: toMs - 200_000, lastsMs: 200_000, lost: 1 }),
            ]);
            batch.timeMs[0] = toMs;
            await store.write(batch);
          } else if ('window' in one) windows.push(windowAt(one.window, one.isRetroactive));
          else if ('opened' in one) windows.pop();
          else links.set('a-b', link('a-b', one.latencyMs));
          expect(plain(await kept.matrix(range))).toEqual(plain(await desk().matrix(range)));
        }
        await evidence.stop();
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  it('reads the newest hour of what has not changed, and all of what has', async () => {
    const { store, evidence, desk, hoursRead } = await bench();
    const kept = desk();
    const range = { fromMs: START_MS, toMs: START_MS + 6 * HOUR_MS };
    await put(store, 'a-b', [5, 65, 125]);
    await put(store, 'b-a', [5, 65, 125]);
    await put(store, 'b-a', [5], 'icmp');
    await kept.matrix(range);
    expect(hoursRead()).toEqual(['a-b 0', 'a-b 1', 'a-b 2', 'b-a 0', 'b-a 1', 'b-a 2']);

    await put(store, 'a-b', [126, 185]);
    await kept.matrix(range);
    expect(hoursRead()).toEqual(['a-b 2', 'a-b 3', 'b-a 2']);

    await put(store, 'a-b', [7]);
    const { cells } = await kept.matrix(range);
    expect(hoursRead()).toEqual(['a-b 0', 'a-b 1', 'a-b 2', 'a-b 3', 'b-a 2']);
    expect(cells.find(({ name }) => name.id === 'a-b')!.figures.records).toBe(6);
    await evidence.stop();
  });

  it('counts what is known anew by another objective', async () => {
    const { store, evidence, links, desk } = await bench();
    const kept = desk();
    const range = { fromMs: START_MS, toMs: START_MS + 6 * HOUR_MS };
    // Of 16 ms: within 30, and beyond 10.
    await put(store, 'a-b', [15, 65, 115, 165]);
    await kept.matrix(range);
    links.set('a-b', link('a-b', 10));
    const matrix = plain(await kept.matrix(range));
    expect(matrix).toEqual(plain(await desk().matrix(range)));
    await evidence.stop();
  });

  it('puts a record that began before those of the hour before in its place', async () => {
    const { store, evidence, desk, hoursRead } = await bench();
    const kept = desk();
    const range = { fromMs: START_MS, toMs: START_MS + 6 * HOUR_MS };
    await put(store, 'a-b', [119, 125]);
    await kept.matrix(range);
    const toMs = START_MS + 2 * HOUR_MS + 1;
    const batch = evidenceBatch({ link: 'a-b' }, [madeRecord({ fromMs: toMs - 200_000, lastsMs: 200_000 })]);
    batch.timeMs[0] = toMs;
    await store.write(batch);
    hoursRead();
    const matrix = plain(await kept.matrix(range));
    // First as if it came after what is known, then all of it.
    expect(hoursRead()).toEqual(['a-b 1', 'a-b 2', 'a-b 2']);
    expect(matrix).toEqual(plain(await desk().matrix(range)));
    await evidence.stop();
  });
});

describe('hours that are known', () => {
  it('are of so many records at most, and what is in use stays', async () => {
    const clock = new FakeClock(0);
    const known = new KnownHoursOfLinks(clock, 1_200);
    const range = { fromMs: 0, toMs: HOUR_MS };
    const counted = { key: 'k', series: {} as CountedSeries['series'], rows: new Map([[0, 1]]) };
    const merged = mergedHours([], undefined, () => true);
    const hours = { merged, key: 'k', rows: counted.rows, untilMs: HOUR_MS, lastStartMs: 0, latencyMs: 30 };
    const isKnown = (name: string) => known.find(name, range, 30, counted) !== undefined;
    for (const name of ['a', 'b', 'c']) known.keep(name, range, hours);
    expect(['a', 'b', 'c'].map(isKnown)).toEqual([true, true, false]);

    await clock.advance(6 * 60_000);
    expect(isKnown('b')).toBe(true);
    await clock.advance(6 * 60_000);
    known.keep('c', range, hours);
    expect(['a', 'b', 'c'].map(isKnown)).toEqual([false, true, true]);
  });
});

/** Retroactive: nothing of it was planned. */
function windowAt(minutes: number, isRetroactive: boolean): MaintenanceWindow {
  const fromMs = START_MS + minutes * MINUTE_MS;
  const time = { fromMs, toMs: fromMs + 10 * MINUTE_MS, links: ['a-b'], pops: [], networks: [] };
  return {
    ...{ ...time, id: `w${minutes}`, reason: 'r', issuer: 'i', createdMs: 0, enteredMs: 0 },
    planned: isRetroactive ? null : time,
  };
}
