import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pino } from 'pino';
import { encodeLinkRecord } from '../../../core/links/link-record.ts';
import { noMeasures } from '../../../core/links/measures.ts';
import type { Link } from '../../../core/links/mesh.ts';
import { packStatus } from '../../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../../core/reading-batch.ts';
import { serviceContext } from '../../../core/testing/service-context.ts';
import { createStore } from '../../stores/stores.ts';
import { EvidenceBook } from '../evidence/evidence-book.ts';
import { evidenceKey } from '../testing/evidence.ts';
import { VerdictDesk } from './verdict-desk.ts';

/**
 * How long the matrix of so many links over 24 h takes, and a month of one link, with records of a minute: once with no hour kept, once with
 * all of them, but for a process that has just begun, and then again, and a minute later. `node ingest/sla/verdict/verdicts.bench.ts 870`
 */
const LINKS = Number(process.argv[2] ?? 870);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const endMs = Date.UTC(2026, 10, 1);

const folder = mkdtempSync(join(tmpdir(), 'sluice-verdicts-'));
const context = serviceContext({ dataFolder: folder });
const { clock } = context;
const log = pino({ level: 'silent' });
const store = createStore({ kind: 'embedded' } as Parameters<typeof createStore>[0], context);
await store.start(new AbortController().signal);
const evidence = new EvidenceBook({ store, folder, clock, log });
await evidence.start();
const pop = { id: 'a', network: 'n', site: 'backbone', gateway: 'pop-a', name: { en: 'a', zh: 'a' } };
const objective = { latencyMs: 30, latencyQuantile: 0.95, loss: 0.003, confidence: 0.95 };
const probes = [{ kind: 'stamp' }] as unknown as Link['probes'];
const ids = Array.from({ length: LINKS }, (_, index) => `link-${index}`);
const links = new Map(
  ids.map((id) => [
    id,
    { ...{ id, from: pop, to: pop, class: 'inter', objective, probes, behind: [] } } as Link,
  ]),
);
const mesh = { version: '1', recordS: 60, pops: new Map(), links };
const begun = () =>
  new VerdictDesk({ store, evidence, maintenance: { find: () => [] }, mesh: () => mesh, clock });
let desk = begun();

const texts = Array.from({ length: 16 }, () => {
  const measures = noMeasures();
  Object.assign(measures.account, { scheduled: 60, received: 60 });
  for (let probe = 0; probe < 60; probe++) measures.roundTrip.add(12 + 8 * Math.random() * Math.random());
  return measures;
});
const table = new SeriesTable();

async function put(of: readonly string[], fromMs: number, toMs: number): Promise<void> {
  for (let atMs = fromMs; atMs < toMs; atMs += 60 * MINUTE_MS) {
    const batch = new ReadingBatch(table);
    for (const id of of) {
      const series = table.intern(evidenceKey({ link: id }));
      for (let at = atMs; at < Math.min(toMs, atMs + 60 * MINUTE_MS); at += MINUTE_MS) {
        const flows = [{ ...texts[(at / MINUTE_MS) % texts.length]!, sourcePort: 0 }];
        const times = {
          fromMs: at,
          toMs: at + MINUTE_MS,
          gaps: [],
          ttlForward: 60,
          ttlReturn: 60,
          pathChanges: 0,
        };
        batch.push(series.id, at, encodeLinkRecord({ ...times, flows }), packStatus('good', 'synced'));
      }
    }
    await store.write(batch);
  }
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const startMs = performance.now();
  const before = process.cpuUsage();
  const turns = monitorEventLoopDelay({ resolution: 5 });
  turns.enable();
  await work();
  turns.disable();
  const { user, system } = process.cpuUsage(before);
  const [ms, cpuMs, turnMs] = [performance.now() - startMs, (user + system) / 1e3, turns.max / 1e6].map(
    Math.round,
  );
  process.stdout.write(
    `${what}: ${ms} ms, ${cpuMs} ms of all threads' work, others waited ${turnMs} ms at most\n`,
  );
}

const day = { fromMs: endMs - DAY_MS, toMs: endMs };
const month = { fromMs: endMs - 30 * DAY_MS, toMs: endMs };
await put(ids, day.fromMs, endMs - 30 * MINUTE_MS);
await put(['link-0'], month.fromMs, day.fromMs);
await timed('roll-ups', async () => {
  while ((await store.upkeep!.rollUp(endMs - 60 * MINUTE_MS, 1_000)).waiting > 0);
});
await timed(`matrix of ${LINKS} links, nothing kept`, () => desk.matrix(day));
desk = begun();
await timed('hours kept on the disk', () => desk.matrix(day));
await timed('and known in memory', () => desk.matrix(day));
await put(ids, endMs - 30 * MINUTE_MS, endMs - 29 * MINUTE_MS);
await timed('the same, a minute later', () => desk.matrix(day));
await timed('month of one link, nothing kept', () => desk.verdict(['link-0'], month));
await timed('the same, hours kept', () => desk.verdict(['link-0'], month));
await timed('its latency by the hour', () => desk.latency(['link-0'], month, 60 * MINUTE_MS));
await evidence.stop();
await store.stop();
rmSync(folder, { recursive: true, force: true });
