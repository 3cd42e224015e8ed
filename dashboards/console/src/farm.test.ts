import { describe, expect, it } from 'vitest';
import { QUANTITIES } from '../../../core/quantities.ts';
import type { Gateway, LastReading } from './api.ts';
import { arrangeFarm } from './farm.ts';

const NOW = Date.UTC(2026, 5, 1);
const MINUTE_MS = 60_000;

function reading(path: string, change: Partial<LastReading> = {}): LastReading {
  const [measurement = '', field = ''] = path.split('/');
  const tags = { site: 'farm', gateway: 'gw', device: 'd1', ...change.tags };
  const good = {
    unit: '',
    timeMs: NOW - 1_000,
    value: 1,
    quality: 'good',
    clock: 'synced',
    stale: false,
  } as const;
  return { ...good, ...change, measurement, field, tags };
}

const presence = { online: true, sinceMs: NOW - MINUTE_MS, lastSeenMs: NOW };
const gateway: Gateway = {
  site: 'farm',
  gateway: 'gw',
  ...presence,
  devices: [{ device: 'd1', ...presence }],
  received: 1,
  stored: 1,
  rejected: 0,
};

const arrange = (readings: LastReading[], gateways = [gateway]) =>
  arrangeFarm(readings, gateways, QUANTITIES, NOW);
const conditionOf = (one: LastReading, gateways = [gateway], more: LastReading[] = []) => {
  const farm = arrange([one, ...more], gateways);
  return [...farm.zones, ...farm.devices].flatMap(({ gauges, states }) => [...gauges, ...states])[0]
    ?.condition;
};

