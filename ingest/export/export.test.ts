import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { type AsyncBuffer, parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { createLog } from '../../core/log.ts';
import { packStatus, type SeriesKey, seriesKey } from '../../core/reading.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { buildApp } from '../http/build-app.ts';
import { FakeSources } from '../http/testing/fake-sources.ts';
import { batchOf, type Row } from '../stores/contract.suite.ts';
import { SCAN_ROWS, type ScanBatch } from '../stores/scan.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { exportRows } from './export-rows.ts';
import { Exporter } from './exporter.ts';

const T0 = Date.UTC(2026, 5, 1, 6);
const SOIL = seriesKey({
  ...{ measurement: 'soil', field: 'moisture', unit: '%' },
  ...{ site: 'farm', gateway: 'pump-house', device: 'north', zone: '北, "upper"' },
});
const DATES = 'from=2026-06-01T00:00:00Z&to=2026-06-02T00:00:00Z';

/** The whole HTTP side on a socket, over a store that a test fills. */
async function farm(rows: readonly Row[], maxConcurrent = 2) {
  const store = new MemoryStore();
  await store.start();
  await store.write(batchOf(rows));
  const sources = new FakeSources();
  Object.assign(sources, { exporter: new Exporter({ maxConcurrent }, store) });
  const app = await buildApp(sources, { clock: new FakeClock(), log: createLog('silent') });
  await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  const { port } = app.server.address() as AddressInfo;
  const url = (query: string) => `http://127.0.0.1:${port}/api/v1/export?${query}`;
  const get = async (query: string) => {
    const answer = await fetch(url(query));
    return { answer, bytes: new Uint8Array(await answer.arrayBuffer()) };
  };
  return {
    store,
    url,
    get,
    text: async (query: string) =>
      new TextDecoder('utf-8', { ignoreBOM: true }).decode((await get(query)).bytes),
  };
}

async function parquetRows(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: bytes.buffer as unknown as AsyncBuffer });
}

describe('CSV', () => {
  it('has a line for each reading, in RFC 4180, whatever is in names and texts', async () => {
    const odd = seriesKey({ ...SOIL, measurement: 'foreign', field: 'a "b",\n🌱', unit: '' });
    const { get } = await farm([
      [SOIL, T0, 21.5],
      [SOIL, T0 + 1, -0, packStatus('bad', 'repaired')],
      [odd, T0, '=HYPERLINK("http://x")'],
      [odd, T0 + 1, '阀门, "开"\r\n'],
    ]);
    const { answer, bytes } = await get(`format=csv&${DATES}`);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(answer.headers.get('content-disposition')).toBe(
      'attachment; filename="sluice_20260601T000000Z_20260602T000000Z.csv"',
    );
    const place = 'farm,pump-house,north,,"北, ""upper""",,';
    const name = '"a ""b"",\n🌱"';
    expect(new TextDecoder().decode(bytes)).toBe(
      [
        'time,time_ms,measurement,field,value,text,unit,quality,clock,site,gateway,device,point,zone,link,class',
        `2026-06-01T06:00:00.000Z,${T0},foreign,${name},,"'=HYPERLINK(""http://x"")",,good,synced,${place}`,
        `2026-06-01T06:00:00.001Z,${T0 + 1},foreign,${name},,"阀门, ""开""\r\n",,good,synced,${place}`,
        `2026-06-01T06:00:00.000Z,${T0},soil,moisture,21.5,,%,good,synced,${place}`,
        `2026-06-01T06:00:00.001Z,${T0 + 1},soil,moisture,-0,,%,bad,repaired,${place}`,
        '',
      ].join('\r\n'),
    );
  });

  it('begins with a byte order mark where one is asked for', async () => {
    const { text } = await farm([[SOIL, T0, 1]]);
    expect(await text(`format=csv&bom=true&${DATES}`)).toMatch(/^\uFEFFtime,/);
    expect(await text(`format=csv&${DATES}`)).toMatch(/^time,/);
  });

  it('folds windows over batches, and has no quality then', async () => {
    const rows = Array.from(
      { length: 2 * SCAN_ROWS + 10 },
      (_, step): Row => [SOIL, T0 + step * 1_000, step],
    );
    const { text } = await farm([...rows, [{ ...SOIL, device: 'south' }, T0 + 7_200_000, 7]]);
    const lines = (await text(`format=csv&every=1h&fn=count&${DATES}`)).split('\r\n').slice(1, -1);
    const found = lines.map((line) => [line.split(',')[1], line.split(',')[4]].map(Number));
    expect(found).toEqual([
      [T0, 3600],
      [T0 + 3_600_000, 3600],
      [T0 + 7_200_000, 1002],
      [T0 + 7_200_000, 1],
    ]);
    expect(await text(`format=csv&every=1h&${DATES}`)).not.toContain('quality');
  });

  it('is a header where nothing is found', async () => {
    const { text } = await farm([]);
    expect((await text(`format=csv&measurement=none&${DATES}`)).split('\r\n')).toHaveLength(2);
  });
});

