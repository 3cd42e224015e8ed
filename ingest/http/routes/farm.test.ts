import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { KeptLog } from '../../testing/kept-log.ts';
import { ZoneBook } from '../../zones/zone-book.ts';
import type { App } from '../app.ts';
import { buildApp } from '../build-app.ts';
import { FakeSources } from '../testing/fake-sources.ts';

const NORTH = { site: 'farm', id: 'north', name: '<b>北区</b> abc 🌱' };

let app: App;
let sources: FakeSources;

beforeEach(async () => {
  const clock = new FakeClock();
  const { log } = new KeptLog();
  const folder = temporaryFolder();
  sources = new FakeSources();
  const book = new ZoneBook(undefined, {
    folder,
    configFolder: folder,
    clock,
    log,
    audit: { record: () => {} },
  });
  await book.start();
  sources.zones = book;
  app = await buildApp(sources, { clock, log });
  onTestFinished(async () => {
    await app.close();
    await book.stop();
  });
});

it('adds, changes and deletes a zone, and refuses what was made from an old one', async () => {
  const url = '/api/v1/zones';
  const made = await app.inject({ method: 'POST', url, body: NORTH });
  expect([made.statusCode, made.json()]).toEqual([
    201,
    expect.objectContaining({ ...NORTH, version: 1, setBy: 'open' }),
  ]);
  expect((await app.inject({ method: 'POST', url, body: NORTH })).json().code).toBe('ZONE_EXISTS');
  const change = { method: 'PUT', url: `${url}/farm/north`, body: { name: '一号', version: 1 } } as const;
  expect((await app.inject(change)).json()).toMatchObject({ name: '一号', version: 2 });
  const stale = await app.inject(change);
  expect([stale.statusCode, stale.json().code]).toEqual([409, 'VERSION_STALE']);
  const remove = (version: number) =>
    app.inject({ method: 'DELETE', url: `${url}/farm/north`, body: { version } });
  expect((await remove(1)).statusCode).toBe(409);
  expect((await remove(2)).statusCode).toBe(200);
  expect((await remove(2)).statusCode).toBe(404);
  expect((await app.inject(url)).json()).toEqual({ zones: [] });
});

it('imports a file and gives it back, in either datum, and tells a refusal in the language of the request', async () => {
  const square = [[113, 22], [113.01, 22], [113.01, 22.01], [113, 22.01], [113, 22]]; // biome-ignore format: a ring
  const feature = (id: string, ring: number[][]) => ({
    ...{ type: 'Feature', properties: { id, name: id } },
    geometry: { type: 'Polygon', coordinates: [ring] },
  });
  const swapped = square.map(([lon, lat]) => [lat!, lon!]);
  const body = { type: 'FeatureCollection', features: [feature('north', square), feature('bad', swapped)] };
  const headers = { 'accept-language': 'zh-CN' };
  const reply = await app.inject({ method: 'POST', url: '/api/v1/zones/import?site=farm', body, headers });
  expect(reply.json()).toMatchObject({
    added: ['farm/north'],
    refused: [{ index: 1, code: expect.any(String), message: expect.stringMatching(/纬度在前/) }],
  });
  const exported = await app.inject('/api/v1/zones/export?datum=wgs84');
  expect(exported.headers['content-type']).toMatch(/^application\/geo\+json/);
  expect(exported.json().features[0].geometry.coordinates).toEqual([square]);
  const shifted = (await app.inject('/api/v1/zones/export?datum=gcj02')).json();
  expect(shifted.datum).toBe('gcj02');
  const again = await app.inject({ method: 'POST', url: '/api/v1/zones/import', body: shifted });
  expect([again.statusCode, again.json().code]).toEqual([400, 'GEOJSON_INVALID']);
});

it('tells placements of the sites that were asked for, and takes and takes back one by hand', async () => {
  const calls: unknown[] = [];
  const at = (site: string) => ({
    site,
    gateway: 'g',
    device: 'probe',
    zone: 'north',
    by: 'gateway' as const,
  });
  sources.placements = {
    list: async () => [at('farm'), at('other')],
    place: async (where, zone, { who }) => {
      calls.push([where, zone, who]);
      return { ...where, zone, by: 'hand' };
    },
    unplace: (where) => {
      calls.push(where);
    },
  };
  expect((await app.inject('/api/v1/placements?site=other')).json()).toEqual({ placements: [at('other')] });
  const url = '/api/v1/placements/farm/g/probe';
  expect((await app.inject({ method: 'PUT', url, body: { zone: 'north' } })).json()).toMatchObject({
    by: 'hand',
  });
  expect((await app.inject({ method: 'PUT', url, body: {} })).statusCode).toBe(400);
  expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(204);
  const where = { site: 'farm', gateway: 'g', device: 'probe' };
  expect(calls).toEqual([[where, 'north', 'open'], where]);
});

it('tells water since the beginning of a day, for a month at most', async () => {
  sources.waters = [
    { site: 'farm', m3: 2, unassignedM3: 0, restarts: 0, zones: [{ zone: 'north', m3: 2, how: 'metered' }] },
  ];
  const toMs = Date.UTC(2026, 5, 2);
  const reply = await app.inject(`/api/v1/water?from=${toMs - 3_600_000}&to=${toMs}`);
  expect(reply.json()).toEqual({ fromMs: toMs - 3_600_000, toMs, sites: sources.waters });
  const long = await app.inject(`/api/v1/water?from=${toMs - 33 * 86_400_000}&to=${toMs}`);
  expect([long.statusCode, long.json().details.field]).toEqual([400, 'from']);
});