describe('arrangeFarm', () => {
  it('puts what has a zone under it, other devices by themselves, weather apart, and hides nothing', () => {
    const farm = arrange([
      reading('soil/temperature', { tags: { zone: 'z10' } }),
      reading('soil/moisture', { tags: { zone: 'z10' } }),
      reading('irrigation/valve_state', { tags: { zone: 'z2', device: 'valves', point: 'v1' } }),
      reading('irrigation/flow', { tags: { device: 'flow' } }),
      reading('weather/humidity', { tags: { device: 'mast' } }),
      reading('acme/spin'),
      reading('soil/ph', { value: 'ERR' }),
      reading('gateway/cpu'),
    ]);
    expect(farm.zones.map(({ name }) => name)).toEqual(['z2', 'z10']);
    expect(farm.zones[1]!.gauges.map(({ reading: { field } }) => field)).toEqual(['moisture', 'temperature']);
    expect(farm.zones[0]!.states).toHaveLength(1);
    expect(farm.devices.map(({ name }) => name)).toEqual(['flow']);
    expect(farm.weather).toHaveLength(1);
    expect(farm.others.map(({ reading: { field } }) => field).sort()).toEqual(['ph', 'spin']);
    expect(farm.gateways.get('farm/gw')?.metrics.map(({ reading: { field } }) => field)).toEqual(['cpu']);
    expect(farm.valves).toHaveLength(1);
    expect(farm.problems).toEqual([]);
  });

  it('lets only fresh values of devices that are there look current', () => {
    expect(conditionOf(reading('soil/moisture'))).toBe('good');
    expect(conditionOf(reading('soil/moisture', { quality: 'uncertain' }))).toBe('uncertain');
    expect(conditionOf(reading('soil/moisture', { quality: 'bad' }))).toBe('bad');
    expect(conditionOf(reading('soil/moisture', { timeMs: NOW - 11 * MINUTE_MS }))).toBe('good');
    expect(conditionOf(reading('soil/moisture', { timeMs: NOW - 26 * MINUTE_MS }))).toBe('old');
    expect(conditionOf(reading('soil/moisture', { stale: true, quality: 'bad' }))).toBe('offline');
  });

  it('takes an old state for current while its gateway is watched, and not when nobody watches it', () => {
    const valve = reading('irrigation/valve_state', { timeMs: NOW - 60 * MINUTE_MS });
    expect(conditionOf(valve)).toBe('good');
    expect(conditionOf(valve, [])).toBe('old');
  });

  it('takes a value of a node that speaks once an hour for current, until the node has spoken without it', () => {
    const moisture = reading('soil/moisture', { timeMs: NOW - 55 * MINUTE_MS });
    const heard = (lastSeenMs: number) => [
      { ...gateway, devices: [{ device: 'd1', ...presence, lastSeenMs }] },
    ];
    expect(conditionOf(moisture, heard(moisture.timeMs))).toBe('good');
    expect(conditionOf(moisture, heard(NOW))).toBe('old');
  });

  it('shows a lease with the valve that it keeps open, and of no other', () => {
    const valve = { device: 'valves', zone: 'north', point: 'v1' };
    const other = { ...valve, point: 'v2' };
    const lease = reading('irrigation/lease_remaining', { value: 300, timeMs: NOW - 4_000, tags: valve });
    const open = reading('irrigation/valve_state', { tags: valve });
    const zoneOf = (...all: LastReading[]) => arrange(all).zones[0]!;
    const both = zoneOf(open, lease, reading('irrigation/valve_state', { tags: other }));
    expect(both.states.map(({ closesAtMs }) => closesAtMs)).toEqual([NOW + 296_000, undefined]);
    expect(both.gauges).toEqual([]);
    expect(zoneOf({ ...open, value: 0 }, lease).states[0]!.closesAtMs).toBeUndefined();
    expect(zoneOf(open, { ...lease, value: 0 }).states[0]!.closesAtMs).toBeUndefined();
    expect(zoneOf(open, { ...lease, stale: true }).states[0]!.closesAtMs).toBeUndefined();
    expect(zoneOf(lease).gauges).toHaveLength(1);
  });

  it('puts what gateways tell of themselves under them, and a lock that holds before everything else', () => {
    const own = { device: '' };
    const lock = reading('irrigation/interlock', { tags: { ...own, point: 'main' } });
    const readings = [
      lock,
      reading('gnss/latitude', { tags: own }),
      reading('gnss/latitude', { tags: { device: 'tractor' } }),
      reading('radio/signal', { tags: { zone: 'north' } }),
    ];
    const farm = arrange(readings);
    expect(farm.gateways.get('farm/gw')?.locks).toHaveLength(1);
    expect(farm.gateways.get('farm/gw')?.metrics.map(({ reading: { field } }) => field)).toEqual([
      'latitude',
      'signal',
    ]);
    expect([...farm.zones, ...farm.devices].map(({ name }) => name)).toEqual(['tractor']);
    expect(farm.problems).toEqual([{ kind: 'locked', name: 'main' }]);
    expect(arrange([{ ...lock, value: 0 }]).problems).toEqual([]);
    const unwatched = arrange(readings, []);
    expect([...unwatched.gateways, ...unwatched.others.map(({ reading: { field } }) => field)]).toEqual([
      'signal',
    ]);
  });

  it('leaves out what is for programs to read', () => {
    const evidence = reading('link/evidence', { value: 'AAEC', tags: { link: 'a_b' } });
    const farm = arrange([evidence, reading('acme/note', { value: 'oiled' })]);
    expect(farm.others.map(({ reading: { field } }) => field)).toEqual(['note']);
  });

  it('names each cause once: a dead gateway and not its devices', () => {
    const dead = { ...presence, online: false };
    const behind = { ...gateway, devices: [{ device: 'd1', ...dead }] };
    expect(arrange([], [{ ...behind, ...dead }]).problems).toEqual([
      { kind: 'offline', name: 'gw', sinceMs: presence.sinceMs },
    ]);
    expect(arrange([], [behind]).problems).toMatchObject([{ kind: 'offline', name: 'd1' }]);
    const bad = reading('soil/moisture', { quality: 'bad', tags: { zone: 'north' } });
    expect(arrange([bad]).problems).toMatchObject([{ kind: 'bad', name: 'north' }]);
  });

  it('shows a clock that runs ahead as just now, not as the future', () => {
    expect(arrange([reading('acme/spin', { timeMs: NOW + 5_000 })]).others[0]!.ageMs).toBe(0);
  });

  it('knows nothing of a valve whose lease is over without a word of it', () => {
    const v1 = { device: 'valves', point: 'v1', zone: 'z' };
    const state = (leftS: number, ageMs: number) => {
      const timeMs = NOW - ageMs;
      const lease = reading('irrigation/lease_remaining', { tags: v1, value: leftS, timeMs });
      return conditionOf(reading('irrigation/valve_state', { tags: v1, timeMs }), [gateway], [lease]);
    };
    expect(state(60, 65_000)).toBe('good');
    expect(state(60, 71_000)).toBe('doubted');
    // The gateway says itself that the lease is over and the valve still open.
    expect(state(0, 71_000)).toBe('good');
  });

  it('takes a state for what it was where somebody knows that it may not hold any more', () => {
    const v1 = reading('irrigation/valve_state', { tags: { device: 'valves', point: 'v1' } });
    const farm = arrangeFarm([v1], [gateway], QUANTITIES, NOW, () => true);
    expect(farm.devices[0]!.states[0]!.condition).toBe('doubted');
    expect(farm.valves[0]!.condition).toBe('doubted');
    expect(farm.problems).toEqual([]);
  });
});
