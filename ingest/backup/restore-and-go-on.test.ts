import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Completeness } from '../../core/completeness.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestProcess } from '../testing/ingest-process.ts';
import { LedgerGateway } from '../testing/ledger-gateway.ts';
import { TestBroker } from '../testing/test-broker.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
const COMPLETENESS = '/api/v1/gateways/farm/pump-house/completeness';

/** An ingest with a gateway that keeps a ledger, a backup of its folder, and one that starts on what was restored. */
async function setUp() {
  const broker = new TestBroker(await freePort());
  await broker.start();
  onTestFinished(() => broker.stop());
  const config = { broker: { url: broker.url }, http: { port: 0, signIn: 'off' } };
  const [first, second, backups] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
  const old = new IngestProcess(first!, config);
  await old.start();
  const gateway = await LedgerGateway.connect(broker.url);
  onTestFinished(() => gateway.end());
  gateway.born();
  const startMs = Date.now() - 3_600_000;
  const run = (...args: string[]) => execFileSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  return {
    ...{ old, gateway, startMs },
    backUp: () => run('backup', '--data', join(first!, 'data'), '--to', backups!),
    async restore(): Promise<IngestProcess> {
      const [name] = readdirSync(backups!).filter((one) => one.startsWith('sluice-'));
      run('restore', join(backups!, name!), '--data', join(second!, 'data'));
      const restored = new IngestProcess(second!, config);
      await restored.start();
      return restored;
    },
  };
}

it('ingest starts on a restored backup, and gateways send what it does not have', async () => {
  const { old, gateway, startMs, backUp, restore } = await setUp();
  for (let message = 0; message < 20; message++) gateway.readings(20, startMs);
  await eventually(() => gateway.confirmed.size === 400);

  backUp();
  // The disk dies with ingest; what comes now reaches nobody.
  await old.kill();
  for (let message = 0; message < 5; message++) gateway.readings(20, startMs);

  const restored = await restore();
  gateway.born();
  gateway.repeatUnconfirmed();
  await eventually(() => gateway.confirmed.size === 500);
  const account = await restored.get<Completeness>(COMPLETENESS);
  expect(account).toMatchObject({ produced: 500, stored: 500, inFlight: 0, share: 1, missing: [] });
  const query = `/api/v1/query?measurement=soil&field=ec&from=${startMs}&to=${startMs + 60_000}`;
  const { series } = await restored.get<{ series: { value: number[] }[] }>(query);
  expect(series[0]!.value).toEqual(Array.from({ length: 500 }, (_, number) => number));
});

it('what was confirmed after the backup and went with the disk is told as missing, with its numbers and times', async () => {
  const { old, gateway, startMs, backUp, restore } = await setUp();
  gateway.readings(200, startMs);
  await eventually(() => gateway.confirmed.size === 200);
  backUp();
  gateway.readings(100, startMs);
  await eventually(() => gateway.confirmed.size === 300);
  await old.kill();

  const restored = await restore();
  gateway.born();
  gateway.readings(50, startMs);
  await eventually(() => gateway.confirmed.size === 350);
  const account = await restored.get<Completeness>(COMPLETENESS);
  expect(account).toMatchObject({ produced: 350, stored: 250, missing: [{ first: 200, last: 299 }] });
  const [{ afterMs, beforeMs } = {}] = account.missing;
  expect([afterMs, beforeMs]).toEqual([startMs + 199, startMs + 300]);
});
