import { existsSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { reasonOf } from '../../core/errors.ts';
import { type Batch, type JournalContent, type Opened, STATEMENTS, type Written } from './journal-op.ts';

/** SQLite's result codes for a file that is torn, and for one that is something else. */
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
/** Pages that may stay free in the file, and how many are given back after a commit. */
const SPARE_PAGES = 1_024;
const PAGES_AT_ONCE = 256;

const SCHEMA = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA journal_size_limit = 16777216;
  CREATE TABLE IF NOT EXISTS session (client TEXT PRIMARY KEY, user TEXT, asleep_since_ms INTEGER) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS subscription (client TEXT, topic TEXT, qos INTEGER, PRIMARY KEY (client, topic)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS queued (id INTEGER PRIMARY KEY, client TEXT, topic TEXT, payload BLOB, qos INTEGER,
    message_id INTEGER, is_released INTEGER);
  CREATE TABLE IF NOT EXISTS incoming (client TEXT, message_id INTEGER, PRIMARY KEY (client, message_id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS retained (topic TEXT PRIMARY KEY, payload BLOB, qos INTEGER) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS queued_of_client ON queued (client);
`;
const TABLES = ['session', 'subscription', 'queued', 'incoming', 'retained'];

/** The journal's file, in a thread of its own: a commit waits for the disk, and the broker must not. */
class JournalFile {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: string) {
    this.#db = new DatabaseSync(file, { timeout: 2_000 });
    try {
      this.#db.exec(SCHEMA);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  content(): JournalContent {
    const all = (sql: string) => this.#db.prepare(sql).all() as never;
    return {
      sessions: all('SELECT * FROM session'),
      subscriptions: all('SELECT * FROM subscription'),
      queued: all('SELECT * FROM queued ORDER BY id'),
      incoming: all('SELECT * FROM incoming'),
      retained: all('SELECT * FROM retained'),
    };
  }

  write({ isWhole, ops }: Batch): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      if (isWhole) for (const table of TABLES) this.#db.exec(`DELETE FROM ${table}`);
      for (const [name, ...values] of ops) this.#statement(name).run(...values);
      this.#db.exec('COMMIT');
    } catch (error) {
      // SQLite itself has rolled back already on a full disk and the like.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
    this.#giveBack();
  }

  close(): void {
    this.#db.close();
  }

  /** A queue of a whole night leaves a large file behind: what is free goes back to the disk, a little at a time. */
  #giveBack(): void {
    const { freelist_count: free } = this.#db.prepare('PRAGMA freelist_count').get() as never;
    if (free > SPARE_PAGES) this.#db.exec(`PRAGMA incremental_vacuum(${PAGES_AT_ONCE})`);
  }

  #statement(name: keyof typeof STATEMENTS): StatementSync {
    let statement = this.#statements.get(name);
    if (!statement) {
      statement = this.#db.prepare(STATEMENTS[name]);
      this.#statements.set(name, statement);
    }
    return statement;
  }
}

/** A file that is torn is put aside rather than removed, for whoever wants to look into it. */
function open(file: string): { journal: JournalFile; opened: Opened } {
  try {
    const journal = new JournalFile(file);
    return { journal, opened: { content: journal.content() } };
  } catch (error) {
    const { errcode } = error as { errcode?: number };
    if (errcode !== CORRUPT && errcode !== NOT_A_DATABASE) throw error;
    const aside = `${file}.torn-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
    renameSync(file, aside);
    if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${aside}-wal`);
    rmSync(`${file}-shm`, { force: true });
    const journal = new JournalFile(file);
    return { journal, opened: { content: journal.content(), damage: { reason: reasonOf(error), aside } } };
  }
}

const port = parentPort!;
try {
  const { journal, opened } = open(workerData.file);
  port.postMessage(opened);
  port.on('message', (batch: Batch | 'close') => {
    if (batch === 'close') {
      journal.close();
      port.close();
      return;
    }
    let written: Written = {};
    try {
      journal.write(batch);
    } catch (error) {
      written = { failure: reasonOf(error) };
    }
    port.postMessage(written);
  });
} catch (error) {
  port.postMessage({ failure: reasonOf(error) } satisfies Opened);
}
