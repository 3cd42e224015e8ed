import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { copyDatabase, describeCopy } from './copy-database.ts';

/** Commits to the file as fast as it can, in a process of its own. */
const RESTLESS = `
  const { DatabaseSync } = require('node:sqlite');
  const db = new DatabaseSync(process.argv[1], { timeout: 5000 });
  db.exec('PRAGMA synchronous = OFF');
  const insert = db.prepare('INSERT INTO tick DEFAULT VALUES');
  console.log('going');
  for (;;) insert.run();
`;

it('copies one moment of a file that never rests, and comes to its end', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'busy.db');
  const database = new DatabaseSync(file);
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA user_version = 7;
    CREATE TABLE tick (id INTEGER PRIMARY KEY); CREATE TABLE bulk (bytes BLOB);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO bulk SELECT randomblob(4000) FROM n;
  `);
  const restless = spawn(process.execPath, ['-e', RESTLESS, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void restless.kill('SIGKILL'));
  await once(restless.stdout, 'data');
  const ticks = () => Number(database.prepare('SELECT count(*) AS n FROM tick').get()!.n);
  const before = ticks();
  const startMs = performance.now();
  await copyDatabase(file, join(folder, 'copy.db'), 40e6);
  // Forty megabytes at forty a second.
  expect(performance.now() - startMs).toBeGreaterThan(800);
  const after = ticks();
  const described = await describeCopy(join(folder, 'copy.db'), 'ingest/busy.db');
  expect(described).toMatchObject({ dataFormat: 7, damaged: 0, rows: { bulk: 10_000 } });
  expect(described.rows.tick).toBeGreaterThanOrEqual(before);
  // Of the moment at which it began, not of one at which it happened to get through.
  expect(described.rows.tick).toBeLessThan((before + after) / 2);
  database.close();
});