describe('Parquet', () => {
  it('is read back by another library: types, texts, tags, several row groups', async () => {
    const many = 70_000;
    const rows = Array.from({ length: many }, (_, step): Row => [SOIL, T0 + step * 100, step / 8]);
    const valve = seriesKey({ ...SOIL, measurement: 'foreign', field: '阀门', device: 'v🌱' });
    const { get } = await farm([[valve, T0, 'open, "wide"\n', packStatus('uncertain', 'unsynced')], ...rows]);
    const { answer, bytes } = await get(`format=parquet&site=farm&measurement=soil&${DATES}`);
    expect(answer.headers.get('content-disposition')).toContain(
      '"farm_soil_20260601T000000Z_20260602T000000Z.parquet"',
    );
    const metadata = parquetMetadata(bytes.buffer as ArrayBuffer);
    expect(metadata.num_rows).toBe(BigInt(many));
    expect(metadata.row_groups.length).toBe(2);
    const found = await parquetRows(bytes);
    expect(found.map(({ time }) => (time as Date).getTime())).toEqual(rows.map(([, timeMs]) => timeMs));
    expect(found.map(({ value }) => value)).toEqual(rows.map(([, , value]) => value));

    const [text] = await parquetRows((await get(`format=parquet&measurement=foreign&${DATES}`)).bytes);
    expect(text).toEqual({
      ...{ time: new Date(T0), measurement: 'foreign', field: '阀门', value: null, text: 'open, "wide"\n' },
      ...{ quality: 'uncertain', clock: 'unsynced', unit: '%', site: 'farm', gateway: 'pump-house' },
      ...{ device: 'v🌱', point: '', zone: '北, "upper"', link: '', class: '' },
    });
    expect(await parquetRows((await get(`format=parquet&measurement=none&${DATES}`)).bytes)).toEqual([]);
  });
});

describe('GeoJSON', () => {
  const gnss = (field: string) => seriesKey({ ...SOIL, measurement: 'gnss', field, unit: '°' });
  interface Feature {
    geometry: { coordinates: number[] } | null;
    properties: Record<string, unknown>;
  }

  it('tells nobody who sees a link alone where its agent stands', async () => {
    const { store } = await farm([
      [{ ...SOIL, measurement: 'link', field: 'latency', link: 'a_b' }, T0, 1],
      [gnss('longitude'), T0, 113],
      [gnss('latitude'), T0, 22],
    ]);
    const places = async (sites: readonly string[]) => {
      const query = { measurement: 'link', fromMs: T0, toMs: T0 + 1, scope: { sites, links: ['a_b'] } };
      const found: boolean[] = [];
      for await (const { place } of exportRows(store, { query, format: 'geojson', hasBom: false }))
        found.push(place !== undefined);
      return found;
    };
    expect([await places([]), await places(['farm'])]).toEqual([[false], [true]]);
  });

  it('puts each reading where its device was at its last fix before, and nowhere where nobody knows', async () => {
    const fix = (timeMs: number, longitude: number, latitude: number, status = 0): Row[] => [
      [gnss('longitude'), timeMs, longitude, status],
      [gnss('latitude'), timeMs, latitude, status],
    ];
    const { text } = await farm([
      ...[T0 - 5, T0, T0 + 9, T0 + 10, T0 + 19, T0 + 25].map((timeMs): Row => [SOIL, timeMs, 1]),
      [{ ...SOIL, device: 'elsewhere' }, T0, 'a "text"'],
      ...fix(T0, 179.9999, -41.123456789),
      ...fix(T0 + 10, -179.9999, -41),
      ...fix(T0 + 15, 0, 0, packStatus('bad', 'synced')),
      [gnss('latitude'), T0 + 18, 12],
      ...fix(T0 + 20, -179.5, -40),
    ]);
    const found = JSON.parse(await text(`format=geojson&measurement=soil&${DATES}`));
    expect(found.type).toBe('FeatureCollection');
    const features = found.features as Feature[];
    const coordinates = features.map(({ geometry }) => geometry?.coordinates);
    expect(coordinates).toEqual([
      undefined,
      undefined,
      [179.9999, -41.1234568],
      [179.9999, -41.1234568],
      [-179.9999, -41],
      [-179.9999, -41],
      [-179.5, -40],
    ]);
    expect(features[0]!.geometry).toBeNull();
    expect(features[0]!.properties).toEqual({
      ...{
        time: '2026-06-01T06:00:00.000Z',
        timeMs: T0,
        value: 'a "text"',
        quality: 'good',
        clock: 'synced',
      },
      ...{ measurement: 'soil', field: 'moisture', unit: '%', site: 'farm', gateway: 'pump-house' },
      ...{ device: 'elsewhere', zone: '北, "upper"' },
    });
    const late = JSON.parse(await text(`format=geojson&measurement=soil&from=${T0 + 25}&to=${T0 + 30}`));
    expect(late.features[0].geometry.coordinates).toEqual([-179.5, -40]);
    const between = JSON.parse(await text(`format=geojson&measurement=soil&from=${T0 + 19}&to=${T0 + 20}`));
    expect(between.features[0].geometry.coordinates[0]).toBe(-179.9999);
    expect(JSON.parse(await text(`format=geojson&measurement=none&${DATES}`)).features).toEqual([]);
  });
});

