import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe } from 'vitest';
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
});

describe('embedded store that seals all the time', () => {
  storeContract(() => openFixture({ rows: 3, records: 2 }));
});
