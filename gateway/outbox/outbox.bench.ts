import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../../core/clock.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { type Measurement, medianOfThree } from '../../core/testing/median-of-three.ts';
import { DiskLog } from './disk-log.ts';
import { LedgerOutbox } from './ledger-outbox.ts';
import type { OutboxMessage } from './outbox.ts';
import { trustingStampClock } from './stamp-clock.ts';

const READINGS = 1_000_000;
const SAMPLES = 5;
const DEVICES = 200;
/** Messages between two turns of the event loop, and of a transaction. */
const BURST = 200;
const TIME_MS = Date.UTC(2026, 5, 1);

/**
 * A million readings, five in a message, through the outbox: in (kept on disk) and out again as a backlog that is
 * confirmed; the bytes that reach the disk for each; and the same into a table of node:sqlite, a transaction for 200
 * messages. Memory is that of the process with the whole backlog on disk.
 */
export async function benchOutbox(): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const written: number[] = [];
  const kept: number[] = [];
  const memory: number[] = [];
  const drained: number[] = [];
  try {
    let run = 0;
    const fill = await medianOfThree('outbox: readings taken in, on disk', 'readings/s', async () => {
      const own = join(folder, String(run++));
      const wroteBefore = bytesWritten();
      const startMs = performance.now();
      const log = await openLog(own);
      const outbox = outboxOn(log);
      for (let at = 0; at < READINGS / SAMPLES; at += BURST) {
        for (let n = at; n < at + BURST; n++) outbox.add(message(n));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await log.close();
      const perS = Math.round((1_000 * READINGS) / (performance.now() - startMs));
      written.push((bytesWritten() - wroteBefore) / READINGS);
      kept.push(folderBytes(own) / READINGS);
      drained.push(await drain(own, memory));
      rmSync(own, { recursive: true });
      return perS;
    });
    const sqlite = await benchSqlite(folder);
    return [
      fill,
      measured('outbox: readings out of a backlog of 1 M, and confirmed', 'readings/s', drained, fill),
      measured('outbox: bytes a reading on disk', 'B', kept, fill),
      measured('outbox: bytes a reading handed to the disk', 'B', written, fill),
      measured('outbox: memory that a backlog of 1 M readings takes', 'MB', memory, fill),
      ...sqlite,
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function outboxOn(log: DiskLog): LedgerOutbox {
  const settings = { confirm: 'host' as const, backlogPerS: 1e9, confirmWithinS: 60, window: 20_000 };
  return new LedgerOutbox(log, settings, systemClock, trustingStampClock(systemClock));
}

function openLog(folder: string): Promise<DiskLog> {
  const options = { folder, maxBytes: 256_000_000, maxAgeMs: 1e12, syncEveryMs: 5_000, clock: systemClock };
  return DiskLog.open({ ...options, trustedNowMs: () => undefined });
}

async function drain(folder: string, memory: number[]): Promise<number> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const log = await openLog(folder);
  const outbox = outboxOn(log);
  memory.push(Math.max(0, Math.round((process.memoryUsage.rss() - before) / 1e6)));
  const startMs = performance.now();
  // A second's worth of the rate is a token bucket that begins empty.
  await new Promise((resolve) => setTimeout(resolve, 20));
  outbox.connect();
  while (outbox.ledger.first < outbox.ledger.next) {
    for (let entry = outbox.next(); entry; entry = outbox.next()) {
      if (entry.kind !== 'readings') continue;
      const { first, samples } = entry.message;
      outbox.confirm({ ledger: entry.ledger, ranges: [{ first, last: first + samples.length - 1 }] });
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const perS = Math.round((1_000 * READINGS) / (performance.now() - startMs));
  await log.close();
  return perS;
}

/** The plain way to do it: a row for each message, in WAL mode, synced at every checkpoint. */
async function benchSqlite(folder: string): Promise<Measurement[]> {
  const written: number[] = [];
  let run = 0;
  const fill = await medianOfThree('outbox in node:sqlite: readings taken in', 'readings/s', () => {
    const file = join(folder, `${run++}.sqlite`);
    const wroteBefore = bytesWritten();
    const startMs = performance.now();
    const database = new DatabaseSync(file);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    database.exec(
      'CREATE TABLE message (first INTEGER PRIMARY KEY, device TEXT, time_ms INTEGER, samples TEXT)',
    );
    const insert = database.prepare('INSERT INTO message VALUES (?, ?, ?, ?)');
    for (let at = 0; at < READINGS / SAMPLES; at += BURST) {
      database.exec('BEGIN');
      for (let n = at; n < at + BURST; n++) {
        const { device, stamp, samples } = message(n);
        const values = samples.map(({ metric, value, quality }) => [metric.name, value, quality]);
        insert.run(n * SAMPLES, device, stamp.timeMs, JSON.stringify(values));
      }
      database.exec('COMMIT');
    }
    // What is delivered is deleted: that is written as well.
    const forget = database.prepare('DELETE FROM message WHERE first < ?');
    for (let first = 0; first <= READINGS; first += 10_000) forget.run(first);
    database.close();
    written.push((bytesWritten() - wroteBefore) / READINGS);
    const perS = Math.round((1_000 * READINGS) / (performance.now() - startMs));
    rmSync(file);
    return perS;
  });
  return [fill, measured('outbox in node:sqlite: bytes a reading handed to the disk', 'B', written, fill)];
}

function measured(
  what: string,
  unit: string,
  runs: readonly number[],
  { peakMemoryMB }: Measurement,
): Measurement {
  return { what, unit, runs, median: runs.toSorted((a, b) => a - b)[1]!, peakMemoryMB };
}

/** By this process so far, as Linux counts it; 0 elsewhere. */
function bytesWritten(): number {
  try {
    return Number(/^wchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

const METRICS = ['moisture', 'temperature', 'ec', 'ph', 'nitrogen'].map((field) => ({
  name: `soil/${field}`,
  dataType: DATA_TYPES.Double,
  properties: { engUnit: '%', zone: 'north' },
}));

function message(n: number): OutboxMessage {
  const samples = METRICS.map((metric, at) => ({
    metric,
    value: Math.round(10 * (20 + at + 5 * Math.sin(n / 100))) / 10,
    quality: 'good' as const,
  }));
  return { device: `probe-${n % DEVICES}`, stamp: { timeMs: TIME_MS + n, clock: 'synced' }, samples };
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await benchOutbox(), null, 2)}\n`);
