import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { type Influxd, startInfluxd } from '../../../core/testing/influxd.ts';
import { describeWith } from '../../../core/testing/needs.ts';
import { serviceContext } from '../../../core/testing/service-context.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { EmbeddedStore } from '../../stores/embedded/embedded-store.ts';
import { InfluxConfig } from '../../stores/influx/config.ts';
import { InfluxStore } from '../../stores/influx/influx-store.ts';
import type { Store } from '../../stores/store.ts';
import { evidenceBatch, madeRecord } from '../testing/evidence.ts';
import { EvidenceBook } from './evidence-book.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 9, 1);
const log = pino({ level: 'silent' });

async function started(store: Store) {
  const folder = temporaryFolder();
  const clock = new FakeClock(START_MS + 9 * DAY_MS);
  await store.start(new AbortController().signal);
  const book = new EvidenceBook({ store, folder, clock, log });
  await book.start();
  onTestFinished(async () => {
    await book.stop();
    await store.stop();
  });
  const put = (...minutes: number[]) =>
    store.write(
      evidenceBatch(
        { link: 'a-b' },
        minutes.map((at) => madeRecord({ fromMs: START_MS + at * 60_000, lost: 1, received: 59 })),
      ),
    );
  const rollUp = async () => {
    while ((await store.upkeep!.rollUp(START_MS + 9 * DAY_MS, 1_000)).waiting > 0);
  };
  const sumOf = async (hours: number, cutMs = 0) => {
    const [found] = await book.read({ fromMs: START_MS + cutMs, toMs: START_MS + hours * HOUR_MS });
    const cells = found?.pieces.map(({ cell }) => cell) ?? [];
    const scheduled = cells.reduce((sum, { measures }) => sum + measures.account.scheduled, 0);
    return {
      records: cells.flatMap(({ records }) => records.sent).length,
      scheduled,
      gone: found?.gone ?? 0,
    };
  };
  return { store, put, rollUp, sumOf };
}

function itHolds(make: () => Store): void {
  it('is read again where a record comes late, before and after the hour was rolled up', async () => {
    const { put, rollUp, sumOf } = await started(make());
    await put(0, 1, 59, 60);
    expect(await sumOf(2)).toEqual({ records: 4, scheduled: 240, gone: 0 });
    // An agent that was cut off brings what it measured meanwhile.
    await put(30, 61);
    expect(await sumOf(2)).toEqual({ records: 6, scheduled: 360, gone: 0 });
    await rollUp();
    expect(await sumOf(2)).toEqual({ records: 6, scheduled: 360, gone: 0 });
    await put(31);
    expect(await sumOf(2)).toEqual({ records: 7, scheduled: 420, gone: 0 });
  });

  it('stays by whole hours where its records are deleted, and what is cut is told as gone', async () => {
    const { store, put, rollUp, sumOf } = await started(make());
    await put(0, 1, 2, 60, 61, 8 * 24 * 60);
    await sumOf(2);
    await rollUp();
    const order = { measurement: 'link', rawMs: START_MS + 5 * DAY_MS };
    while ((await store.upkeep!.expire(order, 1_000)).isUnfinished);
    expect(await sumOf(2)).toEqual({ records: 5, scheduled: 300, gone: 0 });
    // The embedded store deletes by blocks, and keeps the one with the newest reading: there all is still to be had.
    expect([
      { records: 4, scheduled: 240, gone: 0 },
      { records: 2, scheduled: 120, gone: 3 },
    ]).toContainEqual(await sumOf(2, 60_000));
    // What could not be read must not have taken the place of what was kept.
    expect(await sumOf(2)).toEqual({ records: 5, scheduled: 300, gone: 0 });
  });
}

describe('evidence in the embedded store', () => {
  itHolds(() => new EmbeddedStore(serviceContext({ dataFolder: temporaryFolder() })));
});

describeWith('influxd')('evidence in a real InfluxDB', () => {
  let influxd: Influxd;
  let databases = 0;

  beforeAll(async () => {
    influxd = await startInfluxd();
  }, 180_000);

  afterAll(() => influxd.stop());

  itHolds(() => {
    const config = checkConfig(InfluxConfig, {
      ...{ kind: 'influx', url: influxd.url, database: `evidence${databases++}`, timeoutMs: 60_000 },
    });
    return new InfluxStore(config, serviceContext({ dataFolder: temporaryFolder() }));
  });
});
