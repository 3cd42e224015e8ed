import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createLog } from '../../core/log.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { ZoneWish } from '../../core/zones/zone.ts';
import type { AuditEntry } from '../access/audit.ts';
import { ZoneBook } from './zone-book.ts';

const clock = new FakeClock();
const log = createLog('silent');
const ME = { who: '老王' };
const SQUARE = [
  [113.4, 22.5],
  [113.401, 22.5],
  [113.401, 22.501],
  [113.4, 22.501],
  [113.4, 22.5],
];
const NORTH: ZoneWish = { site: 'farm', id: 'north', name: '北区', crop: 'tomato', stage: 'mid' };

async function open({ folder = temporaryFolder(), file = undefined as string | undefined } = {}) {
  const trail: AuditEntry[] = [];
  const audit = { record: (entry: AuditEntry) => void trail.push(entry) };
  const book = new ZoneBook(file, { folder, configFolder: folder, clock, log, audit });
  await book.start();
  onTestFinished(() => book.stop());
  return { book, trail, folder };
}

const feature = (properties: object | null, coordinates: unknown = [SQUARE], type = 'Polygon') => ({
  ...{ type: 'Feature', properties },
  geometry: { type, coordinates },
});
const collection = (...features: unknown[]) => ({ type: 'FeatureCollection', features });

it('keeps zones over a restart, with versions that a stale change is refused by, and who did it', async () => {
  const { book, trail, folder } = await open();
  const added = book.add({ ...NORTH, geometry: { type: 'Polygon', coordinates: [SQUARE] } }, ME);
  expect(added).toMatchObject({ version: 1, setBy: '老王' });
  expect(added.areaM2).toBeCloseTo(11_397, -1);
  expect(() => book.add(NORTH, ME)).toThrow(/there is a zone farm\/north already/);
  const changed = book.change({ ...NORTH, name: '北大棚' }, 1, ME);
  expect(changed).toMatchObject({ name: '北大棚', version: 2 });
  expect(changed.areaM2).toBeUndefined();
  expect(() => book.change(NORTH, 1, ME)).toThrow(/it is at version 2 now/);
  expect(trail.map(({ action }) => action)).toEqual(['zone.added', 'zone.changed']);
  expect(trail[1]).toMatchObject({ who: '老王', before: { name: '北区' }, after: { name: '北大棚' } });
  await book.stop();
  const again = await open({ folder });
  expect(again.book.find()).toMatchObject([{ name: '北大棚', version: 2 }]);
  expect(again.book.cropOf('farm', 'north')).toEqual({ crop: 'tomato', stage: 'mid' });
  again.book.remove('farm', 'north', 2, ME);
  expect(() => again.book.get('farm', 'north')).toThrow(/no zone farm\/north/);
  // What was read of the old one is not taken for the new one.
  expect(again.book.add(NORTH, ME).version).toBe(3);
});

it('does nothing that cannot be put on record', async () => {
  const { book } = await open();
  const refusing = new ZoneBook(undefined, {
    ...{ folder: temporaryFolder(), configFolder: '', clock, log },
    audit: {
      record() {
        throw new Error('disk full');
      },
    },
  });
  await refusing.start();
  onTestFinished(() => refusing.stop());
  expect(() => refusing.add(NORTH, ME)).toThrow('disk full');
  expect(refusing.find()).toEqual([]);
  expect(book.find()).toEqual([]);
});

it('imports what is right, says what it mended, and refuses the rest by its place', async () => {
  const { book } = await open();
  book.add({ ...NORTH, note: '别忘了' }, ME);
  const report = book.importGeoJson(
    collection(
      feature({ zone: 'north', 名称: '一号棚', 作物: '黄瓜' }, [[...SQUARE].reverse().slice(0, 4)]),
      feature({ 名称: '二号棚' }),
      feature({ name: 'x' }, [[[22.5, 113.4], [22.5, 113.5], [22.6, 113.5], [22.5, 113.4]]]), // biome-ignore format: a ring
      feature({ name: 'bow' }, [[[113, 22], [114, 23], [114, 22], [113, 23], [113, 22]]]), // biome-ignore format: a ring
      feature({ name: 'line' }, SQUARE, 'LineString'),
      { type: 'Point' },
      feature({ id: 'zone-1', soil: 'mud' }),
    ),
    'farm',
    ME,
  );
  expect(report).toMatchObject({ added: ['farm/zone-1'], changed: ['farm/north'] });
  expect(book.get('farm', 'north')).toMatchObject({
    ...{ name: '一号棚', crop: 'cucumber', note: '别忘了', version: 2 },
    geometry: { coordinates: [expect.arrayContaining([[113.4, 22.5]])] },
  });
  expect(book.get('farm', 'zone-1').name).toBe('二号棚');
  expect(report.mended.map(({ index, words }) => [index, words.map(({ en }) => en).join('; ')])).toEqual([
    [0, 'a ring was closed; a ring was turned round (RFC 7946, 3.1.6)'],
    [1, 'it has no id that readings could carry, and was given "zone-1"'],
  ]);
  expect(report.refused.map(({ index, error }) => [index, error.code, error.message])).toEqual([
    [2, 'ZONE_GEOMETRY_INVALID', expect.stringContaining('looks like latitude first')],
    [3, 'ZONE_GEOMETRY_INVALID', expect.stringContaining('crosses itself near 113.500000, 22.500000')],
    [4, 'ZONE_GEOMETRY_INVALID', expect.stringContaining('not "LineString"')],
    [5, 'GEOJSON_INVALID', expect.stringContaining('it is no Feature')],
    [6, 'GEOJSON_INVALID', expect.stringContaining('another feature before it is the zone farm/zone-1')],
  ]);
});

