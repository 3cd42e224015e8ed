import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { DiskLog, type DiskLogOptions } from './disk-log.ts';
import { openLogFolder } from './open-log-folder.ts';
import type { NumberedMessage, OutboxMessage, OutboxSample } from './outbox.ts';
import { RangeSet } from './range-set.ts';

const METRIC = { name: 'soil/moisture', dataType: DATA_TYPES.Double, properties: { engUnit: '%' } };
const TIME_MS = Date.UTC(2026, 5, 1);

const message = (value: OutboxSample['value'], timeMs = TIME_MS): OutboxMessage => ({
  device: 'probe',
  stamp: { timeMs, clock: 'synced' },
  samples: [{ metric: METRIC, value, quality: 'good' }],
});

function options(folder: string, parts: Partial<DiskLogOptions> = {}): DiskLogOptions {
  const clock = new FakeClock(TIME_MS);
  const base = { folder, maxBytes: 100_000_000, maxAgeMs: 1e10, syncEveryMs: 1_000, clock };
  return { ...base, trustedNowMs: () => undefined, ...parts };
}

async function openLog(folder: string, parts?: Partial<DiskLogOptions>): Promise<DiskLog> {
  const log = await DiskLog.open(options(folder, parts));
  onTestFinished(() => log.close());
  return log;
}

async function readAll(log: DiskLog): Promise<NumberedMessage[]> {
  const messages: NumberedMessage[] = [];
  for (let from = log.first; from < log.sendable; ) {
    const piece = await log.read(from, log.sendable);
    messages.push(...piece.messages);
    from = piece.end;
  }
  return messages;
}

const values = (messages: readonly NumberedMessage[]) => messages.map(({ samples }) => samples[0]!.value);
const isSafe = (log: DiskLog) => eventually(() => log.sendable === log.next, { everyMs: 1 });
const segments = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.log'));

/** A log of an earlier run with so many messages in one segment; returns its file. */
async function leave(folder: string, count: number): Promise<string> {
  const log = await DiskLog.open(options(folder));
  for (let value = 0; value < count; value++) log.append(message(value, TIME_MS + value));
  await log.close();
  return join(folder, segments(folder).at(-1)!);
}

test('everything comes back as it was, after a restart too', async () => {
  const folder = temporaryFolder();
  const first = await DiskLog.open(options(folder));
  const moment = { boot: 'b-1', monotonicMs: 12.5 };
  const all: OutboxMessage[] = [
    ...[1.5, -0, 7, 2 ** 32, -3, null, true, false, 'öl 油', '', Number.MAX_VALUE].map((value) =>
      message(value),
    ),
    { device: '', stamp: { timeMs: 12, clock: 'unsynced', moment }, samples: message(1).samples },
    {
      device: 'other',
      stamp: { timeMs: TIME_MS + 0.25, clock: 'repaired' },
      samples: [...message(1).samples, { metric: { ...METRIC, properties: {} }, value: 2, quality: 'bad' }],
    },
  ];
  for (const one of all) first.append(one);
  await isSafe(first);
  const expected = all.map((one, at) => ({ ...one, first: at }));
  expect(await readAll(first)).toEqual(expected);
  await first.close();
  const second = await openLog(folder);
  expect([second.ledger, second.next, second.book.dropped]).toEqual([first.ledger, first.next, []]);
  expect(await readAll(second)).toEqual(expected);
  expect([...second.newestOf]).toEqual([
    ['probe', 10],
    ['', 11],
    ['other', 13],
  ]);
});

test('a last record that is torn is cut off, wherever it is torn', async () => {
  const whole = await leave(temporaryFolder(), 5);
  const bytes = readFileSync(whole);
  const { segments: found } = await openLogFolder(join(whole, '..'), '', TIME_MS);
  expect(found[0]!.bytes).toBe(bytes.length);
  for (let cut = 1; cut < 60; cut++) {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '00000001.log'), bytes.subarray(0, bytes.length - cut));
    const log = await openLog(folder);
    const read = values(await readAll(log));
    expect(read).toEqual([0, 1, 2, 3, 4].slice(0, read.length));
    expect(read.length).toBeGreaterThanOrEqual(3);
    // Numbers go on behind what is there.
    expect(log.append(message(9))).toBe(read.length);
    await isSafe(log);
    expect(values(await readAll(log))).toEqual([...read, 9]);
  }
});

