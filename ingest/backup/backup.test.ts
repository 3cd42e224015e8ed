import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { seriesKey } from '../../core/reading.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { StateDatabase } from '../state-database.ts';
import { batchOf, type Row } from '../stores/contract.suite.ts';
import { EmbeddedStore } from '../stores/embedded/embedded-store.ts';
import { backUp } from './back-up.ts';
import { restore } from './restore.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
const WRITER = join(import.meta.dirname, '../stores/embedded/crash-writer.ts');
const EC = seriesKey({
  measurement: 'soil',
  field: 'ec',
  unit: 'µS/cm',
  site: 's',
  gateway: 'g',
  device: 'd0',
});
const FAST = 1e9;

const clock = new FakeClock();

async function openStore(dataFolder: string): Promise<EmbeddedStore> {
  const store = new EmbeddedStore(serviceContext({ dataFolder }));
  onTestFinished(() => store.stop());
  await store.start();
  return store;
}

/** A data folder with `count` readings and a ledger that says so. */
async function filled(count: number): Promise<string> {
  const dataFolder = temporaryFolder();
  const store = await openStore(dataFolder);
  await store.write(batchOf(Array.from({ length: count }, (_, step): Row => [EC, step, step])));
  await store.stop();
  ledgerOf(dataFolder).set(count);
  return dataFolder;
}

/** Stands for the ledger: one number, up to which all is stored. */
function ledgerOf(dataFolder: string) {
  const schema = 'CREATE TABLE IF NOT EXISTS stored (upto INTEGER)';
  const database = new StateDatabase(join(dataFolder, 'ingest'), 'ledger.db', schema);
  onTestFinished(() => database.close());
  return {
    set(upto: number): void {
      database.commit((db) => {
        db.exec('DELETE FROM stored');
        db.prepare('INSERT INTO stored VALUES (?)').run(upto);
      });
    },
    get: () => database.run((db) => Number(db.prepare('SELECT upto FROM stored').get()?.upto ?? 0)),
    close: () => database.close(),
  };
}

async function readingsOf(dataFolder: string): Promise<number[][]> {
  const store = await openStore(dataFolder);
  const found: number[][] = [];
  for await (const { series, timeMs, value } of store.scan({ measurement: 'soil', fromMs: -1, toMs: 1e12 })) {
    const device = Number(series.device.slice(1));
    found[device] ??= [];
    timeMs.forEach((ms, row) => {
      expect(value[row]).toBe(ms);
      found[device]!.push(ms);
    });
  }
  await store.stop();
  return found;
}

function command(...args: string[]): ChildProcess & { said: () => string } {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  return Object.assign(child, { said: () => said });
}

