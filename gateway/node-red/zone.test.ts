import { expect, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { JsonDoor } from './testing/json-door.ts';
import { type FlowNode, Runtime } from './testing/runtime.ts';

const runtime = Runtime.forThisFile();
const MINUTE_MS = 60_000;

async function zoneNode(config: Record<string, unknown> = {}): Promise<JsonDoor> {
  const door = await JsonDoor.start();
  const broker = { id: 'broker', type: 'sluice-broker', url: door.url, site: door.site };
  const zone: FlowNode = {
    id: 'zone',
    type: 'sluice-zone',
    broker: 'broker',
    zone: 'north',
    quantity: 'soil/moisture',
    maxAgeMin: '15',
    emit: 'report',
    ...config,
  };
  await runtime.deploy([broker, zone]);
  await runtime.shows('zone', 'connected');
  return door;
}

const valve = { measurement: 'irrigation', field: 'valve_state', point: 'v1', unit: '', device: 'valves' };

test('the state of the zone goes out with each report, and stands under the node', async () => {
  const door = await zoneNode();
  await door.saysZone(door.reading(), door.reading({ ...valve, value: 0 }));
  await runtime.shows('zone', 'north: 24.1 %, valve closed');
  expect(runtime.status('zone').fill).toBe('green');
  expect(runtime.sent('zone')).toEqual([
    expect.objectContaining({ topic: 'north', payload: 24.1, unit: '%', isStale: false }),
  ]);
});

test('an open valve shows how long its lease still lasts, as the gateway told it', async () => {
  const door = await zoneNode();
  await door.saysZone(door.reading(), door.reading({ ...valve, value: 1 }));
  await runtime.shows('zone', 'north: 24.1 %, valve open');
  await door.says('event', {
    id: 'e1',
    kind: 'command',
    outcome: 'applied',
    gateway: 'pump-house',
    device: 'valves',
    metric: 'irrigation/valve_state/v1',
    leaseEndsMs: Date.now() + 12 * MINUTE_MS,
  });
  await runtime.shows('zone', 'north: 24.1 %, valve open 12 min left');
  runtime.give('zone', { settings: 'kept' });
  const asked = await eventually(() => runtime.sent('zone')[1]);
  expect(asked).toMatchObject({ settings: 'kept', zone: { valves: [{ isOpen: true, point: 'v1' }] } });
});

test('a stale value is never sent as one: null, with its age and the reason', async () => {
  const door = await zoneNode();
  await door.saysZone(door.reading({ timeMs: Date.now() - 16 * MINUTE_MS }));
  await runtime.shows('zone', 'north: stale, 16 min old');
  expect(runtime.sent('zone')[0]).toMatchObject({ payload: null, isStale: true, why: 'stale', ageS: 960 });
});

test('a value that grows too old is told without anybody asking', async () => {
  const door = await zoneNode({ maxAgeMin: '0.02' });
  await door.saysZone(door.reading());
  const [fresh, stale] = await eventually(() => {
    const sent = runtime.sent('zone');
    return sent.length === 2 && sent;
  });
  expect([fresh!.payload, stale!.payload]).toEqual([24.1, null]);
});

test('a bad sensor does not count; with no other there is no value', async () => {
  const door = await zoneNode();
  const bad = door.reading({ quality: 'bad', value: 0 });
  await door.saysZone(bad, door.reading({ device: 'soil-2', value: 20 }), door.reading({ value: 30 }));
  await eventually(() => runtime.sent('zone')[0]?.payload === 25);
  await door.saysZone(bad);
  expect(await eventually(() => runtime.sent('zone')[1])).toMatchObject({ payload: null, why: 'bad' });
});

test('only when asked, it is silent until then; a zone that nobody told of has no value', async () => {
  const door = await zoneNode({ emit: 'asked' });
  runtime.give('zone', {});
  expect(await eventually(() => runtime.sent('zone')[0])).toMatchObject({ payload: null, why: 'missing' });
  await door.saysZone(door.reading());
  await runtime.shows('zone', 'north: 24.1 %');
  expect(runtime.sent('zone')).toHaveLength(1);
});

test('a text that is no JSON is left out, said once, and the next is taken', async () => {
  const door = await zoneNode();
  await door.says('zones/north', '{"zone":');
  await door.says('zones/north', 'null');
  await door.saysZone(door.reading());
  await runtime.shows('zone', 'north: 24.1 %');
  expect(runtime.complaints).toEqual([expect.stringContaining('sluice/farm/zones/north cannot be read')]);
});

test('the state of the connection is shown, and the zone comes back with it', async () => {
  const door = await zoneNode();
  await door.saysZone(door.reading());
  await runtime.shows('zone', 'north: 24.1 %');
  await door.stop();
  await runtime.shows('zone', /^disconnected/);
  await door.open();
  await runtime.shows('zone', 'north: 24.1 %');
});

test('a subscription that the broker refuses is shown, with what the user lacks', async () => {
  const door = await JsonDoor.start();
  door.maySubscribe = (topic) => topic !== 'sluice/farm/zones/north';
  const broker = { id: 'broker', type: 'sluice-broker', url: door.url, site: door.site };
  await runtime.deploy([broker, { id: 'zone', type: 'sluice-zone', broker: 'broker', zone: 'north' }]);
  await runtime.shows('zone', 'not allowed');
  expect(runtime.complaints.join()).toContain('it needs the role automation with this site');
});
