import { cpSync, readdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { DiskLog } from './disk-log.ts';

const METRIC = { name: 'soil/moisture', dataType: DATA_TYPES.String, properties: {} };

async function openLog(folder: string): Promise<DiskLog> {
  const clock = new FakeClock();
  const base = { folder, maxBytes: 2_000_000, maxAgeMs: 1e10, syncEveryMs: 1_000, clock };
  return DiskLog.open({ ...base, trustedNowMs: () => undefined });
}

async function readAll(log: DiskLog): Promise<[number, unknown][]> {
  const found: [number, unknown][] = [];
  for (let from = log.first; from < log.next; ) {
    const { messages, end } = await log.read(from, log.next);
    found.push(...messages.map(({ first, samples }): [number, unknown] => [first, samples[0]!.value]));
    from = end;
  }
  return found;
}

/** How long each message is, and what is done after it: nothing, wait a few turns of the loop, or flush. */
const STEP = fc.record({
  length: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 60_000 })),
  after: fc.oneof(fc.constant('flush' as const), fc.integer({ min: 0, max: 6 })),
});

test('what was flushed is in the files at once, whatever is being written, and each number stands for one reading', async () => {
  const run = async (steps: { length: number; after: 'flush' | number }[]) => {
    const folder = temporaryFolder();
    const log = await openLog(folder);
    const added: [number, string][] = [];
    for (const [at, { length, after }] of steps.entries()) {
      const value = `${at} `.padEnd(length, 'x');
      const samples = [{ metric: METRIC, value, quality: 'good' as const }];
      const first = log.append({ device: 'd', stamp: { timeMs: at, clock: 'synced' }, samples });
      added.push([first, value]);
      if (after !== 'flush') {
        for (let turn = 0; turn < after; turn++) await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      log.flush();
      // As `kill -9` would leave it: nothing of ours runs between the flush and the copy.
      const copy = temporaryFolder();
      cpSync(folder, copy, { recursive: true });
      const again = await openLog(copy);
      expect(await readAll(again)).toEqual(added);
      expect(again.next).toBe(added.length);
      expect(again.book.dropped).toEqual([]);
      await again.close();
    }
    await log.close();
    const last = await openLog(folder);
    expect(await readAll(last)).toEqual(added);
    await last.close();
  };
  await fc.assert(fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 12 }), run), { numRuns: 40 });
});

test('where the disk fails after a flush, no file stays with numbers that are given again', async () => {
  const folder = temporaryFolder();
  const log = await openLog(folder);
  const handle = await open(join(temporaryFolder(), 'any'), 'w');
  await handle.close();
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  const { write } = prototype;
  onTestFinished(() => {
    prototype.write = write;
  });
  const failed = new Promise<number>((resolve) => {
    log.onFailed = ({ messages }) => resolve(messages.length);
  });
  prototype.write = () => Promise.reject(new Error('EIO'));
  // More than a segment holds, so that some are in files that only the flush has made.
  for (let at = 0; at < 4; at++) {
    const samples = [{ metric: METRIC, value: `${at}`.padEnd(60_000, 'x'), quality: 'good' as const }];
    log.append({ device: 'd', stamp: { timeMs: at, clock: 'synced' }, samples });
  }
  log.flush();
  expect(await failed).toBe(4);
  prototype.write = write;
  expect(readdirSync(folder).filter((name) => name.endsWith('.log'))).toHaveLength(1);
  await log.tryAgain();
  const samples = [{ metric: METRIC, value: 'again', quality: 'good' as const }];
  expect(log.append({ device: 'd', stamp: { timeMs: 9, clock: 'synced' }, samples })).toBe(0);
  await log.close();
  const later = await openLog(folder);
  expect(await readAll(later)).toEqual([[0, 'again']]);
  await later.close();
});
