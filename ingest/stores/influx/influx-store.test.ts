import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import type { ServiceContext } from '../../../core/context.ts';
import { seriesKey } from '../../../core/reading.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { freePort } from '../../../core/testing/free-port.ts';
import { type Influxd, startInfluxd } from '../../../core/testing/influxd.ts';
import { describeWith } from '../../../core/testing/needs.ts';
import { serviceContext } from '../../../core/testing/service-context.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { rollUpContract } from '../../rollups/roll-ups.suite.ts';
import { batchOf, type Row, storeContract } from '../contract.suite.ts';
import { InfluxConfig } from './config.ts';
import { InfluxStore } from './influx-store.ts';
import { V2Proxy } from './v2-proxy.ts';

let influxd: Influxd;
let databases = 0;

describeWith('influxd')('influx store over InfluxDB 1.x', () => {
  beforeAll(async () => {
    influxd = await startInfluxd();
  });
  afterAll(() => influxd.stop());

  const open = async () => {
    const database = `farm ${databases++}`;
    const dataFolder = temporaryFolder();
    const config = checkConfig(InfluxConfig, { kind: 'influx', url: influxd.url, database });
    return {
      create: (context: ServiceContext) => new InfluxStore(config, { ...context, dataFolder }),
      async cutOff() {
        await influxd.kill();
        return () => influxd.start();
      },
      cleanUp: async () => void (await influxd.query(`DROP DATABASE "${database}"`)),
    };
  };
  storeContract(open);
  rollUpContract(open);
});

