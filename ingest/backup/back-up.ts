import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import { FolderLock } from '../../core/folder-lock.ts';
import { copyDatabase, describeCopy } from './copy-database.ts';
import { type CopiedFile, LEDGER_FILE, MANIFEST, type Manifest, manifestOf, STORE_FILE } from './manifest.ts';
import { syncPath } from './sync-path.ts';

export interface BackUpOptions {
  readonly dataFolder: string;
  /** Where backups are collected, each in a folder named by its time. */
  readonly toFolder: string;
  /** How many to keep there, this one included; all of them where left out. */
  readonly keep?: number;
  readonly bytesPerS: number;
}

const BACKUP_NAME = /^sluice-\d{8}T\d{6}Z$/;
const UNFINISHED = '.unfinished';
const ROOM_TO_SPARE_BYTES = 16_000_000;

/**
 * A copy of what ingest keeps in its data folder, whether it runs meanwhile or not. The ledger first, the readings
 * last: what the copied ledger calls stored was in the store before the ledger said so, hence before the readings were
 * copied; the other way round a restore would take readings for stored that are not there, and nobody would send them again.
 *
 * Throws `NOTHING_TO_BACK_UP`, `BACKUP_NO_ROOM`, `BACKUP_FAILED`, `DATA_FOLDER_IN_USE` (another backup to the same folder).
 */
export async function backUp(
  { dataFolder, toFolder, keep, bytesPerS }: BackUpOptions,
  clock: Clock,
): Promise<{ folder: string; manifest: Manifest }> {
  const paths = pathsIn(dataFolder);
  if (paths.length === 0) throw new SluiceError('NOTHING_TO_BACK_UP', { folder: dataFolder });
  const lock = new FolderLock(toFolder);
  try {
    // Of backups that were killed: nobody else is at work here.
    for (const name of readdirSync(toFolder)) {
      if (name.endsWith(UNFINISHED)) rmSync(join(toFolder, name), { recursive: true });
    }
    assertRoom(dataFolder, paths, toFolder);
    const startedAtMs = clock.nowMs();
    const folder = freeName(toFolder, startedAtMs);
    const part = `${folder}${UNFINISHED}`;
    try {
      const files = await copyAll(dataFolder, paths, part, bytesPerS);
      const [startedAt, endedAt] = [startedAtMs, clock.nowMs()].map((ms) => new Date(ms).toISOString());
      const manifest = manifestOf({ startedAt: startedAt!, endedAt: endedAt!, files });
      writeFileSync(join(part, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
      for (const synced of [join(part, MANIFEST), join(part, 'store'), join(part, 'ingest'), part])
        await syncPath(synced);
      renameSync(part, folder);
      await syncPath(toFolder);
      if (keep !== undefined) clearOld(toFolder, basename(folder), keep);
      return { folder, manifest };
    } catch (error) {
      rmSync(part, { recursive: true, force: true });
      throw error;
    }
  } finally {
    lock.release();
  }
}

/** Files to copy, in that order. */
function pathsIn(dataFolder: string): string[] {
  const ingest = join(dataFolder, 'ingest');
  const state = existsSync(ingest) ? readdirSync(ingest).filter((name) => name.endsWith('.db')) : [];
  const others = state.map((name) => `ingest/${name}`).filter((path) => path !== LEDGER_FILE);
  return [LEDGER_FILE, ...others.sort(), STORE_FILE].filter((path) => existsSync(join(dataFolder, path)));
}

async function copyAll(
  dataFolder: string,
  paths: readonly string[],
  part: string,
  bytesPerS: number,
): Promise<CopiedFile[]> {
  const files: CopiedFile[] = [];
  for (const path of paths) {
    const to = join(part, path);
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    try {
      await copyDatabase(join(dataFolder, path), to, bytesPerS);
    } catch (error) {
      throw new SluiceError(
        'BACKUP_FAILED',
        { file: join(dataFolder, path), reason: reasonOf(error) },
        error,
      );
    }
  }
  // After the last copy, so that the copies are as near to each other in time as can be.
  for (const path of paths) {
    try {
      files.push(await describeCopy(join(part, path), path));
    } catch (error) {
      throw new SluiceError('BACKUP_FAILED', { file: join(part, path), reason: reasonOf(error) }, error);
    }
  }
  return files;
}

function assertRoom(dataFolder: string, paths: readonly string[], toFolder: string): void {
  const sizes = paths.flatMap((path) => [path, `${path}-wal`]).map((path) => sizeOf(join(dataFolder, path)));
  const needed = sizes.reduce((sum, size) => sum + size, ROOM_TO_SPARE_BYTES);
  const { bavail, bsize } = statfsSync(toFolder);
  if (bavail * bsize >= needed) return;
  const [neededMB, freeMB] = [needed, bavail * bsize].map((bytes) => Math.ceil(bytes / 1e6));
  throw new SluiceError('BACKUP_NO_ROOM', { folder: toFolder, neededMB: neededMB!, freeMB: freeMB! });
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function freeName(toFolder: string, startedAtMs: number): string {
  for (let ms = startedAtMs; ; ms += 1_000) {
    const stamp = new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
    const folder = join(toFolder, `sluice-${stamp}`);
    if (!existsSync(folder)) return folder;
  }
}

/** `made` stays whatever its name says: a clock may have been set back. */
function clearOld(toFolder: string, made: string, keep: number): void {
  const whole = readdirSync(toFolder).filter(
    (name) => name !== made && BACKUP_NAME.test(name) && existsSync(join(toFolder, name, MANIFEST)),
  );
  for (const name of whole.sort().slice(0, Math.max(0, whole.length + 1 - keep))) {
    const old = join(toFolder, name);
    // No longer a backup from here on, even if the rest of it stays.
    const gone = join(toFolder, `${basename(old)}${UNFINISHED}`);
    renameSync(old, gone);
    rmSync(gone, { recursive: true });
  }
}
