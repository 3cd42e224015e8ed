import { expect, it } from 'vitest';
import { seriesKey } from '../../core/reading.ts';
import { batchOf, type Row } from '../stores/contract.suite.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { countUp } from './count-water.ts';
import { WaterDesk } from './water-desk.ts';

const MIN = 60_000;
const DAY = Date.UTC(2026, 5, 1);
const counter = (...values: number[]) => ({ timeMs: values.map((_, i) => i * MIN), value: values });
const MOST = 20 / MIN;

it('counts on over a reset, a replaced meter and a leap, and says that there was one', () => {
  expect(countUp(counter(10, 10.5, 11), 0, MOST)).toMatchObject({ total: 1, restarts: 0 });
  // Cleared: what it shows since is water. 0.4 in a minute is no more than it ran before.
  expect(countUp(counter(10, 10.5, 0.4, 0.9), 0, MOST)).toMatchObject({
    total: expect.closeTo(1.4),
    restarts: 1,
  });
  // Replaced by one that has counted elsewhere: its first figure is none of ours.
  expect(countUp(counter(1284, 1284.5, 812, 812.5), 0, MOST)).toMatchObject({ total: 1, restarts: 1 });
  expect(countUp(counter(100, 100.5, 5_000, 5_000.5), 0, MOST)).toMatchObject({ total: 1, restarts: 1 });
  // A misread figure and back again.
  expect(countUp(counter(100, 900_000, 100.5), 0, MOST)).toMatchObject({ total: 0, restarts: 2 });
  expect(countUp(counter(7), 0, MOST)).toMatchObject({ total: 0, restarts: 0 });
});

it('begins with what the counter showed before the time', () => {
  const points = { timeMs: [-90 * MIN, 5 * MIN, 6 * MIN], value: [50, 52, 53] };
  expect(countUp(points, 0, MOST).total).toBe(3);
});

const at = (path: string, tags: object) => {
  const [measurement = '', field = ''] = path.split('/');
  return seriesKey({ site: 'farm', gateway: 'g', ...tags, measurement, field, unit: '' });
};
const METER = at('irrigation/volume', { device: 'main' });
const V1 = at('irrigation/valve_state', { device: 'valves', point: 'v1', zone: 'north' });
const V2 = at('irrigation/valve_state', { device: 'valves', point: 'v2', zone: 'south' });

async function water(rows: Row[], sites?: string[]) {
  const store = new MemoryStore();
  await store.start();
  await store.write(batchOf(rows));
  return new WaterDesk(store).over(DAY, DAY + 1_440 * MIN, sites);
}

it('shares what a common meter counts by how long whose valves were open, and says that it is an estimate', async () => {
  const [farm] = await water([
    [METER, DAY - 60 * MIN, 100],
    [V1, DAY - 60 * MIN, 0],
    [V2, DAY - 60 * MIN, 0],
    // North for ten minutes, both for ten, nobody after that.
    [V1, DAY + 10 * MIN, 1],
    [V2, DAY + 20 * MIN, 1],
    [V1, DAY + 30 * MIN, 0],
    [V2, DAY + 30 * MIN, 0],
    ...Array.from({ length: 20 }, (_, i): Row => [METER, DAY + (11 + i) * MIN, 100 + (i + 1) / 10]),
    [METER, DAY + 600 * MIN, 102.5],
    [at('weather/rain', { device: 'w' }), DAY - MIN, 40],
    [at('weather/rain', { device: 'w' }), DAY + 300 * MIN, 52],
  ]);
  expect(farm).toMatchObject({ site: 'farm', restarts: 0, rainMm: 12 });
  expect(farm!.m3).toBeCloseTo(2.5);
  expect(farm!.unassignedM3).toBeCloseTo(0.5);
  const [north, south] = farm!.zones;
  expect([north?.zone, north?.how, south?.zone, south?.how]).toEqual([
    'north',
    'estimated',
    'south',
    'estimated',
  ]);
  expect(north!.m3).toBeGreaterThan(1.3);
  expect(south!.m3).toBeGreaterThan(0.4);
  expect(north!.m3 + south!.m3).toBeCloseTo(2);
});

it('gives a zone all that its own meter counts, also from before the meter was placed there', async () => {
  const own = at('irrigation/volume', { device: 'main', zone: 'north' });
  const [farm] = await water([
    [METER, DAY, 10],
    [METER, DAY + 10 * MIN, 10.5],
    [own, DAY + 20 * MIN, 11],
  ]);
  expect(farm).toMatchObject({ m3: 1, unassignedM3: 0, zones: [{ zone: 'north', m3: 1, how: 'metered' }] });
  expect(farm!.rainMm).toBeUndefined();
});

it('looks at no site that was not asked for', async () => {
  expect(await water([[METER, DAY, 1]], ['other'])).toEqual([]);
});

it('asks the store once for many who look at the same day, and again after a failure', async () => {
  let asked = 0;
  let isDown = true;
  const desk = new WaterDesk({
    query: async () => {
      asked++;
      if (isDown) throw new Error('away');
      return [];
    },
  });
  await expect(desk.over(DAY, DAY + MIN)).rejects.toThrow('away');
  isDown = false;
  asked = 0;
  await Promise.all(Array.from({ length: 20 }, (_, i) => desk.over(DAY, DAY + MIN + i)));
  const once = asked;
  await desk.over(DAY, DAY + MIN + 44_000);
  expect(asked).toBe(once);
  await desk.over(DAY, DAY + 2 * MIN);
  expect(asked).toBe(2 * once);
  await desk.over(DAY, DAY + 2 * MIN, ['other']);
  expect(asked).toBe(3 * once);
});

it('finds where a meter stood that speaks once a day, and lets no meter that was replaced overnight count', async () => {
  const slow = at('irrigation/volume', { device: 'slow', zone: 'north' });
  const swapped = at('irrigation/volume', { device: 'swapped', zone: 'south' });
  const [farm] = await water([
    [slow, DAY - 22 * 60 * MIN, 10],
    [slow, DAY + 2 * 60 * MIN, 14],
    [swapped, DAY - MIN, 100],
    [swapped, DAY + MIN, 900],
    [swapped, DAY + 2 * MIN, 901],
  ]);
  expect(farm).toMatchObject({
    m3: expect.closeTo(5),
    restarts: 1,
    zones: [
      { zone: 'north', m3: expect.closeTo(4) },
      { zone: 'south', m3: expect.closeTo(1) },
    ],
  });
});