describeWith('influxd')('influx store over the write path of InfluxDB 2.x', () => {
  let folder: string;
  beforeAll(async () => {
    influxd = await startInfluxd();
    folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
    writeFileSync(join(folder, 'token'), 's3cret\n');
  });
  afterAll(async () => {
    await influxd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = async () => {
    const bucket = `bucket-${databases++}`;
    const dataFolder = temporaryFolder();
    await influxd.query(`CREATE DATABASE "${bucket}"`);
    const proxy = await V2Proxy.start(influxd.url, { org: 'farm co', token: 's3cret' });
    const config = checkConfig(InfluxConfig, {
      kind: 'influx',
      version: 2,
      url: proxy.url,
      database: bucket,
      org: 'farm co',
      tokenFile: 'token',
    });
    return {
      create: (context: ServiceContext) =>
        new InfluxStore(config, { ...context, dataFolder, configFolder: folder }),
      async cutOff() {
        await proxy.stop();
        return () => proxy.listen();
      },
      async cleanUp() {
        await proxy.stop();
        await influxd.query(`DROP DATABASE "${bucket}"`);
      },
    };
  };
  storeContract(open);
  rollUpContract(open);
});

describeWith('influxd')('influx store and what its database says', () => {
  beforeAll(async () => {
    influxd = await startInfluxd();
  });
  afterAll(() => influxd.stop());

  const T0 = Date.UTC(2026, 5, 1);
  const SOIL = { measurement: 'soil', site: 'farm', gateway: 'g', device: 'd1' };
  const MOISTURE = seriesKey({ ...SOIL, field: 'moisture', unit: '%' });
  const EC = seriesKey({ ...SOIL, field: 'ec', unit: 'µS/cm' });

  async function openStore(
    over: Partial<InfluxConfig> = {},
  ): Promise<{ store: InfluxStore; database: string }> {
    const database = `words${databases++}`;
    const config = checkConfig(InfluxConfig, { kind: 'influx', url: influxd.url, database, ...over });
    const store = new InfluxStore(
      config,
      serviceContext({ clock: new FakeClock(T0 + 3_600_000), dataFolder: temporaryFolder() }),
    );
    onTestFinished(() => store.stop());
    return { store, database };
  }

  it('rejects what the database refuses, with its words, and stores all the rest', async () => {
    const { store, database } = await openStore();
    await store.start();
    await influxd.write(database, `soil,site=farm,gateway=g,device=other moisture="as text" ${T0}`);
    const rows = Array.from({ length: 50 }, (_, step): Row[] => [
      [MOISTURE, T0 + step, step],
      [EC, T0 + step, 800 + step],
    ]);
    // InfluxDB decides on types for each shard, which is a week here: this row is in another one.
    const { stored, rejected } = await store.write(
      batchOf([...rows.flat(), [MOISTURE, T0 + 30 * 86_400_000, 7]]),
    );
    expect(stored).toBe(51);
    expect(rejected.map(({ row }) => row)).toEqual(rows.map((_, step) => 2 * step));
    expect(rejected[0]!.error).toMatchObject({ code: 'STORE_REFUSED', retryable: false });
    expect(rejected[0]!.error.message).toMatch(
      /field type conflict: input field "moisture" .* already exists as type/,
    );
    const range = { fromMs: T0, toMs: T0 + 86_400_000, maxPoints: 1_000 };
    const [ec] = await store.query({ measurement: 'soil', field: 'ec', ...range });
    expect(ec!.value).toHaveLength(50);
    expect((await store.last({ field: 'moisture' })).map(({ value }) => value)).toEqual([7]);
  });

  it('stores texts that are longer together than a body may be', async () => {
    const { store } = await openStore();
    await store.start();
    const note = (field: string) => seriesKey({ ...SOIL, measurement: 'foreign', field, unit: '' });
    const text = '土'.repeat(4_096);
    const times = Array.from({ length: 2_500 }, (_, step): Row => [note('note'), T0 + step, text]);
    expect(await store.write(batchOf(times))).toEqual({ stored: 2_500, rejected: [] });
    const fields = Array.from({ length: 2_500 }, (_, n): Row => [note(`note ${n}`), T0, text]);
    expect(await store.write(batchOf(fields))).toEqual({ stored: 2_500, rejected: [] });
  });

  it('looks for what is too long where a proxy takes shorter bodies than the database', async () => {
    const proxy = createServer((request, response) => {
      if (Number(request.headers['content-length']) > 2_000) response.writeHead(413).end('too large');
      else if (request.url!.startsWith('/write')) response.writeHead(204).end();
      else response.end('{"results":[]}');
      request.resume();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void proxy.close());
    const { store } = await openStore({ url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
    await store.start();
    const rows = Array.from({ length: 100 }, (_, step): Row => [EC, T0 + step, step]);
    expect(await store.write(batchOf(rows))).toEqual({ stored: 100, rejected: [] });
  });

  it('makes its database when that has gone meanwhile', async () => {
    const { store, database } = await openStore();
    await store.start();
    await influxd.query(`DROP DATABASE ${database}`);
    await expect(store.write(batchOf([[EC, T0, 1]]))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await store.write(batchOf([[EC, T0, 1]]))).toMatchObject({ stored: 1 });
  });

  it('names a bucket of 2.x that does not exist, which it must not make', async () => {
    const proxy = await V2Proxy.start(influxd.url, { org: '', token: 't' });
    onTestFinished(() => proxy.stop());
    const folder = temporaryFolder();
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 't');
    const { store, database } = await openStore({ version: 2, url: proxy.url, tokenFile });
    const started = store.start();
    await expect(started).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    await expect(started).rejects.toThrow(`Create ${database} in the InfluxDB at ${proxy.url}`);

    writeFileSync(tokenFile, 'wrong');
    await expect(store.start()).rejects.toThrow('Check the token in tokenFile');
    rmSync(tokenFile);
    await expect(store.start()).rejects.toMatchObject({
      code: 'SECRET_UNREADABLE',
      details: { file: tokenFile },
    });

    writeFileSync(tokenFile, 't');
    await influxd.query(`CREATE DATABASE ${database}`);
    await store.start();
    expect(await store.write(batchOf([[EC, T0, 1]]))).toMatchObject({ stored: 1 });
  });

  it('is unavailable while its database is down at the start, and can be started again', async () => {
    const port = await freePort();
    const { store } = await openStore({ url: `http://127.0.0.1:${port}` });
    await expect(store.start()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    const late = await startInfluxd({ port });
    onTestFinished(() => late.stop());
    await store.start();
    expect(await store.write(batchOf([[EC, T0, 1]]))).toMatchObject({ stored: 1 });
  });

  it('gives up on a database that does not answer, within its time', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const { store } = await openStore({ url: `http://127.0.0.1:${port}`, timeoutMs: 100 });
    await expect(store.start()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    silent.closeAllConnections();
  });

  it('does not hold up the end for a database that does not answer', async () => {
    let asked = 0;
    const slow = createServer((request, response) => {
      asked++;
      if (answersQueries && request.url!.startsWith('/query')) response.end('{"results":[]}');
    });
    let answersQueries = false;
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void slow.close());
    const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`;
    const store = new InfluxStore(
      checkConfig(InfluxConfig, { kind: 'influx', url }),
      serviceContext({ dataFolder: temporaryFolder() }),
    );
    const fromMs = performance.now();

    const abort = new AbortController();
    const started = store.start(abort.signal);
    await eventually(() => asked === 1);
    abort.abort();
    await expect(started).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });

    answersQueries = true;
    await store.start();
    asked = 0;
    const written = expect(store.write(batchOf([[EC, T0, 1]]))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
    });
    await eventually(() => asked === 1);
    await store.stop();
    await written;
    expect(performance.now() - fromMs).toBeLessThan(8_000);
  });

  it('reads what other programs have written beside it', async () => {
    const { store, database } = await openStore();
    await store.start();
    const soil = 'soil,site=farm,gateway=g,device=d1,host=x';
    await influxd.write(database, `${soil} ec=5i,moisture=true ${T0}\n${soil} ec=6i ${T0 + 1}`);
    await store.stop();
    await store.start();
    const range = { measurement: 'soil', fromMs: T0, toMs: T0 + 10, maxPoints: 10 };
    expect((await store.query({ ...range, field: 'ec' }))[0]!.value).toEqual([5, 6]);
    expect((await store.query({ ...range, field: 'moisture' }))[0]!.value).toEqual([1]);
  });

  it.each([1, 2] as const)('deletes only what is ours, and says what went wrong (%i.x)', async (version) => {
    const proxy = await V2Proxy.start(influxd.url, { org: '', token: 't' });
    onTestFinished(() => proxy.stop());
    const tokenFile = join(temporaryFolder(), 'token');
    writeFileSync(tokenFile, 't');
    const { store, database } = await openStore(version === 2 ? { version, url: proxy.url, tokenFile } : {});
    await influxd.query(`CREATE DATABASE ${database}`);
    await store.start();
    const dayMs = 86_400_000;
    const oldMs = T0 - 400 * dayMs;
    await influxd.write(database, `soil,host=probe moisture=1 ${oldMs}\nsoil moisture=2 ${oldMs}`);
    await store.write(
      batchOf([
        [MOISTURE, oldMs, 3],
        [MOISTURE, T0, 4],
      ]),
    );
    while ((await store.upkeep!.rollUp(T0 + dayMs, 1_000)).waiting > 0);
    const order = { measurement: 'soil', rawMs: T0 - 100 * dayMs };
    while ((await store.upkeep!.expire(order, 1_000)).isUnfinished);
    const left = JSON.stringify(await influxd.query('SELECT moisture FROM soil', database));
    for (const point of [`[${oldMs},1]`, `[${oldMs},2]`, `[${T0},4]`]) expect(left).toContain(point);
    expect(left).not.toContain(`[${oldMs},3]`);
  });

  it('refuses what is late for deleted readings also where its notes are lost, and answers from their hours', async () => {
    const database = `words${databases++}`;
    const config = checkConfig(InfluxConfig, { kind: 'influx', url: influxd.url, database });
    const dataFolder = temporaryFolder();
    const dayMs = 86_400_000;
    const oldMs = T0 - 400 * dayMs;
    const open = async () => {
      const clock = new FakeClock(T0 + dayMs);
      const store = new InfluxStore(config, serviceContext({ clock, dataFolder }));
      onTestFinished(() => store.stop());
      await store.start();
      return store;
    };
    const first = await open();
    const old = Array.from({ length: 60 }, (_, minute): Row => [MOISTURE, oldMs + minute * 60_000, minute]);
    await first.write(batchOf([...old, [MOISTURE, T0, 4]]));
    while ((await first.upkeep!.rollUp(T0 + dayMs, 1_000)).waiting > 0);
    const order = { measurement: 'soil', rawMs: T0 - 100 * dayMs };
    while ((await first.upkeep!.expire(order, 1_000)).isUnfinished);
    await first.stop();
    rmSync(join(dataFolder, 'store'), { recursive: true });

    const store = await open();
    const { rejected } = await store.write(batchOf([[MOISTURE, oldMs + 1, 1]]));
    expect(rejected.map(({ error }) => error.code)).toEqual(['READING_EXPIRED']);
    while ((await store.upkeep!.rollUp(T0 + dayMs, 1_000)).waiting > 0);
    const range = { fromMs: oldMs, toMs: oldMs + 3_600_000, maxPoints: 10 };
    const window = { everyMs: 3_600_000, fn: 'count' } as const;
    const [hours] = await store.query({ measurement: 'soil', field: 'moisture', ...range, window });
    expect(hours?.value).toEqual([60]);
  });
});
