import { existsSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../core/testing/fake-clock.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { temporaryFolder } from '../core/testing/temporary-folder.ts';
import type { SimulatorConfig } from './config.ts';
import { ControlClient } from './control-client.ts';
import { createSimulator } from './service.ts';
import { smallConfig } from './testing.ts';

const signal = new AbortController().signal;

async function doorOf({
  dataFolder = temporaryFolder(),
  control = true,
  links = [] as SimulatorConfig['links'],
} = {}) {
  const clock = new FakeClock();
  const simulator = createSimulator(smallConfig({ control, links }), serviceContext({ clock, dataFolder }));
  onTestFinished(() => simulator.stop());
  await simulator.start(signal);
  return { simulator, clock, client: new ControlClient(simulator.controlPath) };
}

// biome-ignore lint/suspicious/noExplicitAny: the state is a plain document
type State = any;

describe('the control door', () => {
  it('is closed unless it is asked for, and open to this user only', async () => {
    const shut = await doorOf({ control: false });
    expect(existsSync(shut.simulator.controlPath)).toBe(false);
    const { simulator } = await doorOf();
    expect(statSync(simulator.controlPath).mode & 0o077).toBe(0);
    await simulator.stop();
    expect(existsSync(simulator.controlPath)).toBe(false);
  });

  it('tells true positions and flows, since when a valve is open, and every movement', async () => {
    const { clock, client, simulator } = await doorOf();
    await client.put('/buses/bus-1/units/3/coil', { address: 0, on: true });
    await clock.advance(10_000);
    const state = await client.get<State>('/');
    expect(state.now).toEqual({ monotonicMs: 10_000, utcMs: Date.UTC(2026, 5, 1) + 10_000 });
    const [north, south] = state.zones;
    expect(north).toMatchObject({ id: 'north', isToldOpen: true, openingRatio: 1 });
    expect(north.openSince.monotonicMs).toBeCloseTo(100, 6);
    expect(north.flowLPerMin).toBe(simulator.farm.zone('north').flowLPerMin);
    expect(south).toMatchObject({ openingRatio: 0, openSince: null, flowLPerMin: 0 });
    expect(state.lines[0].flowLPerMin).toBe(north.flowLPerMin);
    await client.put('/buses/bus-1/units/3/coil', { address: 0, on: false });
    await clock.advance(10_000);
    const journal = await client.get<State>('/journal?after=1');
    expect(journal.map(({ number, event }: State) => [number, event])).toEqual([
      [2, 'opened'],
      [3, 'told-closed'],
      [4, 'closed'],
    ]);
    const registers = await client.get<State>('/buses/bus-1/units/3');
    expect(registers.coils[0]).toBe(false);
  });

  it('cuts and changes links, and tells what they did', async () => {
    const to = { address: '127.0.0.1', port: 9 };
    const links = [
      { id: 'gz-sh', listen: { address: '127.0.0.1', port: 0 }, to },
    ] as SimulatorConfig['links'];
    const { client } = await doorOf({ links });
    await client.put('/links/gz-sh', { isDown: true, back: { delayMs: 14, loss: { share: 0.3 } } });
    const [link] = await client.get<State>('/links');
    expect(link).toMatchObject({
      id: 'gz-sh',
      isDown: true,
      there: { arrived: 0, impairment: { delayMs: 0 } },
    });
    expect(link.back.impairment).toMatchObject({ delayMs: 14, loss: { share: 0.3 }, duplicateShare: 0 });
    expect(await client.get<State>('/links/gz-sh')).toEqual(link);
    expect((await client.get<State>('/journal')).at(-1)).toMatchObject({ link: 'gz-sh', event: 'changed' });
    await expect(client.put('/links/gz-fra', { isDown: true })).rejects.toThrow(/404/);
    await expect(client.put('/links/gz-sh', { isDwon: true })).rejects.toThrow(/isDwon/);
  });

  it('breaks and mends pipes, devices and lines', async () => {
    const { clock, client, simulator } = await doorOf();
    await client.put('/faults/hole', { kind: 'leak', flowLPerMin: 7 });
    await client.put('/faults/jam', { kind: 'stuck', zone: 'south', at: 'open' });
    await clock.advance(10_000);
    expect(simulator.farm.main.flowLPerMin).toBeGreaterThan(30);
    expect(Object.keys(await client.get<State>('/faults'))).toEqual(['hole', 'jam']);
    await client.delete('/faults/jam');
    await client.delete('/faults');
    await clock.advance(10_000);
    expect(simulator.farm.main.flowLPerMin).toBe(0);
    await client.put('/buses/bus-1/units/2/faults', [{ kind: 'dead' }]);
    expect((await client.get<State>('/')).buses[0].units[1].faults).toEqual([{ kind: 'dead' }]);
    await client.put('/buses/bus-1', { plugged: false });
    expect(existsSync(simulator.portPath('bus-1'))).toBe(false);
    expect((await client.get<State>('/')).buses[0].plugged).toBe(false);
    await client.put('/buses/bus-1', { plugged: true });
    expect(existsSync(readlinkSync(simulator.portPath('bus-1')))).toBe(true);
    await client.put('/buses/bus-1/units/3/registers', { address: 0, values: [20] });
    expect((await client.get<State>('/buses/bus-1/units/3')).holding[0]).toBe(20);
    expect((await client.get<State>('/journal')).map(({ event }: State) => event)).toContain('unplugged');
  });

  it('refuses what is not there or does not fit, in words, and goes on', async () => {
    const { client } = await doorOf();
    await expect(client.get('/moon')).rejects.toThrow(/404.*no GET \/moon/);
    await expect(client.put('/buses/moon', { plugged: true })).rejects.toThrow(/404.*no bus moon/);
    await expect(client.put('/buses/bus-1', { plugged: 'yes' })).rejects.toThrow(/400.*true or false/);
    await expect(client.put('/faults/a', { kind: 'meteor' })).rejects.toThrow(/400.*known kind/);
    await expect(client.put('/faults/a', { kind: 'dry', line: 'x' })).rejects.toThrow(/400.*no line/);
    await expect(client.put('/buses/bus-1/units/1/coil', { address: 0, on: true })).rejects.toThrow(/400/);
    await expect(client.put('/buses/bus-1/units/77/faults', [])).rejects.toThrow(/404.*no unit 77/);
    await expect(client.put('/faults/a', 'x'.repeat(70_000))).rejects.toThrow();
    expect(await client.get('/faults')).toEqual({});
  });

  it('replaces the socket of a process that was killed', async () => {
    const dataFolder = temporaryFolder();
    await mkdir(join(dataFolder, 'sim'));
    writeFileSync(join(dataFolder, 'sim', 'control.sock'), 'left behind');
    const { client } = await doorOf({ dataFolder });
    expect(await client.get('/journal')).toEqual([]);
  });
});