it('takes a file of its own again without changing anything', async () => {
  const { book, trail } = await open();
  const file = collection(feature({ name: '东区' }), feature({ id: 'west', crop: 'tea', stage: '盛期' }));
  book.importGeoJson(file, 'farm', ME);
  const changes = trail.length;
  expect(book.importGeoJson(file, 'farm', ME)).toMatchObject({
    ...{ added: [], changed: [], refused: [] },
    unchanged: ['farm/zone-1', 'farm/west'],
  });
  expect(trail.length).toBe(changes);
});

it.each([
  ['another coordinate system', { crs: { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::3857' } } }, /are in urn:ogc:def:crs:EPSG::3857; save it as WGS-84/], // biome-ignore format: a table
  ['a file in GCJ-02', { datum: 'gcj02' }, /its datum is not WGS-84/],
  ['no collection', { type: 'Topology' }, /it is no FeatureCollection/],
  ['too many', { features: Array.from({ length: 2_001 }, () => feature({})) }, /it has 2001 features; at most 2000/], // biome-ignore format: a table
])('refuses a whole file with %s', async (_, members, words) => {
  const { book } = await open();
  const file = { ...collection(feature({ name: '东区' })), ...members };
  expect(() => book.importGeoJson(file, 'farm', ME)).toThrow(words);
  expect(book.find()).toEqual([]);
});

it('takes a file that says that it is WGS-84', async () => {
  const { book } = await open();
  const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:OGC:1.3:CRS84' } };
  book.importGeoJson({ ...collection(feature({ name: 'e' })), crs }, 'farm', ME);
  expect(book.find()).toHaveLength(1);
});

it('takes CGCS2000, in which surveys of China are kept, but none of its projected zones', async () => {
  const { book } = await open();
  const named = (name: string) => ({ crs: { type: 'name', properties: { name } } });
  for (const name of ['urn:ogc:def:crs:EPSG::4490', 'EPSG:4490', 'CGCS2000']) {
    const { refused } = book.importGeoJson(
      { ...collection(feature({ name: 'e' })), ...named(name) },
      'farm',
      ME,
    );
    expect(refused).toEqual([]);
  }
  // CGCS2000 / 3-degree Gauss-Kruger zone 38.
  const projected = { ...collection(feature({ name: 'e' })), ...named('urn:ogc:def:crs:EPSG::4526') };
  expect(() => book.importGeoJson(projected, 'farm', ME)).toThrow(/save it as WGS-84/);
});

it('imports the file of the settings once, and never over what people have changed', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'zones.geojson');
  writeFileSync(file, JSON.stringify(collection(feature({ site: 'farm', id: 'north', name: '北区' }))));
  const first = await open({ folder, file });
  expect(first.trail).toMatchObject([{ who: 'sluice', action: 'zone.added' }]);
  first.book.remove('farm', 'north', 1, ME);
  await first.book.stop();
  expect((await open({ folder, file })).book.find()).toEqual([]);
});

it('starts without a file that cannot be read, and says what is wrong with it', async () => {
  const { book } = await open({ file: 'missing.geojson' });
  expect(book.trouble()?.message).toMatch(/missing\.geojson were not imported: ENOENT/);
  expect(book.add(NORTH, ME).version).toBe(1);
});

it('imports nothing of a site that is none of theirs', async () => {
  const { book } = await open();
  const mayChange = (site: string) => {
    if (site !== 'farm') book.get(site, 'any');
  };
  const file = collection(feature({ site: 'other', name: 'a' }), feature({ site: 'farm', name: 'b' }));
  const { added, refused } = book.importGeoJson(file, undefined, { who: 'x', mayChange });
  expect(added).toEqual(['farm/b']);
  expect(refused.map(({ index, error }) => [index, error.code])).toEqual([[0, 'NOT_FOUND']]);
});
