import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { reasonOf, SluiceError } from './errors.ts';

/** SQLite's result code for a file that somebody else has locked. */
const BUSY = 5;

/**
 * Keeps a second process out of a folder. The lock is the operating system's, through SQLite, and so ends with its
 * process however that dies; a number in a file would outlive it, and in a container be the next one's as well.
 * The file with the number only serves to say who it is.
 */
export class FolderLock {
  readonly #database: DatabaseSync;

  /** Makes the folder where there is none. Throws `DATA_FOLDER_IN_USE` or `DATA_FOLDER_UNUSABLE`, both retryable. */
  constructor(folder: string) {
    const pidFile = join(folder, 'lock.pid');
    let database: DatabaseSync | undefined;
    try {
      mkdirSync(folder, { recursive: true });
      database = new DatabaseSync(join(folder, 'lock.sqlite'), { timeout: 0 });
      database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
      writeFileSync(pidFile, `${process.pid}\n`);
    } catch (error) {
      database?.close();
      if (isBusy(error)) throw new SluiceError('DATA_FOLDER_IN_USE', { folder, pid: pidIn(pidFile) }, error);
      throw new SluiceError('DATA_FOLDER_UNUSABLE', { folder, reason: reasonOf(error) }, error);
    }
    this.#database = database;
  }

  release(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function isBusy(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === BUSY;
}

function pidIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '?';
  }
}
