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
  const ingest = new IngestProcess(folder, { broker: { url: broker.url }, http: { port }, ...settings });
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
}, 60_000);

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
  }, 60_000);
});
