import { expect, it, onTestFinished } from 'vitest';
import { createLog } from '../../core/log.ts';
import { packStatus, seriesKey } from '../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { AuditEntry } from '../access/audit.ts';
import { batchOf } from '../stores/contract.suite.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { PlacementDesk } from './placement-desk.ts';
import { stepPosition } from './step-position.ts';
import { ZoneBook } from './zone-book.ts';

const clock = new FakeClock();
const log = createLog('silent');
const GOOD = packStatus('good', 'synced');
const ME = { who: '老王' };
/** A degree of latitude is 111.2 km: 0.0001° are 11 m. */
const box = (south: number) => [
  [113.4, south],
  [113.401, south],
  [113.401, south + 0.001],
  [113.4, south + 0.001],
  [113.4, south],
];
const north = { site: 'farm', id: 'north', name: '北区', geometry: { type: 'Polygon' as const, coordinates: [box(22.5)] } }; // biome-ignore format: a table
const south = { site: 'farm', id: 'south', name: '南区', geometry: { type: 'Polygon' as const, coordinates: [box(22.499)] } }; // biome-ignore format: a table
const place = (device: string) => ({ site: 'farm', gateway: 'g', device });
const key = (path: string, device: string, zone = '') => {
  const [measurement = '', field = ''] = path.split('/');
  return seriesKey({ ...place(device), zone, measurement, field, unit: '' });
};

async function open(folder = temporaryFolder(), store = new MemoryStore()) {
  const trail: AuditEntry[] = [];
  const parts = { folder, clock, log, audit: { record: (one: AuditEntry) => void trail.push(one) } };
  const zones = new ZoneBook(undefined, { ...parts, configFolder: folder });
  let changes = 0;
  const births: Record<string, string[]> = {};
  const desk = new PlacementDesk({
    ...{ ...parts, store, zones },
    birthZones: ({ device }) => births[device],
    changed: () => changes++,
  });
  await store.start();
  await zones.start();
  await desk.start();
  onTestFinished(async () => {
    await desk.stop();
    await zones.stop();
  });
  return { desk, zones, store, trail, folder, births, changes: () => changes };
}

const table = new SeriesTable();
let timeMs = 1_780_000_000_000;
function fix(device: string, lat: number, lon = 113.4005, status = GOOD): ReadingBatch {
  const batch = new ReadingBatch(table);
  timeMs += 1_000;
  batch.push(table.intern(key('gnss/latitude', device)).id, timeMs, lat, status);
  batch.push(table.intern(key('gnss/longitude', device)).id, timeMs, lon, status);
  return batch;
}

it('stays in a zone beside its edge, and leaves it well beyond', () => {
  const zones = [north, south].map((one) => ({ ...one, version: 1, setBy: '', setMs: 0 }));
  const steps = [22.4995, 22.50001, 22.49999, 22.50008, 22.5001, 22.49995, 22.4998, 22.498];
  let zone: string | undefined;
  const seen = steps.map((lat) => {
    zone = stepPosition(zone, [113.4005, lat], zones);
    return zone;
  });
  expect(seen).toEqual(['south', 'south', 'south', 'south', 'north', 'north', 'south', undefined]);
});

it('follows a device by its position, over a restart too, and not the receiver of a gateway', async () => {
  const { desk, zones, store, folder, changes } = await open();
  zones.add(north, ME);
  zones.add(south, ME);
  await store.write(batchOf([[key('soil/moisture', 'probe'), timeMs, 20]]));
  const before = changes();
  desk.stored(fix('probe', 22.5005));
  desk.stored(fix('probe', 22.5006));
  desk.stored(fix('', 22.5005));
  expect(desk.zoneOf('farm', 'g', 'probe')).toBe('north');
  expect(desk.zoneOf('farm', 'g', '')).toBe('');
  // Told once, not with every reading.
  expect(changes()).toBe(before + 1);
  desk.stored(fix('probe', 10, 10, packStatus('bad', 'synced')));
  expect(desk.zoneOf('farm', 'g', 'probe')).toBe('north');
  expect(await desk.list()).toEqual([
    { ...place('probe'), zone: 'north', by: 'position', at: { lat: 22.5006, lon: 113.4005 } },
  ]);
  await desk.stop();
  await zones.stop();
  expect((await open(folder, store)).desk.zoneOf('farm', 'g', 'probe')).toBe('north');
});

it('believes who says so by hand, then the position, then the gateway', async () => {
  const { desk, zones, store, trail, births, folder } = await open();
  zones.add(north, ME);
  zones.add(south, ME);
  await store.write(batchOf([[key('soil/moisture', 'probe', 'north'), timeMs, 20]]));
  births.probe = ['north'];
  expect(await desk.list()).toEqual([{ ...place('probe'), zone: 'north', by: 'gateway' }]);
  desk.stored(fix('probe', 22.4995));
  expect(await desk.list()).toMatchObject([{ zone: 'south', by: 'position', tagged: ['north'] }]);
  expect(await desk.place(place('probe'), 'north', ME)).toMatchObject({ zone: 'north', by: 'hand' });
  desk.stored(fix('probe', 22.4996));
  expect(desk.zoneOf('farm', 'g', 'probe')).toBe('north');
  expect(trail.at(-1)).toMatchObject({
    action: 'placement.set',
    subject: 'g/probe',
    after: { zone: 'north' },
  });
  desk.unplace(place('probe'), ME);
  expect(desk.zoneOf('farm', 'g', 'probe')).toBe('south');
  expect(() => desk.unplace(place('probe'), ME)).toThrow(/no placement of g\/probe by hand/);
  await desk.place(place('probe'), 'north', ME);
  await desk.stop();
  await zones.stop();
  expect((await open(folder, store)).desk.zoneOf('farm', 'g', 'probe')).toBe('north');
});

it('places no device that is not there, none where no zone is, and nothing in a zone that is gone', async () => {
  const { desk, zones, store } = await open();
  zones.add(north, ME);
  await store.write(batchOf([[key('soil/moisture', 'probe'), timeMs, 20]]));
  await expect(desk.place(place('ghost'), 'north', ME)).rejects.toThrow(/no device farm\/g\/ghost/);
  await expect(desk.place(place('probe'), 'east', ME)).rejects.toThrow(/no zone farm\/east/);
  await desk.place(place('probe'), 'north', ME);
  zones.remove('farm', 'north', 1, ME);
  expect(desk.zoneOf('farm', 'g', 'probe')).toBe('');
  expect(await desk.list()).toEqual([]);
});
