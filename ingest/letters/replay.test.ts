import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { startInfluxd } from '../../core/testing/influxd.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestProcess } from '../testing/ingest-process.ts';
import { LedgerGateway } from '../testing/ledger-gateway.ts';
import { TestBroker } from '../testing/test-broker.ts';

const DAY_MS = 86_400_000;

async function farm(settings: object = {}) {
  const broker = new TestBroker(await freePort());
  await broker.start();
  onTestFinished(() => broker.stop());
  const folder = temporaryFolder();
  const port = await freePort();
  const ingest = new IngestProcess(folder, {
    broker: { url: broker.url },
    http: { port, signIn: 'off' },
    ...settings,
  });
  await ingest.start();
  const gateway = await LedgerGateway.connect(broker.url);
  onTestFinished(() => gateway.end());
  gateway.born();
  const files = ['--config', join(folder, 'config.yaml'), '--data', join(folder, 'data')];
  const main = join(import.meta.dirname, '../main.ts');
  /** What a person at the terminal would read. */
  const run = async (command: string, ...options: string[]) => {
    const args = [main, command, ...files, ...options];
    const env = { ...process.env, LC_ALL: 'C' };
    return (await promisify(execFile)(process.execPath, args, { env })).stdout;
  };
  const stored = async (fromMs: number) => {
    const query = `/api/v1/query?measurement=soil&field=ec&from=${fromMs}&to=${fromMs + DAY_MS}`;
    const { series } = await ingest.get<{ series: { timeMs: number[]; value: number[] }[] }>(query);
    return series.flatMap(({ timeMs, value }) => timeMs.map((time, at) => [time - fromMs, value[at]!]));
  };
  return { ingest, gateway, run, stored };
}

it('is done at the terminal while ingest runs, and while it does not, and changes nothing the second time', async () => {
  const { ingest, gateway, run, stored } = await farm();
  const startMs = Date.now() - 3_600_000;
  gateway.readings(3, startMs + DAY_MS);
  await eventually(() => gateway.confirmed.size === 3);
  const list = await run('letters', '--code', 'TIME_IMPOSSIBLE');
  expect(list.match(/farm\/pump-house {2}TIME_IMPOSSIBLE {2}a value is stamped/g)).toHaveLength(3);
  expect(list).toContain('waiting 3, replayed 0');
  expect(await run('replay', '--shift=-1d', '--dry-run')).toContain('3 letters: 3 would be stored');
  expect(await stored(startMs)).toEqual([]);
  expect(await run('replay', '--shift=-1d')).toContain('3 letters: 3 stored');
  const expected = [0, 1, 2].map((n) => [n, n]);
  expect(await stored(startMs)).toEqual(expected);
  expect(await run('replay', '--shift=-1d')).toContain('0 letters');

  gateway.readings(2, startMs + DAY_MS);
  await eventually(() => gateway.confirmed.size === 5);
  await ingest.kill();
  expect(await run('letters')).toContain('waiting 2, replayed 3');
  expect(await run('replay', '--shift=-1d')).toContain('2 letters: 2 stored');
  await ingest.start();
  expect(await stored(startMs)).toEqual([...expected, [3, 3], [4, 4]]);
});

it('that is ended with kill -9 in the middle loses nothing and doubles nothing', async () => {
  const { ingest, gateway, run, stored } = await farm({ letters: { perMinute: 10_000 } });
  const readings = 10_000;
  const startMs = Date.now() - 3_600_000;
  // No more than letters hold before they are on the disk.
  while (gateway.next < readings) {
    for (let n = 0; n < 10; n++) gateway.readings(100, startMs + DAY_MS);
    await eventually(() => gateway.confirmed.size === gateway.next, { withinMs: 60_000 });
  }

  let before = 0;
  for (let kill = 1; kill <= 2; kill++) {
    const replaying = run('replay', '--shift=-1d').catch(String);
    await eventually(async () => (await stored(startMs)).length > before, { everyMs: 5 });
    await ingest.kill();
    await replaying;
    const [, waiting, replayed] = /waiting (\d+), replayed (\d+)/.exec(await run('letters'))!;
    expect(Number(waiting) + Number(replayed), `after kill ${kill}`).toBe(readings);
    expect(Number(waiting), `after kill ${kill}`).toBeGreaterThan(0);
    await ingest.start();
    before = (await stored(startMs)).length;
    // What is marked as replayed is in the store; of the page that was under way more may be.
    expect(before).toBeGreaterThanOrEqual(Number(replayed));
  }
  await run('replay', '--shift=-1d');
  expect(await run('letters')).toContain(`waiting 0, replayed ${readings}`);
  expect(await stored(startMs)).toEqual(Array.from({ length: readings }, (_, n) => [n, n]));
});

describeWith('influxd')('a field whose type is another in InfluxDB', () => {
  it('is kept with its words, and comes in once somebody has mended that', async () => {
    const influxd = await startInfluxd();
    onTestFinished(() => influxd.stop());
    const database = 'letters';
    await influxd.query(`CREATE DATABASE ${database}`);
    const startMs = Date.now() - 3_600_000;
    await influxd.write(database, `soil ec="somebody else's text" ${startMs}`);
    const { ingest, gateway, run, stored } = await farm({
      store: { kind: 'influx', url: influxd.url, database },
    });
    gateway.readings(2, startMs);
    await eventually(() => gateway.confirmed.size === 2);
    expect(await run('letters')).toMatch(/STORE_REFUSED.*field type conflict/);
    expect(await run('replay')).toContain('refused again: STORE_REFUSED 2');
    await influxd.query('DROP MEASUREMENT soil', database);
    expect(await run('replay')).toContain('2 letters: 2 stored');
    expect(await stored(startMs)).toEqual([
      [0, 0],
      [1, 1],
    ]);
    type Account = { stored: number; rejected: number };
    const account = await ingest.get<Account>('/api/v1/gateways/farm/pump-house/completeness');
    expect(account).toMatchObject({ stored: 0, rejected: 2, replayed: 2 });
  });
});
