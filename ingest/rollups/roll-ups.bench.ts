import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig } from '../../core/config.ts';
import { seriesKey } from '../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import { startInfluxd } from '../../core/testing/influxd.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { EmbeddedStore } from '../stores/embedded/embedded-store.ts';
import { InfluxConfig } from '../stores/influx/config.ts';
import { InfluxStore } from '../stores/influx/influx-store.ts';
import type { Store } from '../stores/store.ts';

/** What roll-ups cost and give: `node ingest/rollups/roll-ups.bench.ts [embedded|influx] [step in s]`. */
const [kind = 'embedded', stepText = '60'] = process.argv.slice(2);
const STEP_MS = Number(stepText) * 1_000;
const SERIES = 200;
const DAYS = 30;
const DAY_MS = 86_400_000;
const END_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const FROM_MS = END_MS - DAYS * DAY_MS;

const folder = mkdtempSync(join(tmpdir(), 'sluice-roll-ups-'));
const influxd = kind === 'influx' ? await startInfluxd() : undefined;
try {
  const context = serviceContext({ dataFolder: folder });
  const store: Store = influxd
    ? new InfluxStore(checkConfig(InfluxConfig, { kind: 'influx', url: influxd.url }), context)
    : new EmbeddedStore(context);
  await store.start(new AbortController().signal);
  const points = await fill(store);
  say(`${points} readings, one in ${STEP_MS / 1_000} s of ${SERIES} series over ${DAYS} days`);
  await ask(store, 'before');
  if (!influxd) say(`file: ${bytes()} bytes`);
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  while ((await store.upkeep!.rollUp(END_MS, 1_000)).waiting > 0);
  const { user, system } = process.cpuUsage(cpu);
  say(
    `rolled up in ${Math.round(performance.now() - startMs)} ms, ${Math.round((user + system) / 1_000)} ms of CPU`,
  );
  await ask(store, 'after');
  if (!influxd) say(`file: ${bytes()} bytes`);
  await store.stop();
} finally {
  await influxd?.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function fill(store: Store): Promise<number> {
  const table = new SeriesTable();
  const key = { measurement: 'link', field: 'loss', unit: '1', site: 'pop', gateway: 'agent' };
  const ids = Array.from(
    { length: SERIES },
    (_, index) => table.intern(seriesKey({ ...key, link: `l${index}` })).id,
  );
  let points = 0;
  for (let timeMs = FROM_MS; timeMs < END_MS; ) {
    const batch = new ReadingBatch(table, 20_000);
    for (; batch.length < 20_000 && timeMs < END_MS; timeMs += STEP_MS) {
      for (const id of ids) {
        const value = 20 + 5 * Math.sin(timeMs / 7e6 + id) + ((timeMs / STEP_MS + id) % 7) / 10;
        batch.push(id, timeMs, Math.round(value * 10) / 10, 0);
      }
    }
    await store.write(batch);
    points += batch.length;
  }
  return points;
}

async function ask(store: Store, when: string): Promise<void> {
  const range = { measurement: 'link', field: 'loss', fromMs: FROM_MS + 1_234, toMs: END_MS, maxPoints: 1e6 };
  const questions = {
    'one series, 30 days in hours': { ...range, where: { link: ['l7'] }, everyMs: 3_600_000 },
    'one series, 30 days in 5 min': { ...range, where: { link: ['l7'] }, everyMs: 300_000 },
    '200 series, 30 days in hours': { ...range, everyMs: 3_600_000 },
    '200 series, 30 days in days, as one': { ...range, everyMs: DAY_MS, groupBy: [] },
  };
  for (const [name, { everyMs, ...query }] of Object.entries(questions)) {
    const took: number[] = [];
    for (let run = 0; run < 5; run++) {
      const startMs = performance.now();
      await store.query({ ...query, window: { everyMs, fn: 'mean' } });
      took.push(performance.now() - startMs);
    }
    say(`${when}: ${name}: ${Math.round(took.sort((a, b) => a - b)[2]! * 10) / 10} ms`);
  }
}

function bytes(): number {
  const store = join(folder, 'store');
  return readdirSync(store).reduce((sum, name) => sum + statSync(join(store, name)).size, 0);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
