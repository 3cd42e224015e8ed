import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { backup, DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import { makePrivate } from '../../core/private-file.ts';
import { type CopiedFile, sha256Of } from './manifest.ts';

const PAGES_PER_STEP = 256;
const PAGE_BYTES = 4_096;
const BUSY_MS = 5_000;
const ZSTD_MAGIC = 0xfd2fb528;

/**
 * Copies one SQLite file as it is at one moment, while others write to it, at `bytesPerS` at most. The copy is one
 * read transaction from first page to last: writers go on, and their WAL grows meanwhile. (Without the
 * transaction SQLite would begin again from the first page at each of their commits.)
 */
export async function copyDatabase(from: string, to: string, bytesPerS: number): Promise<void> {
  makePrivate(to);
  const source = new DatabaseSync(from, { readOnly: true, timeout: BUSY_MS });
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  const startMs = performance.now();
  try {
    source.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
    await backup(source, to, {
      rate: PAGES_PER_STEP,
      progress({ totalPages, remainingPages }) {
        const dueMs = startMs + ((totalPages - remainingPages) * PAGE_BYTES * 1_000) / bytesPerS;
        const waitMs = dueMs - performance.now();
        // The next step follows at once on what this returns, so the pause is here. Nothing else runs in this process.
        if (waitMs > 1) Atomics.wait(nothing, 0, 0, waitMs);
      },
    });
  } finally {
    source.close();
  }
  // One file, without a WAL that could be left behind.
  const copy = new DatabaseSync(to);
  try {
    copy.exec('PRAGMA journal_mode = DELETE');
  } finally {
    copy.close();
  }
  const handle = await open(to, 'r+');
  await handle.sync();
  await handle.close();
}

/** Reads all of a copy once: its structure by SQLite, its compressed parts by their checksums. Throws where it is not whole. */
export async function describeCopy(file: string, path: string): Promise<CopiedFile> {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const [verdict] = database.prepare('PRAGMA integrity_check(1)').all();
    if (verdict?.integrity_check !== 'ok') throw new Error(String(verdict?.integrity_check));
    const { user_version: dataFormat } = database.prepare('PRAGMA user_version').get() as {
      user_version: number;
    };
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all();
    const rows: Record<string, number> = {};
    let damaged = 0;
    for (const { name } of tables as { name: string }[]) {
      rows[name] = 0;
      for (const row of database.prepare(`SELECT * FROM "${name.replaceAll('"', '""')}"`).iterate()) {
        rows[name]++;
        damaged += Object.values(row).filter(isDamaged).length;
      }
    }
    return { path, bytes: statSync(file).size, sha256: await sha256Of(file), dataFormat, rows, damaged };
  } finally {
    database.close();
  }
}

/** A zstd frame carries a checksum of what is in it. */
function isDamaged(value: unknown): boolean {
  if (!(value instanceof Uint8Array) || value.length < 4) return false;
  if (new DataView(value.buffer, value.byteOffset).getUint32(0, true) !== ZSTD_MAGIC) return false;
  try {
    zstdDecompressSync(value);
    return false;
  } catch {
    return true;
  }
}
