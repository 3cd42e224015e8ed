import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig } from '../../core/config.ts';
import { seriesKey } from '../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import { startInfluxd } from '../../core/testing/influxd.ts';
import { type Measurement, medianOfThree } from '../../core/testing/median-of-three.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { EmbeddedStore } from './embedded/embedded-store.ts';
import { InfluxConfig } from './influx/config.ts';
import { InfluxStore } from './influx/influx-store.ts';
import type { Store } from './store.ts';

const DEVICES = 200;
const FIELDS = 10;
const STEP_MS = 30_000;
const DAY_MS = 86_400_000;
/** Of the 29 days before the last. */
const OLD_STEP_MS = 600_000;
const HISTORY_DAYS = 30;
const ROWS_PER_BATCH = 20_000;
/** What is written beside the queries. */
const BUSY_ROWS_PER_S = 100_000;
const QUERIES_PER_RUN = 5;

/**
 * Both stores over the same data: 2 000 series of sensor-like values, 29 days of them at a reading in ten minutes and
 * the last at one in 30 s, written in batches of 20 000; then the questions that a dashboard asks, alone and while
 * 100 000 points/s are written; and how long it takes from start to the first reading that is stored.
 * Without an `influxd` on this machine, only the embedded one.
 */
export async function benchStores(): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const open = () => new EmbeddedStore(serviceContext({ dataFolder: folder }));
    const embedded = await benchStore('embedded store', open);
    return [...embedded, ...(await benchInflux())];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchInflux(): Promise<Measurement[]> {
  const influxd = await startInfluxd().catch(() => undefined);
  if (!influxd) {
    process.stderr.write('influx store not measured: influxd not found (on Debian: apt install influxdb)\n');
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const config = checkConfig(InfluxConfig, { kind: 'influx', url: influxd.url });
    return await benchStore(
      'InfluxDB store',
      () => new InfluxStore(config, serviceContext({ dataFolder: folder })),
    );
  } finally {
    await influxd.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Openable = Store & { start(): Promise<void> };

async function benchStore(name: string, open: () => Openable): Promise<Measurement[]> {
  const feed = new Feed(Date.now() - HISTORY_DAYS * DAY_MS);
  const first = await benchStart(`${name}, empty: start to first stored reading`, open, feed);
  const measured = await benchWork(name, open(), feed);
  const again = await benchStart(`${name}, with 14 M readings: start to first stored reading`, open, feed);
  return [first, ...measured, again];
}

function benchStart(what: string, open: () => Openable, feed: Feed): Promise<Measurement> {
  return medianOfThree(what, 'ms', async () => {
    const batch = feed.next(FIELDS);
    const store = open();
    const startMs = performance.now();
    try {
      await store.start();
      await store.write(batch);
      return Math.round(performance.now() - startMs);
    } finally {
      await store.stop();
    }
  });
}

async function benchWork(name: string, store: Openable, feed: Feed): Promise<Measurement[]> {
  await store.start();
  try {
    feed.stepMs = OLD_STEP_MS;
    while (feed.nowMs < Date.now() - DAY_MS) await store.write(feed.next(ROWS_PER_BATCH));
    feed.stepMs = STEP_MS;
    const write = await medianOfThree(`${name}, write`, 'points/s', async () => {
      let points = 0;
      let tookMs = 0;
      // Each run adds a third of the day, made before the clock runs.
      while (points < (DEVICES * FIELDS * DAY_MS) / STEP_MS / 3) {
        const batch = feed.next(ROWS_PER_BATCH);
        const startMs = performance.now();
        await store.write(batch);
        tookMs += performance.now() - startMs;
        points += batch.length;
      }
      return Math.round((points * 1000) / tookMs);
    });
    const idle = await benchQueries(`${name}, idle`, store, feed);
    const stopWriting = keepWriting(store, feed);
    const busy = await benchQueries(`${name}, while writing`, store, feed).finally(stopWriting);
    return [write, ...idle, ...busy];
  } finally {
    await store.stop();
  }
}

async function benchQueries(name: string, store: Store, feed: Feed): Promise<Measurement[]> {
  const days = (count: number) => ({
    fromMs: feed.nowMs - count * DAY_MS,
    toMs: feed.nowMs,
    maxPoints: 1_000_000,
  });
  const series = { measurement: 'bench', field: 'f3' };
  const fiveMinutes = { everyMs: 300_000, fn: 'mean' } as const;
  const hour = { everyMs: 3_600_000, fn: 'mean' } as const;
  const questions: Record<string, () => Promise<unknown[]>> = {
    '24 h of one series': () => store.query({ ...series, ...days(1), where: { device: ['d7'] } }),
    'last of 2 000 series': () => store.last({}),
    '24 h of 200 series in windows of 5 min': () =>
      store.query({ ...series, ...days(1), window: fiveMinutes }),
    '30 days of one series': () => store.query({ ...series, ...days(30), where: { device: ['d7'] } }),
    '30 days of 200 series in windows of 1 h': () => store.query({ ...series, ...days(30), window: hour }),
  };
  const measurements: Measurement[] = [];
  for (const [question, ask] of Object.entries(questions)) {
    const measured = await medianOfThree(`${name}: ${question}`, 'ms', async () => {
      const startMs = performance.now();
      for (let query = 0; query < QUERIES_PER_RUN; query++) {
        if ((await ask()).length === 0) throw new Error(`${question}: nothing found`);
      }
      return Math.round((100 * (performance.now() - startMs)) / QUERIES_PER_RUN) / 100;
    });
    measurements.push(measured);
  }
  return measurements;
}

/** Writes at a steady rate until the returned function is called. */
function keepWriting(store: Store, feed: Feed): () => Promise<void> {
  const batchMs = (DEVICES * FIELDS * 1_000) / BUSY_ROWS_PER_S;
  let isWanted = true;
  const writing = (async () => {
    for (let dueMs = performance.now(); isWanted; dueMs += batchMs) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
      await store.write(feed.next(DEVICES * FIELDS));
    }
  })();
  return () => {
    isWanted = false;
    return writing;
  };
}

/** Values that wander as a sensor's do, with one decimal place, device by device and step by step. */
class Feed {
  nowMs: number;
  stepMs = OLD_STEP_MS;
  readonly #table = new SeriesTable();
  readonly #values = Float64Array.from({ length: DEVICES * FIELDS }, (_, index) => 20 + (index % 30));
  #random = 12_345;
  #device = 0;

  constructor(startMs: number) {
    this.nowMs = startMs;
    for (let index = 0; index < DEVICES * FIELDS; index++) {
      const names = { device: `d${Math.floor(index / FIELDS)}`, field: `f${index % FIELDS}` };
      this.#table.intern(seriesKey({ measurement: 'bench', unit: '', site: 's', gateway: 'g', ...names }));
    }
  }

  next(rows: number): ReadingBatch {
    const batch = new ReadingBatch(this.#table, rows);
    while (batch.length < rows) {
      for (let field = 0; field < FIELDS; field++) {
        const id = this.#device * FIELDS + field;
        this.#values[id] = this.#values[id]! + (this.#nextRandom() - 0.5) * 0.6;
        batch.push(id, this.nowMs, Math.round(this.#values[id]! * 10) / 10, 0);
      }
      this.#device = (this.#device + 1) % DEVICES;
      if (this.#device === 0) this.nowMs += this.stepMs;
    }
    return batch;
  }

  /** Xorshift, so that every run sees the same values. */
  #nextRandom(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return (x >>> 0) / 2 ** 32;
  }
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await benchStores(), null, 2)}\n`);