describe('an export', () => {
  const many = 60 * SCAN_ROWS;
  const plenty = Array.from({ length: many }, (_, step): Row => [SOIL, T0 + step, step]);

  it('is compressed on the way where the client takes that', async () => {
    const { url } = await farm(plenty.slice(0, 10_000));
    const request = http.get(url(`format=csv&${DATES}`), { headers: { 'accept-encoding': 'gzip' } });
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
    expect(answer.headers['content-encoding']).toBe('gzip');
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk);
    expect(gunzipSync(Buffer.concat(chunks)).toString().split('\r\n')).toHaveLength(10_002);
  });

  for (const encoding of ['identity', 'gzip']) {
    it(`that fails on the way is cut off, so that nobody takes it for the whole (${encoding})`, async () => {
      const { store, url } = await farm(plenty);
      const request = http.get(url(`format=csv&${DATES}`), { headers: { 'accept-encoding': encoding } });
      const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
      expect(answer.statusCode).toBe(200);
      answer.once('data', () => {
        store.isAway = true;
      });
      await expect(
        (async () => {
          for await (const _ of answer);
        })(),
      ).rejects.toThrow('aborted');
      expect(answer.complete).toBe(false);
    });
  }

  it('of a store that cannot be reached is refused with the reason, before anything is sent', async () => {
    const { store, url } = await farm([[SOIL, T0, 1]]);
    store.isAway = true;
    const answer = await fetch(url(`format=csv&${DATES}`));
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('waits for a client that takes nothing, and ends with one that goes away', async () => {
    const { store, url } = await farm(plenty, 1);
    let batches = 0;
    let isEnded = false;
    const scan = store.scan.bind(store);
    store.scan = async function* (query): AsyncGenerator<ScanBatch> {
      try {
        for await (const batch of scan(query)) {
          batches++;
          yield batch;
        }
      } finally {
        isEnded = true;
      }
    };
    const request = http.get(url(`format=csv&${DATES}`));
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
    answer.pause();
    // Sockets take some megabytes; then it stands still.
    let before = -1;
    const standsStill = () => {
      const isStill = batches === before;
      before = batches;
      return isStill;
    };
    await eventually(standsStill, { everyMs: 300 });
    expect(batches).toBeLessThan(50);
    const refused = await fetch(url(`format=csv&${DATES}`));
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ code: 'EXPORTS_BUSY' });
    expect(isEnded).toBe(false);
    request.destroy();
    await eventually(() => isEnded);
    await eventually(async () => (await fetch(url(`format=csv&measurement=none&${DATES}`))).status === 200);
    expect(batches).toBeLessThan(55);
  });

  it('gives its place back however it ends', async () => {
    const { store, get, url } = await farm([[SOIL, T0, 1]], 1);
    for (let round = 0; round < 3; round++)
      expect((await get(`format=csv&${DATES}`)).answer.status).toBe(200);
    store.isAway = true;
    expect((await fetch(url(`format=csv&${DATES}`))).status).toBe(503);
    store.isAway = false;
    expect((await fetch(url(`format=csv&${DATES}`), { method: 'HEAD' })).status).toBe(200);
    await eventually(async () => (await get(`format=csv&${DATES}`)).answer.status === 200);
  });

  it('refuses what makes no sense, by name', async () => {
    const { get } = await farm([]);
    for (const query of [
      'format=xls&from=2026-06-01',
      'format=csv',
      `format=csv&fn=max&${DATES}`,
      `${DATES}`,
    ]) {
      expect((await get(query)).answer.status, query).toBe(400);
    }
    expect(new SluiceError('EXPORTS_BUSY', { limit: 2 }).retryable).toBe(true);
  });

  it('says so where a thread of its own cannot go on', async () => {
    const { store } = await farm([[SOIL, T0, 1]]);
    const broken: SeriesKey = SOIL;
    store.scan = async function* (): AsyncGenerator<ScanBatch> {
      const timeMs = Float64Array.of(Number.NaN);
      const series = { ...broken, id: 0 };
      yield { series, timeMs, value: Float64Array.of(1), status: new Uint8Array(1), texts: undefined };
    };
    const exporter = new Exporter({ maxConcurrent: 1 }, store);
    const query = { fromMs: T0, toMs: T0 + 1 };
    const stream = await exporter.open({ format: 'csv', hasBom: false, query });
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toThrow('Invalid time value');
  });
});
