import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../core/clock.ts';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import { FolderLock } from '../../core/folder-lock.ts';
import { makePrivate } from '../../core/private-file.ts';
import { STATE_FORMAT } from '../state-database.ts';
import { STORE_FORMAT } from '../stores/embedded/database.ts';
import { type Manifest, readManifest, STORE_FILE, sha256Of } from './manifest.ts';
import { syncPath } from './sync-path.ts';

export interface RestoreOptions {
  /** One backup: the folder with its manifest. */
  readonly backup: string;
  readonly dataFolder: string;
  /** Whether what is in the data folder is moved aside; otherwise it must hold nothing of ingest. */
  readonly replaces: boolean;
}

const FOLDERS = ['store', 'ingest'] as const;
const LOCK_FILE = /^lock\./;
const UNFINISHED = '.restoring';
const ACCOUNTS_FILE = 'ingest/accounts.db';

/**
 * Puts a backup into a data folder that no process uses. The whole of the backup is checked before anything is touched,
 * and the ledger takes its place last: what is killed on the way leaves no ledger that is ahead of the readings.
 *
 * Throws `BACKUP_INVALID`, `DATA_FORMAT_NEWER`, `DATA_FOLDER_IN_USE`, `RESTORE_NOT_EMPTY`, `RESTORE_FAILED`.
 */
export async function restore(
  { backup, dataFolder, replaces }: RestoreOptions,
  clock: Clock,
): Promise<{ manifest: Manifest; movedTo: string | undefined }> {
  const manifest = readManifest(backup);
  await check(manifest, backup);
  const locks: FolderLock[] = [];
  try {
    for (const folder of FOLDERS) locks.push(new FolderLock(join(dataFolder, folder)));
    const movedTo = makeRoom(dataFolder, replaces, clock);
    try {
      await putAll(manifest, backup, dataFolder);
    } catch (error) {
      throw new SluiceError('RESTORE_FAILED', { folder: dataFolder, reason: reasonOf(error) }, error);
    }
    return { manifest, movedTo };
  } finally {
    for (const lock of locks) lock.release();
  }
}

async function check({ files }: Manifest, folder: string): Promise<void> {
  for (const { path, bytes, sha256, dataFormat } of files) {
    const file = join(folder, path);
    const known = path === STORE_FILE ? STORE_FORMAT : STATE_FORMAT;
    if (dataFormat > known) throw new SluiceError('DATA_FORMAT_NEWER', { file, found: dataFormat, known });
    const invalid = (reason: string) => new SluiceError('BACKUP_INVALID', { folder, reason });
    const size = statSync(file, { throwIfNoEntry: false })?.size;
    if (size !== bytes) throw invalid(`${path} has ${size ?? 'no'} bytes instead of ${bytes}`);
    if ((await sha256Of(file)) !== sha256) throw invalid(`${path} has changed since (its SHA-256 differs)`);
  }
}

/** Where what was there has gone to. */
function makeRoom(dataFolder: string, replaces: boolean, clock: Clock): string | undefined {
  const there = FOLDERS.flatMap((folder) =>
    readdirSync(join(dataFolder, folder))
      .filter((name) => !LOCK_FILE.test(name) && !name.endsWith(UNFINISHED))
      .map((name) => join(folder, name)),
  );
  if (there.length === 0) return undefined;
  if (!replaces) throw new SluiceError('RESTORE_NOT_EMPTY', { folder: dataFolder, file: there[0]! });
  const stamp = new Date(clock.nowMs()).toISOString().replace(/[-:]|\.\d+/g, '');
  const aside = join(dataFolder, `before-restore-${stamp}`);
  for (const path of there) {
    mkdirSync(dirname(join(aside, path)), { recursive: true });
    renameSync(join(dataFolder, path), join(aside, path));
  }
  return aside;
}

async function putAll({ files }: Manifest, backup: string, dataFolder: string): Promise<void> {
  for (const { path } of files) {
    const part = join(dataFolder, `${path}${UNFINISHED}`);
    copyFileSync(join(backup, path), part);
    makePrivate(part);
    if (path === ACCOUNTS_FILE) endSessions(part);
    const handle = await open(part, 'r+');
    await handle.sync();
    await handle.close();
  }
  // A backup begins with the ledger; here it comes last.
  for (const { path } of files.toReversed()) {
    const to = join(dataFolder, path);
    if (existsSync(to)) throw new Error(`${to} has come into being meanwhile`);
    renameSync(`${to}${UNFINISHED}`, to);
    // Names last as little as what is in a file, until they are synced: the ledger's must not be there before the readings'.
    await syncPath(dirname(to));
  }
  await syncPath(dataFolder);
}

/** Who has signed out since, or was shut out, must not be signed in again by it. */
function endSessions(file: string): void {
  const database = new DatabaseSync(file);
  try {
    const isThere = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'session'").get();
    if (isThere) database.exec('PRAGMA secure_delete = ON; DELETE FROM session');
  } finally {
    database.close();
  }
}
