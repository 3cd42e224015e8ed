import { expect, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { JsonDoor } from './testing/json-door.ts';
import { type FlowNode, Runtime } from './testing/runtime.ts';

const runtime = Runtime.forThisFile();
const MINUTE_MS = 60_000;

const DEFAULTS = {
  gateway: '',
  device: '',
  zone: '',
  quantity: '',
  quality: 'good',
  maxAgeMin: '15',
  silentMin: '0',
};

async function readingsNode(config: Record<string, unknown> = {}): Promise<JsonDoor> {
  const door = await JsonDoor.start();
  const broker = { id: 'broker', type: 'sluice-broker', url: door.url, site: door.site };
  const node: FlowNode = { id: 'in', type: 'sluice-readings', broker: 'broker', ...DEFAULTS, ...config };
  await runtime.deploy([broker, node]);
  await runtime.shows('in', 'connected');
  return door;
}

/** The topics that came out once `last` had; readings keep their order. */
async function topicsUpTo(last: string): Promise<unknown[]> {
  await eventually(() => runtime.sent('in').some(({ topic }) => topic === last));
  return runtime.sent('in').map(({ topic }) => topic);
}

test('a reading is a message, with all that it belongs to', async () => {
  const door = await readingsNode();
  await door.saysReading('soil-north', { point: 'p1' });
  const message = await eventually(() => runtime.sent('in')[0]);
  expect(message).toMatchObject({
    topic: 'north/soil/moisture/p1',
    payload: 24.1,
    unit: '%',
    quality: 'good',
    site: 'farm',
    gateway: 'pump-house',
    device: 'soil-north',
    zone: 'north',
  });
  expect(message.ageS).toBeLessThan(5);
  await runtime.shows('in', 'north/soil/moisture/p1: 24.1 %');
});

test.each([
  [{ device: 'soil-north' }, ['north/soil/moisture', 'north/soil/ec', 'north/soil/temperature']],
  [{ gateway: 'orchard' }, ['orchard/soil/moisture']],
  [{ zone: 'south' }, ['south/soil/temperature']],
  [
    { quantity: 'soil/ec, soil/temperature' },
    ['north/soil/ec', 'north/soil/temperature', 'south/soil/temperature'],
  ],
  [{ quantity: 'weather' }, ['weather/weather/rain']],
])('with %o it takes %j', async (config, topics) => {
  const door = await readingsNode(config);
  await door.saysReading('soil-north');
  await door.saysReading('soil-north', { field: 'ec' });
  await door.saysReading('soil-north', { field: 'temperature' });
  await door.saysReading('soil-south', { field: 'temperature', zone: 'south' });
  await door.saysReading('weather', { measurement: 'weather', field: 'rain', zone: '' });
  const readings = [door.reading({ zone: 'orchard' })];
  await door.says('readings/orchard/soil', { timeMs: Date.now(), readings });
  expect(await topicsUpTo(topics.at(-1)!)).toEqual(topics);
});

test('what is too bad or too old comes out beside, and says why', async () => {
  const door = await readingsNode({ quality: 'uncertain' });
  await door.saysReading('a', { quality: 'bad', zone: '' });
  await door.saysReading('b', { quality: 'uncertain', zone: '' });
  await door.saysReading('c', { timeMs: Date.now() - 16 * MINUTE_MS, zone: '' });
  await eventually(() => runtime.sent('in', 1).length === 2);
  expect(runtime.sent('in').map(({ device }) => device)).toEqual(['b']);
  expect(runtime.sent('in', 1)).toEqual([
    expect.objectContaining({ device: 'a', why: 'quality' }),
    expect.objectContaining({ device: 'c', why: 'stale', ageS: 960 }),
  ]);
});

test('silence is told once, and again after something came', async () => {
  const door = await readingsNode({ silentMin: '0.005' });
  await eventually(() => runtime.sent('in', 1).length > 0);
  await runtime.shows('in', 'nothing for 0 min');
  expect(runtime.sent('in', 1)).toEqual([expect.objectContaining({ payload: null, why: 'silent' })]);
  await door.saysReading('soil-north');
  await eventually(() => runtime.sent('in', 1).length === 2);
});