test('a damaged byte anywhere costs one record at most, and that is reported with its time', async () => {
  const whole = await leave(temporaryFolder(), 20);
  const bytes = readFileSync(whole);
  for (let at = 0; at < bytes.length; at += 3) {
    const folder = temporaryFolder();
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 0x41;
    writeFileSync(join(folder, '00000001.log'), damaged);
    const log = await DiskLog.open(options(folder));
    const read = values(await readAll(log));
    expect(read.length, `byte ${at}`).toBeGreaterThanOrEqual(19);
    const lost = Array.from({ length: 20 }, (_, value) => value).filter((value) => !read.includes(value));
    // The last message of all has nothing behind it that would tell of it.
    const reported = log.book.dropped.map(({ first, last }) => [first, last]);
    expect(reported).toEqual(lost.filter((value) => value < 19).map((value) => [value, value]));
    for (const { fromMs, toMs } of log.book.dropped) {
      expect(fromMs).toBeGreaterThanOrEqual(TIME_MS);
      expect(toMs).toBeGreaterThanOrEqual(fromMs);
    }
    await log.close();
  }
});

test('what is damaged after the start is reported when it is read', async () => {
  const folder = temporaryFolder();
  const log = await openLog(folder);
  for (let value = 0; value < 20_000; value++) log.append(message(value + 0.5));
  await isSafe(log);
  const lost: unknown[] = [];
  log.onDropped = ({ first, last }) => lost.push([first, last]);
  const [file] = segments(folder);
  const bytes = readFileSync(join(folder, file!));
  // Of the record of message 10 000, a byte of its value.
  const at = bytes.indexOf(Buffer.from(new Float64Array([10_000.5]).buffer));
  bytes[at]! ^= 1;
  writeFileSync(join(folder, file!), bytes);
  expect(await readAll(log)).toHaveLength(19_999);
  expect(lost).toEqual([[10_000, 10_000]]);
});

test('segments go when all in them is settled, and numbers go on when all are gone', async () => {
  const folder = temporaryFolder();
  const log = await DiskLog.open(options(folder, { maxBytes: 1_000_000 }));
  for (let value = 0; value < 10_000; value++) {
    log.append(message(value + 0.5));
    if (value % 500 === 0) await isSafe(log);
  }
  await isSafe(log);
  const before = segments(folder).length;
  expect(before).toBeGreaterThan(3);
  log.settle(new RangeSet([{ first: 0, last: 4_999 }]), []);
  await eventually(() => segments(folder).length < before - 1);
  expect(log.first).toBeGreaterThan(3_000);
  expect(log.first).toBeLessThanOrEqual(5_000);
  log.settle(new RangeSet([{ first: 0, last: 9_999 }]), []);
  await log.close();
  const again = await openLog(folder);
  expect(again.next).toBe(10_000);
  expect([again.ledger, again.book.dropped]).toEqual([log.ledger, []]);
  expect(new RangeSet(again.book.settled).covers(again.first, 9_999)).toBe(true);
});

test('what is older than it may be goes, but only by a clock that can be trusted', async () => {
  const folder = temporaryFolder();
  let nowMs: number | undefined;
  const clock = new FakeClock(TIME_MS);
  const parts = { maxBytes: 3_000_000, maxAgeMs: 1_000_000, trustedNowMs: () => nowMs, clock };
  const log = await openLog(folder, parts);
  const dropped: number[] = [];
  log.onDropped = ({ last }) => dropped.push(last);
  const fill = async (timeMs: number) => {
    for (let value = 0; value < 5_000; value++) log.append(message(value + 0.5, timeMs));
    await isSafe(log);
    await clock.advance(1_000);
  };
  await fill(TIME_MS);
  await fill(TIME_MS);
  expect(dropped).toEqual([]);
  nowMs = TIME_MS + 1_000_001;
  await fill(TIME_MS + 1_000_000);
  expect(dropped.length).toBeGreaterThan(0);
  expect(dropped.at(-1)).toBeLessThan(10_000);
});

