import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import { createLog } from '../../core/log.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { machineBootId } from '../machine-boot-id.ts';
import { OutboxConfig } from './config.ts';
import { DiskLog } from './disk-log.ts';
import { openLogFolder } from './open-log-folder.ts';
import type { OutboxEntry } from './outbox.ts';
import { SafeOutbox } from './safe-outbox.ts';
import { trustingStampClock } from './stamp-clock.ts';

const CONFIG = checkConfig(Type.Object({ outbox: OutboxConfig }), { outbox: {} }).outbox;
const METRIC = { name: 'soil/moisture', dataType: DATA_TYPES.Double, properties: {} };

/** Every write of this process says `code` while it is set, as a disk does that dies or has become read-only. */
async function scriptedDisk() {
  const handle = await open(join(temporaryFolder(), 'any'), 'w');
  await handle.close();
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  const { write } = prototype;
  const disk: { code: string | undefined } = { code: undefined };
  // biome-ignore lint/suspicious/noExplicitAny: it has many signatures, and all are passed on as they are
  prototype.write = function (this: FileHandle, ...args: any[]): any {
    if (disk.code) return Promise.reject(Object.assign(new Error(disk.code), { code: disk.code }));
    return Reflect.apply(write, this, args);
  };
  onTestFinished(() => {
    prototype.write = write;
  });
  return disk;
}

async function setUp() {
  const clock = new FakeClock();
  const folder = temporaryFolder();
  const outbox = new SafeOutbox({
    ...{ folder, clock, config: CONFIG, log: createLog('silent') },
    stamps: trustingStampClock(clock),
  });
  onTestFinished(() => outbox.close());
  await outbox.open();
  outbox.connect();
  const add = (value: number) => {
    const samples = [{ metric: METRIC, value, quality: 'good' as const }];
    outbox.add({ device: 'd', stamp: outbox.stamp(clock.nowMs()), samples });
  };
  const take = async () => {
    const entry = await eventually(() => outbox.next(), { everyMs: 1 });
    return entry as Extract<OutboxEntry, { kind: 'readings' }>;
  };
  const worth = ({ message }: Awaited<ReturnType<typeof take>>) => message.samples[0]!.value;
  const confirm = ({ ledger, message: { first } }: Awaited<ReturnType<typeof take>>) =>
    outbox.confirm({ ledger, ranges: [{ first, last: first }] });
  return { clock, folder, outbox, add, take, worth, confirm };
}

test.each(['EIO', 'EROFS', 'ENOSPC'])(
  'a disk that says %s: what is new goes from memory, in a ledger that is used for this one time',
  async (code) => {
    const disk = await scriptedDisk();
    const { clock, outbox, add, take, worth, confirm } = await setUp();
    add(1);
    const onDisk = await take();
    confirm(onDisk);
    const memories: string[] = [];
    for (const value of [10, 20]) {
      disk.code = code;
      add(value);
      await eventually(() => outbox.trouble()?.code === 'OUTBOX_UNWRITABLE');
      add(value + 1);
      const [first, second] = [await take(), await take()];
      expect([worth(first), worth(second)]).toEqual([value, value + 1]);
      expect(second.ledger).toBe(first.ledger);
      expect(first.ledger).not.toBe(onDisk.ledger);
      expect(outbox.ledger.id).toBe(first.ledger);
      disk.code = undefined;
      await clock.advance(10_000);
      await eventually(() => outbox.trouble() === undefined);
      add(value + 2);
      const third = await take();
      expect([third.ledger, worth(third)]).toEqual([onDisk.ledger, value + 2]);
      for (const entry of [first, second, third]) confirm(entry);
      expect(outbox.status()).toMatchObject({ waiting: 0, dropped: 0 });
      memories.push(first.ledger);
    }
    // Numbers that nobody kept must not be given again.
    expect(new Set(memories).size).toBe(2);
  },
);

test.each([
  ['book and log', () => {}],
  ['the log alone, because the book did not fit', (folder: string) => rmSync(join(folder, 'book.json'))],
  ['the book alone', (folder: string) => rmSync(join(folder, '00000001.log'))],
])(
  'everything is confirmed while the disk is full, and then it is killed: %s tells which numbers were used',
  async (_, befall) => {
    const disk = await scriptedDisk();
    const { clock, folder, outbox, add, take, confirm } = await setUp();
    for (const value of [1, 2, 3]) add(value);
    const sent = [await take(), await take(), await take()];
    disk.code = 'ENOSPC';
    add(4);
    await eventually(() => outbox.trouble());
    for (const entry of sent) confirm(entry);
    await clock.advance(5_000);
    await eventually(() => existsSync(join(folder, 'book.json')));
    const left = temporaryFolder();
    cpSync(folder, left, { recursive: true });
    befall(left);
    const { next, ledger } = await openLogFolder(left, machineBootId(), clock.nowMs());
    expect([ledger, next]).toEqual([sent[0]!.ledger, 3]);
  },
);

test('an event that was flushed while the disk does not write is not lost to the process', async () => {
  const disk = await scriptedDisk();
  const { outbox, add, take, worth } = await setUp();
  disk.code = 'EIO';
  add(1);
  outbox.flush();
  await eventually(() => outbox.trouble());
  expect(worth(await take())).toBe(1);
});

test('a book of the wrong shape is none: everything is sent again, and nothing fails', async () => {
  const clock = new FakeClock();
  const folder = temporaryFolder();
  const options = { folder, maxBytes: 1e8, maxAgeMs: 1e10, syncEveryMs: 1_000, clock };
  const log = await DiskLog.open({ ...options, trustedNowMs: () => undefined });
  const samples = [{ metric: METRIC, value: 1, quality: 'good' as const }];
  log.append({ device: 'd', stamp: { timeMs: 1, clock: 'synced' }, samples });
  await log.close();
  for (const settled of [[[0, -1]], 'all', [[0]], [['0', '9']]]) {
    const book = { ledger: log.ledger, first: 0, settled, dropped: [] };
    writeFileSync(join(folder, 'book.json'), JSON.stringify(book));
    const again = await DiskLog.open({ ...options, trustedNowMs: () => undefined });
    expect([again.ledger, again.next, again.book.settled]).toEqual([log.ledger, 1, []]);
    await again.close();
  }
});
