import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { DiskLog } from './disk-log.ts';
import { LedgerOutbox } from './ledger-outbox.ts';
import { RangeSet } from './range-set.ts';
import { trustingStampClock } from './stamp-clock.ts';

let machineBoot = 'boot-0';

const METRIC = { name: 'soil/moisture', dataType: DATA_TYPES.Double, properties: {} };
const SETTINGS = { confirm: 'host', backlogPerS: 100_000, confirmWithinS: 60, window: 100_000 } as const;

/** Knows what a disk is sure to have: of every file what was in it when a sync of it began that has ended. */
class CutDisk {
  readonly #synced = new Map<string, Buffer>();
  readonly #restore: () => void;
  #hold: Promise<void> | undefined;
  /** Syncs that have begun and wait. */
  held = 0;

  readonly #folder: string;

  private constructor(folder: string, prototype: FileHandle) {
    this.#folder = folder;
    for (const name of readdirSync(folder)) this.#synced.set(name, readFileSync(join(folder, name)));
    const { datasync } = prototype;
    const sync = async (handle: FileHandle) => {
      const file = readlinkSync(`/proc/self/fd/${handle.fd}`);
      const bytes = readFileSync(file);
      if (this.#hold) {
        this.held++;
        await this.#hold;
        this.held--;
      }
      await datasync.call(handle);
      if (dirname(file) !== folder) return;
      // The new book is renamed over the old one, and the folder synced, before anybody relies on it.
      this.#synced.set(basename(file).replace('.new', ''), bytes);
    };
    prototype.datasync = function (this: FileHandle) {
      return sync(this);
    };
    this.#restore = () => {
      prototype.datasync = datasync;
    };
  }

  /** Syncs that begin from now on end when what it returns is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#hold = promise;
    return resolve;
  }

  static async over(folder: string): Promise<CutDisk> {
    const handle = await open(join(temporaryFolder(), 'any'), 'w');
    await handle.close();
    return new CutDisk(folder, Object.getPrototypeOf(handle) as FileHandle);
  }

  /** What is sure to be in a file. */
  has(name: string): number {
    return this.#synced.get(name)?.length ?? 0;
  }

  /** The power is gone: a folder with what is left, for a machine that has started anew. */
  cut(): string {
    this.end();
    machineBoot = `boot-${Number(machineBoot.slice(5)) + 1}`;
    const left = temporaryFolder();
    for (const [name, bytes] of this.#synced)
      if (existsSync(join(this.#folder, name))) writeFileSync(join(left, name), bytes);
    return left;
  }

  end(): void {
    this.#restore();
  }
}

let disk: CutDisk | undefined;
afterEach(() => disk?.end());

const openLog = (folder: string, clock: FakeClock) =>
  DiskLog.open({
    ...{ folder, maxBytes: 400_000, maxAgeMs: 1e10, syncEveryMs: 1_000, clock },
    trustedNowMs: () => undefined,
    machineBoot,
  });

function append(log: DiskLog, count: number): void {
  const stamp = { timeMs: 1e12, clock: 'synced' } as const;
  for (let value = 0; value < count; value++)
    log.append({ device: 'd', stamp, samples: [{ metric: METRIC, value, quality: 'good' }] });
}

async function run(folder: string, clock: FakeClock) {
  const log = await openLog(folder, clock);
  const outbox = new LedgerOutbox(log, SETTINGS, clock, trustingStampClock(clock));
  outbox.connect();
  return { log, outbox };
}

/** A log whose disk is watched. */
async function begun() {
  const folder = temporaryFolder();
  const clock = new FakeClock();
  disk = await CutDisk.over(folder);
  return { folder, clock, disk, log: await openLog(folder, clock) };
}

/** The first number that is given out in what a cut has left. */
async function nextIn(left: string): Promise<number> {
  const anew = await openLog(left, new FakeClock());
  const { next } = anew;
  await anew.close();
  return next;
}

// Which file a handle belongs to, only Linux tells.
const testOnLinux = test.runIf(existsSync('/proc/self/fd'));

testOnLinux(
  'through power cuts no number is ever sent for two readings, and what is lost is told as dropped',
  async () => {
    const seen = new Map<number, number>();
    const dropped = new Set<number>();
    const held = new Set<number>();
    let value = 0;
    let random = 1;
    const next = (below: number) => {
      random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((random / 2 ** 31) * below);
    };
    let folder = temporaryFolder();
    const clock = new FakeClock();
    for (let life = 0; life < 60; life++) {
      disk = await CutDisk.over(folder);
      const { log, outbox } = await run(folder, clock);
      for (const range of log.book.dropped) for (let n = range.first; n <= range.last; n++) dropped.add(n);
      for (let step = 0; step < 8; step++) {
        for (let left = next(next(8) === 0 ? 600 : 30); left > 0; left--) {
          const samples = [{ metric: METRIC, value, quality: 'good' as const }];
          outbox.add({ device: 'd', stamp: { timeMs: 1e12 + value++, clock: 'synced' }, samples });
        }
        for (let turn = next(5); turn > 0; turn--) await new Promise((resolve) => setTimeout(resolve, 1));
        if (next(6) === 0) await clock.advance(next(1_500));
        for (let entry = outbox.next(); entry; entry = outbox.next()) {
          if (entry.kind === 'dropped') continue;
          const { first, samples } = entry.message;
          const before = seen.get(first);
          expect(before ?? samples[0]!.value, `number ${first} in life ${life}`).toBe(samples[0]!.value);
          seen.set(first, samples[0]!.value as number);
          // A host that confirms what it likes.
          if (next(3) === 0) {
            outbox.confirm({ ledger: entry.ledger, ranges: [{ first, last: first }] });
            held.add(first);
          }
        }
      }
      folder = disk.cut();
      await log.close();
    }
    const { log, outbox } = await run(folder, clock);
    for (const range of log.book.dropped) for (let n = range.first; n <= range.last; n++) dropped.add(n);
    await clock.advance(61_000);
    // Every number that a host has ever seen is confirmed, still there, or told as dropped. Time stands: nothing goes out again.
    const lost = () => [...seen.keys()].filter((number) => !held.has(number) && !dropped.has(number));
    await eventually(
      () => {
        for (let entry = outbox.next(); entry; entry = outbox.next())
          if (entry.kind === 'readings') held.add(entry.message.first);
        return lost().length === 0;
      },
      { everyMs: 1 },
    );
    expect(seen.size).toBeGreaterThan(1_000);
    await log.close();
  },
);

testOnLinux(
  'a bound that comes down holds while it is being synced: a cut after that uses no number twice',
  async () => {
    const { clock, disk, log } = await begun();
    append(log, 1_000);
    await eventually(() => log.sendable === 1_000);
    append(log, 1);
    await eventually(() => log.sendable === 1_001);
    const sure = disk.has('00000001.log');
    const finish = disk.hold();
    // Little came since the burst, and so little may be needed until the sync after this one.
    await clock.advance(1_000);
    await eventually(() => disk.held === 1);
    append(log, 500);
    await eventually(() => log.sendable > 1_001);
    const seen = log.sendable;
    const finishNext = disk.hold();
    finish();
    await eventually(() => disk.has('00000001.log') > sure);
    const left = disk.cut();
    finishNext();
    await log.close();
    expect(await nextIn(left)).toBeGreaterThanOrEqual(seen);
  },
);

testOnLinux(
  'the file with the last bound that was synced stays, though all in it is settled, until another has one',
  async () => {
    const { folder, disk, log } = await begun();
    append(log, 1_500);
    await eventually(() => log.sendable === 1_500);
    // The next file is begun, and numbers do not run out.
    append(log, 1_500);
    await eventually(() => log.sendable === 3_000);
    expect(existsSync(join(folder, '00000002.log'))).toBe(true);
    log.settle(new RangeSet([{ first: 0, last: 2_500 }]), []);
    // Its book is kept, and files that are not needed are gone.
    await log.keepTimes([]);
    const left = disk.cut();
    await log.close();
    expect(await nextIn(left)).toBeGreaterThanOrEqual(3_000);
  },
);
