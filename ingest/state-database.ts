import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { reasonOf, SluiceError } from '../core/errors.ts';
import { makePrivate } from '../core/private-file.ts';

/** `user_version` of the files. Raise it where an older program would misread what a newer one writes. */
export const STATE_FORMAT = 1;

/** How long another process, such as a backup, may hold the file. */
const BUSY_MS = 2_000;
/** SQLite's result codes CORRUPT and NOTADB. */
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);

/**
 * One of the small SQLite files in which ingest keeps what it has promised: its ledger, events, commands, care. A commit
 * is on the disk when it returns, over a power cut too. Calls block for as long as the disk takes; whatever the disk
 * refuses is `LEDGER_UNAVAILABLE` with the file's name, and a file that is no longer whole `STATE_DAMAGED`.
 */
export class StateDatabase {
  readonly #file: string;
  readonly #db: DatabaseSync;

  constructor(folder: string, name: string, schema: string) {
    this.#file = join(folder, name);
    let db: DatabaseSync | undefined;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // Hashes of passwords, numbers of people, who did what.
      makePrivate(this.#file);
      db = new DatabaseSync(this.#file, { timeout: BUSY_MS });
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 4000000;');
      const found = Number(db.prepare('PRAGMA user_version').get()!.user_version);
      if (found > STATE_FORMAT) {
        throw new SluiceError('DATA_FORMAT_NEWER', { file: this.#file, found, known: STATE_FORMAT });
      }
      db.exec(`${schema}; PRAGMA user_version = ${STATE_FORMAT};`);
    } catch (error) {
      db?.close();
      throw error instanceof SluiceError ? error : this.#unavailable(error);
    }
    this.#db = db;
  }

  /** One statement, or several that need not stand or fall together. */
  run<T>(work: (db: DatabaseSync) => T): T {
    try {
      return work(this.#db);
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  /** All or nothing. */
  commit<T>(work: (db: DatabaseSync) => T): T {
    return this.run((db) => {
      try {
        db.exec('BEGIN IMMEDIATE');
        const result = work(db);
        db.exec('COMMIT');
        return result;
      } catch (error) {
        // SQLite itself has rolled back already on a full disk and the like.
        if (db.isTransaction) db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #unavailable(error: unknown): SluiceError {
    const { errcode } = error as { errcode?: number };
    // The lower byte is the result code, the others say more of it.
    if (errcode !== undefined && DAMAGED.has(errcode & 0xff))
      return new SluiceError('STATE_DAMAGED', { file: this.#file, reason: reasonOf(error) }, error);
    return new SluiceError('LEDGER_UNAVAILABLE', { file: this.#file, reason: reasonOf(error) }, error);
  }
}

/** What a service has opened at its start. Throws `LEDGER_UNAVAILABLE` before it, and after its end. */
export function opened<T>(found: T | undefined, file: string): T {
  if (found !== undefined) return found;
  throw new SluiceError('LEDGER_UNAVAILABLE', { file, reason: 'it is not open' });
}

/**
 * A damaged file and what SQLite keeps beside it get other names: what is in it is lost to us, but not to somebody with the
 * right tools. Returns the new one. Throws `LEDGER_UNAVAILABLE`.
 */
export function putAside(file: string, nowMs: number): string {
  const aside = `${file}.damaged-${nowMs}`;
  try {
    for (const part of ['', '-wal', '-shm'])
      if (existsSync(file + part)) renameSync(file + part, aside + part);
  } catch (error) {
    throw new SluiceError('LEDGER_UNAVAILABLE', { file, reason: reasonOf(error) }, error);
  }
  return aside;
}

/** The conditions of a SELECT, with their values beside them: nothing from outside stands in the text. */
export class Conditions {
  readonly #texts: string[] = [];
  readonly values: (string | number)[] = [];

  add(text: string, ...values: readonly (string | number)[]): void {
    this.#texts.push(text);
    this.values.push(...values);
  }

  /** `column` is a name of ours. No list means any. */
  anyOf(column: string, wanted: readonly string[] | undefined): void {
    if (wanted) this.add(`${column} IN (${wanted.map(() => '?').join(', ')})`, ...wanted);
  }

  get where(): string {
    return this.#texts.length === 0 ? '' : `WHERE ${this.#texts.join(' AND ')}`;
  }
}
