import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Static } from 'typebox';
import type { CommandRequest } from '../../core/command.ts';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import type { CommandEvent } from '../../core/gateway-event.ts';
import type { Raised } from './judge.ts';

export type CommandEnd = Static<typeof CommandEvent>;

/** How many commands are remembered, and so how old a repeat may be and still be known as one. */
const MOST_COMMANDS = 10_000;

/**
 * Which commands there were, how they ended, and which interlocks wait for a person: what must survive a `kill -9`.
 * An entry is on the disk when its method returns.
 */
export class CommandBook {
  readonly #database: DatabaseSync;
  readonly #most: number;

  /** Makes folder and file where there are none; a damaged file is put aside. Throws `DATA_FOLDER_UNUSABLE`. */
  constructor(folder: string, most = MOST_COMMANDS) {
    const file = join(folder, 'commands.sqlite');
    this.#most = most;
    try {
      mkdirSync(folder, { recursive: true });
      this.#database = openBook(file);
    } catch (error) {
      throw new SluiceError('DATA_FOLDER_UNUSABLE', { folder, reason: reasonOf(error) }, error);
    }
  }

  find(id: string): { readonly request: CommandRequest; readonly end: CommandEnd | undefined } | undefined {
    const row = this.#database.prepare('SELECT request, end FROM command WHERE id = ?').get(id);
    return row && readRow(row);
  }

  /** Before anything is done about it. */
  begin(request: CommandRequest): void {
    this.#database
      .prepare('INSERT INTO command (id, request) VALUES (?, ?)')
      .run(request.id, JSON.stringify(request));
    this.#database
      .prepare(
        'DELETE FROM command WHERE end IS NOT NULL AND number <= (SELECT max(number) FROM command) - ?',
      )
      .run(this.#most);
  }

  /** Before it is reported: a report that is lost with the process is told again. */
  end(end: CommandEnd): void {
    this.#database.exec('BEGIN');
    try {
      this.#database
        .prepare('UPDATE command SET end = ? WHERE id = ? AND end IS NULL')
        .run(JSON.stringify(end), end.command);
      this.#database.prepare('INSERT OR IGNORE INTO doubt (id) VALUES (?)').run(end.command);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Reports of which nobody knows yet whether they would outlive the gateway, in their order. */
  doubted(): CommandEnd[] {
    return this.#database
      .prepare('SELECT request, end FROM command NATURAL JOIN doubt WHERE end IS NOT NULL ORDER BY number')
      .all()
      .map((row) => readRow(row).end!);
  }

  /** Those are on their way for good. */
  trust(ids: readonly string[]): void {
    this.#database
      .prepare('DELETE FROM doubt WHERE id IN (SELECT value FROM json_each(?))')
      .run(JSON.stringify(ids));
  }

  /** Those that had begun when the gateway died. */
  unfinished(): CommandRequest[] {
    return this.#database
      .prepare('SELECT request, end FROM command WHERE end IS NULL ORDER BY number')
      .all()
      .map((row) => readRow(row).request);
  }

  /** The interlocks of a line that wait for a person; `atMs` is of no use after a restart. */
  raised(line: string): Raised[] {
    const row = this.#database.prepare('SELECT raised FROM interlock WHERE line = ?').get(line);
    return row ? (JSON.parse(String(row.raised)) as Raised[]) : [];
  }

  saveRaised(line: string, raised: readonly Raised[]): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO interlock (line, raised) VALUES (?, ?)')
      .run(line, JSON.stringify(raised));
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function openBook(file: string): DatabaseSync {
  try {
    return openSound(file);
  } catch (error) {
    // SQLITE_CORRUPT and SQLITE_NOTADB. Without the book a repeat may act twice, without a gateway nothing closes.
    if (![11, 26].includes((error as { errcode?: number }).errcode ?? 0)) throw error;
    renameSync(file, `${file}.damaged`);
    return openSound(file);
  }
}

function openSound(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 1_000 });
  try {
    database.exec(`
      PRAGMA journal_mode = DELETE;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS command
        (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, request TEXT NOT NULL, end TEXT);
      CREATE INDEX IF NOT EXISTS unfinished ON command (number) WHERE end IS NULL;
      CREATE TABLE IF NOT EXISTS doubt (id TEXT PRIMARY KEY);
      CREATE TABLE IF NOT EXISTS interlock (line TEXT PRIMARY KEY, raised TEXT NOT NULL);
    `);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function readRow(row: Record<string, unknown>) {
  return {
    request: JSON.parse(String(row.request)) as CommandRequest,
    end: row.end === null ? undefined : (JSON.parse(String(row.end)) as CommandEnd),
  };
}