test('after a power cut no number that may have been seen is used again; what is missing is reported', async () => {
  const folder = temporaryFolder();
  const log = await DiskLog.open(options(folder));
  for (let value = 0; value < 300; value++) log.append(message(value));
  await isSafe(log);
  // The machine starts anew: the file is as long as it was when it was last synced.
  const cut = temporaryFolder();
  copyFileSync(join(folder, '00000001.log'), join(cut, '00000001.log'));
  const seen = log.sendable;
  await log.close();
  const sameBoot = await openLogFolder(
    cut,
    readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    TIME_MS,
  );
  expect(sameBoot.next).toBe(300);
  expect(sameBoot.book.dropped).toEqual([]);
  const otherBoot = await openLogFolder(cut, 'another', TIME_MS + 9_000);
  expect(otherBoot.next).toBeGreaterThanOrEqual(seen);
  expect(otherBoot.book.dropped).toMatchObject([
    { first: 300, last: otherBoot.next - 1, toMs: TIME_MS + 9_000 },
  ]);
});

test('a copy of a segment under another name brings nothing twice', async () => {
  const file = await leave(temporaryFolder(), 5);
  const folder = join(file, '..');
  copyFileSync(file, join(folder, '00000009.log'));
  const log = await openLog(folder);
  expect(values(await readAll(log))).toEqual([0, 1, 2, 3, 4]);
  expect(log.next).toBe(5);
  expect(segments(folder)).toContain('00000010.log');
});

test('without its book everything is sent again; a book that cannot be read is none', async () => {
  const folder = temporaryFolder();
  const log = await DiskLog.open(options(folder));
  for (let value = 0; value < 5; value++) log.append(message(value));
  await isSafe(log);
  log.settle(new RangeSet([{ first: 0, last: 2 }]), []);
  await log.close();
  truncateSync(join(folder, 'book.json'), 7);
  const again = await openLog(folder);
  expect(again.book).toEqual({ settled: [], dropped: [], times: [] });
  expect(values(await readAll(again))).toEqual([0, 1, 2, 3, 4]);
});

/** Of what is in use, not of what the runtime has yet to give back. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

test('memory does not grow with what is kept', async () => {
  const folder = temporaryFolder();
  const log = await openLog(folder);
  const before = heapUsed();
  for (let value = 0; value < 200_000; value++) {
    log.append(message(value + 0.5));
    if (value % 1_000 === 0) await isSafe(log);
  }
  await isSafe(log);
  const after = heapUsed();
  const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  expect(bytes).toBeLessThan(200_000 * 50);
  expect(after - before).toBeLessThan(10_000_000);
});

/** A limit on the size of files stands for the disk; setting and lifting it from outside is Linux's `prlimit`. */
describeWith('prlimit')('a full disk', () => {
  test('moves what is new to memory, costs nothing, and is written again when there is room', async () => {
    const folder = temporaryFolder();
    const child = fork(join(import.meta.dirname, 'testing/outbox-writer.ts'), [folder]);
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const said: { added: number; trouble: string | undefined; waiting: number; numbers?: number[] }[] = [];
    child.on('message', (one) => said.push(one as (typeof said)[number]));
    await eventually(() => (said.at(-1)?.added ?? 0) > 1_000 && !said.at(-1)?.trouble);
    execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=60000:']);
    await eventually(() => said.at(-1)?.trouble?.includes('cannot write'));
    const full = said.at(-1)!;
    await eventually(() => said.at(-1)!.added > full.added + 1_000);
    execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:']);
    await eventually(() => !said.at(-1)?.trouble, { withinMs: 60_000 });
    const { added, waiting } = said.at(-1)!;
    expect(waiting).toBe(added);
    const exited = once(child, 'exit');
    child.send('stop');
    await exited;
    expect(existsSync(join(folder, 'probe'))).toBe(false);
    const log = await openLog(folder);
    const kept = values(await readAll(log));
    expect(new Set(kept).size).toBe(kept.length);
    expect(kept.some((value) => (value as number) > added - 100)).toBe(true);
  });
});
