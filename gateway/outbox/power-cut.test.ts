import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { DiskLog } from './disk-log.ts';
import { LedgerOutbox } from './ledger-outbox.ts';
import { trustingStampClock } from './stamp-clock.ts';

let machineBoot = 'boot-0';

const METRIC = { name: 'soil/moisture', dataType: DATA_TYPES.Double, properties: {} };
const SETTINGS = { confirm: 'host', backlogPerS: 100_000, confirmWithinS: 60, window: 100_000 } as const;

/** Knows what a disk is sure to have: of every file what was in it when a sync of it began that has ended. */
class CutDisk {
  readonly #synced = new Map<string, Buffer>();
  readonly #restore: () => void;

  readonly #folder: string;

  private constructor(folder: string, prototype: FileHandle) {
    this.#folder = folder;
    for (const name of readdirSync(folder)) this.#synced.set(name, readFileSync(join(folder, name)));
    const { datasync } = prototype;
    const synced = this.#synced;
    prototype.datasync = async function (this: FileHandle) {
      const file = readlinkSync(`/proc/self/fd/${this.fd}`);
      const bytes = readFileSync(file);
      await datasync.call(this);
      if (dirname(file) !== folder) return;
      // The new book is renamed over the old one, and the folder synced, before anybody relies on it.
      synced.set(basename(file).replace('.new', ''), bytes);
    };
    this.#restore = () => {
      prototype.datasync = datasync;
    };
  }

  static async over(folder: string): Promise<CutDisk> {
    const handle = await open(join(temporaryFolder(), 'any'), 'w');
    await handle.close();
    return new CutDisk(folder, Object.getPrototypeOf(handle) as FileHandle);
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

async function run(folder: string, clock: FakeClock) {
  const log = await DiskLog.open({
    ...{ folder, maxBytes: 400_000, maxAgeMs: 1e10, syncEveryMs: 1_000, clock },
    trustedNowMs: () => undefined,
    machineBoot,
  });
  const outbox = new LedgerOutbox(log, SETTINGS, clock, trustingStampClock(clock));
  outbox.connect();
  return { log, outbox };
}

// Which file a handle belongs to, only Linux tells.
test.runIf(existsSync('/proc/self/fd'))(
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
    for (let idle = 0; idle < 50; idle++) {
      const entry = outbox.next();
      if (entry?.kind === 'readings') held.add(entry.message.first);
      if (entry) idle = 0;
      else await new Promise((resolve) => setTimeout(resolve, 1));
    }
    // Every number that a host has ever seen is confirmed, still there, or told as dropped.
    const lost = [...seen.keys()].filter((number) => !held.has(number) && !dropped.has(number));
    expect(lost).toEqual([]);
    expect(seen.size).toBeGreaterThan(1_000);
    await log.close();
  },
);
