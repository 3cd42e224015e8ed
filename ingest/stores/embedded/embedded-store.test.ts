import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../../core/testing/eventually.ts';
import { describeWith } from '../../../core/testing/needs.ts';
import { serviceContext } from '../../../core/testing/service-context.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { rollUpContract } from '../../rollups/roll-ups.suite.ts';
import { type StoreFixture, storeContract } from '../contract.suite.ts';
import { EmbeddedStore } from './embedded-store.ts';
import { HEAD_LIMITS, type HeadLimits } from './engine.ts';

async function openFixture(limits: HeadLimits): Promise<StoreFixture> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  return {
    create: (context) => new EmbeddedStore({ ...context, dataFolder }, limits),
    async cutOff() {
      const intruder = new DatabaseSync(join(dataFolder, 'store', 'readings.sqlite'));
      intruder.exec('BEGIN IMMEDIATE');
      return async () => intruder.close();
    },
    cleanUp: async () => rmSync(dataFolder, { recursive: true, force: true }),
  };
}

describe('embedded store', () => {
  storeContract(() => openFixture(HEAD_LIMITS));
  rollUpContract(() => openFixture(HEAD_LIMITS));
});

describe('embedded store that seals all the time', () => {
  const limits = { rows: 3, records: 2, textLength: 10, seriesPerCommit: 1 };
  storeContract(() => openFixture(limits));
  rollUpContract(() => openFixture(limits));
});

interface Writer {
  readonly child: ChildProcess;
  readonly said: () => string;
}

/** A process of its own that writes until it is killed, with what it has said so far. */
async function startWriter(dataFolder: string, from: number, fileLimitKB?: number): Promise<Writer> {
  const program = [process.execPath, join(import.meta.dirname, 'crash-writer.ts'), dataFolder, String(from)];
  const command =
    fileLimitKB === undefined
      ? program
      : ['bash', '-c', `ulimit -S -f ${fileLimitKB}; exec "$@"`, '-', ...program];
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await eventually(() => said.startsWith('started'));
  return { child, said: () => said };
}

async function open(dataFolder: string): Promise<EmbeddedStore> {
  const store = new EmbeddedStore(serviceContext({ dataFolder }));
  onTestFinished(() => store.stop());
  await store.start();
  return store;
}

/** The last step that the writer has called stored. */
function acknowledged(said: string): number {
  return Number(said.match(/^\d+(?=\n)/gm)?.at(-1) ?? 0);
}

describe('embedded store and its process', () => {
  it('has everything it acknowledged after kill -9, whatever it was doing', async () => {
    const dataFolder = temporaryFolder();
    let stored = 0;
    for (const steps of [50, 120, 215, 390]) {
      const { child, said } = await startWriter(dataFolder, stored);
      const from = stored;
      await eventually(() => acknowledged(said()) >= from + steps);
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
      stored = acknowledged(said());

      const store = await open(dataFolder);
      const query = { measurement: 'soil', field: 'ec', fromMs: 0, toMs: 1e9, maxPoints: 1e6 };
      const found = await store.query(query);
      expect(found).toHaveLength(10);
      for (const { timeMs, value } of found) {
        // The last write may have been stored without a word about it.
        expect([stored, stored + 5]).toContain(timeMs.length);
        expect(timeMs).toEqual(Array.from(timeMs, (_, step) => step));
        expect(value).toEqual(timeMs);
      }
      stored = found[0]!.timeMs.length;
      await store.stop();
    }
  });

  it('keeps a second process out and names the first, until that one is gone', async () => {
    const dataFolder = temporaryFolder();
    const { child } = await startWriter(dataFolder, 0);
    await expect(open(dataFolder)).rejects.toMatchObject({
      code: 'DATA_FOLDER_IN_USE',
      retryable: true,
      details: { folder: join(dataFolder, 'store'), pid: String(child.pid) },
    });
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    await open(dataFolder);
    await expect(open(dataFolder)).rejects.toMatchObject({ details: { pid: String(process.pid) } });
  });

  it('says so where it cannot make its folder', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    await expect(open(file)).rejects.toMatchObject({ code: 'DATA_FOLDER_UNUSABLE', retryable: true });
  });

  it('does not start on a damaged file, and lets go of the folder', async () => {
    const dataFolder = temporaryFolder();
    await (await open(dataFolder)).stop();
    writeFileSync(join(dataFolder, 'store', 'readings.sqlite'), 'no database '.repeat(500));
    await expect(open(dataFolder)).rejects.toMatchObject({ code: 'STORE_CORRUPT', retryable: false });
    rmSync(join(dataFolder, 'store', 'readings.sqlite'));
    await open(dataFolder);
  });
});

/** A limit on the size of files stands for the disk; lifting it from outside is Linux's `prlimit`. */
describeWith('prlimit')('embedded store on a full disk', () => {
  it('goes on by itself when a full disk has room again', async () => {
    const { child, said } = await startWriter(temporaryFolder(), 0, 500);
    await eventually(() => said().includes('refused'));
    const storedBefore = acknowledged(said());
    expect(said()).toMatch(/refused STORE_UNAVAILABLE.*Check the disk, and that this user may write/);
    execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited']);
    await eventually(() => acknowledged(said()) > storedBefore + 100);
  });
});