describe('backup and restore', () => {
  it('has every reading that was stored before it began, point by point, while more are written', async () => {
    const dataFolder = temporaryFolder();
    // Megabytes, so that the copy takes many steps, with commits of the writer between them.
    const noise = seriesKey({ ...EC, measurement: 'noise' });
    const store = await openStore(dataFolder);
    await store.write(batchOf(Array.from({ length: 300_000 }, (_, n): Row => [noise, n, Math.random()])));
    await store.stop();
    const writer = spawn(process.execPath, [WRITER, dataFolder, '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void writer.kill('SIGKILL'));
    let said = '';
    writer.stdout.on('data', (chunk) => {
      said += chunk;
    });
    const stored = () => Number(said.match(/^\d+(?=\n)/gm)?.at(-1) ?? 0);
    await eventually(() => stored() > 500);
    const before = stored();
    const { folder } = await backUp({ dataFolder, toFolder: temporaryFolder(), bytesPerS: 2e6 }, clock);
    // It was written on meanwhile and still is.
    const during = stored();
    await eventually(() => stored() > during);
    const ended = once(writer, 'exit');
    writer.kill('SIGKILL');
    await ended;

    const elsewhere = join(temporaryFolder(), 'elsewhere');
    await restore({ backup: folder, dataFolder: elsewhere, replaces: false }, clock);
    const found = await readingsOf(elsewhere);
    expect(found).toHaveLength(10);
    for (const times of found) {
      expect(times.length).toBeGreaterThanOrEqual(before);
      expect(times).toEqual(Array.from(times, (_, step) => step));
      expect(times.length).toBe(found[0]!.length);
    }
  });

  it('has no ledger that is ahead of its readings', async () => {
    const dataFolder = temporaryFolder();
    const store = await openStore(dataFolder);
    const ledger = ledgerOf(dataFolder);
    let isWanted = true;
    let upto = 0;
    const writing = (async () => {
      for (; isWanted; upto += 10) {
        await store.write(batchOf(Array.from({ length: 10 }, (_, n): Row => [EC, upto + n, upto + n])));
        ledger.set(upto + 10);
      }
    })();
    await eventually(() => upto > 100);
    const toFolder = temporaryFolder();
    for (let round = 0; round < 3; round++) {
      const from = upto;
      const backup = command('backup', '--data', dataFolder, '--to', toFolder);
      await once(backup, 'exit');
      expect(backup.exitCode, backup.said()).toBe(0);
      const name = readdirSync(toFolder)
        .filter((one) => /^sluice-.*Z$/.test(one))
        .sort()
        .at(-1)!;
      const elsewhere = join(temporaryFolder(), 'elsewhere');
      await restore({ backup: join(toFolder, name), dataFolder: elsewhere, replaces: false }, clock);
      const restored = ledgerOf(elsewhere);
      const [times] = await readingsOf(elsewhere);
      expect(restored.get()).toBeGreaterThanOrEqual(from);
      expect(times!.length).toBeGreaterThanOrEqual(restored.get());
      restored.close();
    }
    isWanted = false;
    await writing;
  });

  it('leaves nothing that looks like a backup when it is killed, and the next one clears up', async () => {
    const dataFolder = await filled(400_000);
    const toFolder = temporaryFolder();
    const slow = command('backup', '--data', dataFolder, '--to', toFolder, '--mb-per-s', '1');
    const unfinished = () => readdirSync(toFolder).filter((name) => name.endsWith('.unfinished'));
    await eventually(() => unfinished().some((name) => existsSync(join(toFolder, name, 'store'))));
    await expect(backUp({ dataFolder, toFolder, bytesPerS: FAST }, clock)).rejects.toMatchObject({
      code: 'DATA_FOLDER_IN_USE',
    });
    const ended = once(slow, 'exit');
    slow.kill('SIGKILL');
    await ended;
    expect(readdirSync(toFolder).filter((name) => /^sluice-.*Z$/.test(name))).toEqual([]);
    expect(unfinished()).toHaveLength(1);
    const { folder, manifest } = await backUp({ dataFolder, toFolder, bytesPerS: FAST }, clock);
    expect(unfinished()).toEqual([]);
    expect(manifest.files.map(({ path }) => path)).toEqual(['ingest/ledger.db', 'store/readings.sqlite']);
    const elsewhere = temporaryFolder();
    await restore({ backup: folder, dataFolder: elsewhere, replaces: false }, clock);
    expect((await readingsOf(elsewhere))[0]).toHaveLength(400_000);
  });

  it('keeps as many as it is told to, the newest', async () => {
    const dataFolder = await filled(10);
    const toFolder = temporaryFolder();
    mkdirSync(join(toFolder, 'something-else'));
    const made: string[] = [];
    for (let round = 0; round < 4; round++) {
      const later = new FakeClock(clock.nowMs() + round * 1_000);
      made.push((await backUp({ dataFolder, toFolder, keep: 2, bytesPerS: FAST }, later)).folder);
    }
    const left = readdirSync(toFolder).filter((name) => !name.startsWith('lock.'));
    expect(left.sort()).toEqual(
      [...made.slice(2).map((one) => one.slice(toFolder.length + 1)), 'something-else'].sort(),
    );
  });

  it('refuses a folder in use, one that holds data, and moves that aside only when told to', async () => {
    const dataFolder = await filled(10);
    const { folder: backup } = await backUp(
      { dataFolder, toFolder: temporaryFolder(), bytesPerS: FAST },
      clock,
    );
    const other = await filled(3);
    await expect(restore({ backup, dataFolder: other, replaces: false }, clock)).rejects.toMatchObject({
      code: 'RESTORE_NOT_EMPTY',
    });
    const store = await openStore(other);
    await expect(restore({ backup, dataFolder: other, replaces: true }, clock)).rejects.toMatchObject({
      code: 'DATA_FOLDER_IN_USE',
    });
    await store.stop();
    const { movedTo } = await restore({ backup, dataFolder: other, replaces: true }, clock);
    expect((await readingsOf(other))[0]).toHaveLength(10);
    expect((await readingsOf(movedTo!))[0]).toHaveLength(3);
  });

  it('is for its owner only, and nobody is signed in by what is restored', async () => {
    const dataFolder = await filled(1);
    const ingest = join(dataFolder, 'ingest');
    const accounts = new StateDatabase(ingest, 'accounts.db', 'CREATE TABLE session (hash TEXT)');
    accounts.run((db) => db.exec("INSERT INTO session VALUES ('ended-later')"));
    accounts.close();
    // As an older version left it.
    chmodSync(join(ingest, 'accounts.db'), 0o644);
    new StateDatabase(ingest, 'accounts.db', '').close();
    const { folder: backup } = await backUp(
      { dataFolder, toFolder: temporaryFolder(), bytesPerS: FAST },
      clock,
    );
    const other = temporaryFolder();
    await restore({ backup, dataFolder: other, replaces: false }, clock);
    const modes = [dataFolder, backup, other].map(
      (folder) => statSync(join(folder, 'ingest', 'accounts.db')).mode & 0o007,
    );
    expect(modes).toEqual([0, 0, 0]);
    const restored = new DatabaseSync(join(other, 'ingest', 'accounts.db'));
    onTestFinished(() => restored.close());
    expect(restored.prepare('SELECT * FROM session').all()).toEqual([]);
  });

  it('restores nothing of a backup that has changed, lacks a file, or is newer than this program', async () => {
    const dataFolder = await filled(1_000);
    const made = async () =>
      (await backUp({ dataFolder, toFolder: temporaryFolder(), bytesPerS: FAST }, clock)).folder;
    const refused = async (backup: string, code: string) => {
      const elsewhere = join(temporaryFolder(), 'elsewhere');
      await expect(restore({ backup, dataFolder: elsewhere, replaces: false }, clock)).rejects.toMatchObject({
        code,
      });
      expect(existsSync(elsewhere)).toBe(false);
    };
    const flipped = await made();
    const file = join(flipped, 'store/readings.sqlite');
    const bytes = readFileSync(file);
    bytes[bytes.length - 100]! ^= 1;
    writeFileSync(file, bytes);
    await refused(flipped, 'BACKUP_INVALID');
    const longer = await made();
    appendFileSync(join(longer, 'ingest/ledger.db'), 'x');
    await refused(longer, 'BACKUP_INVALID');
    const manifest = join(longer, 'manifest.json');
    const edit = (from: RegExp, to: string) =>
      writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(from, to));
    edit(/"dataFormat": \d+/, '"dataFormat": 99');
    await refused(longer, 'DATA_FORMAT_NEWER');
    edit(/"path": "[^"]*"/, '"path": "ingest/../../etc/passwd"');
    await refused(longer, 'BACKUP_INVALID');
    await refused(temporaryFolder(), 'BACKUP_INVALID');
  });

  it('says what is damaged already, and copies it as it is', async () => {
    const dataFolder = await filled(10);
    const database = new DatabaseSync(join(dataFolder, 'store/readings.sqlite'));
    const { record } = database.prepare('SELECT record FROM log').get() as { record: Uint8Array };
    record[record.length - 1]! ^= 1;
    database.prepare('UPDATE log SET record = ?').run(record);
    database.close();
    const { manifest } = await backUp({ dataFolder, toFolder: temporaryFolder(), bytesPerS: FAST }, clock);
    expect(manifest.files.map(({ damaged }) => damaged)).toEqual([0, 1]);
  });

  it('says so where there is nothing, and where a file is no database', async () => {
    const nothing = { dataFolder: temporaryFolder(), toFolder: temporaryFolder(), bytesPerS: FAST };
    await expect(backUp(nothing, clock)).rejects.toMatchObject({ code: 'NOTHING_TO_BACK_UP' });
    const dataFolder = await filled(10);
    const toFolder = temporaryFolder();
    writeFileSync(join(dataFolder, 'ingest/events.db'), 'no database '.repeat(500));
    await expect(backUp({ dataFolder, toFolder, bytesPerS: FAST }, clock)).rejects.toMatchObject({
      code: 'BACKUP_FAILED',
    });
    expect(readdirSync(toFolder).filter((name) => !name.startsWith('lock.'))).toEqual([]);
  });

  it('is a command with words for people', async () => {
    const dataFolder = await filled(10);
    const toFolder = temporaryFolder();
    const run = (...args: string[]) => execFileSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
    const [folder = ''] = run('backup', '--data', dataFolder, '--to', toFolder).split('\n');
    expect(statSync(join(folder, 'manifest.json')).isFile()).toBe(true);
    const elsewhere = join(temporaryFolder(), 'elsewhere');
    expect(run('restore', folder, '--data', elsewhere)).toContain('1 log');
    const wrong = command('backup', '--data', dataFolder, '--too', toFolder);
    await once(wrong, 'exit');
    expect(wrong.exitCode).toBe(1);
    expect(wrong.said()).toContain("Unknown option '--too'");
  });
});

describeWith('prlimit')('a backup to a full disk', () => {
  it('fails with the reason and leaves nothing behind', async () => {
    const dataFolder = await filled(400_000);
    const toFolder = temporaryFolder();
    const args = ['bash', '-c', 'trap "" XFSZ; ulimit -S -f 200; exec "$@"', '-', process.execPath, MAIN];
    const child = spawn(args[0]!, [...args.slice(1), 'backup', '--data', dataFolder, '--to', toFolder]);
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    await once(child, 'exit');
    expect(child.exitCode).toBe(1);
    expect(said).toContain('no backup was made');
    expect(readdirSync(toFolder).filter((name) => !name.startsWith('lock.'))).toEqual([]);
  });
});

describe('files of a newer program', () => {
  it('are refused by name, unchanged', async () => {
    const dataFolder = await filled(10);
    for (const path of ['store/readings.sqlite', 'ingest/ledger.db']) {
      const database = new DatabaseSync(join(dataFolder, path));
      database.exec('PRAGMA user_version = 99');
      database.close();
    }
    const newer = { code: 'DATA_FORMAT_NEWER', retryable: false };
    await expect(openStore(dataFolder)).rejects.toMatchObject(newer);
    expect(() => ledgerOf(dataFolder)).toThrow(expect.objectContaining(newer));
  });
});
