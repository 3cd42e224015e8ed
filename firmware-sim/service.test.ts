import {
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SerialPort } from 'serialport';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Clock } from '../core/clock.ts';
import { eventually } from '../core/testing/eventually.ts';
import { FakeClock } from '../core/testing/fake-clock.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { temporaryFolder } from '../core/testing/temporary-folder.ts';
import type { SimulatorConfig } from './config.ts';
import type { DeviceConfig } from './devices/devices.ts';
import { createSimulator, type Simulator } from './service.ts';
import { smallConfig } from './testing.ts';

const OPEN_FILES = '/proc/self/fd';
const signal = new AbortController().signal;
const programme = { cycleS: 60, openings: [{ valve: 1, atS: 5.05, forS: 20 }] };
const valves: DeviceConfig = {
  unit: 3,
  kind: 'valve-controller-8',
  valves: ['north'],
  maxRunS: 600,
  programme,
};

function simulator(
  overrides: Partial<SimulatorConfig> = {},
  { clock = new FakeClock() as Clock, dataFolder = temporaryFolder() } = {},
): Simulator {
  const made = createSimulator(smallConfig(overrides), serviceContext({ clock, dataFolder }));
  onTestFinished(() => made.stop());
  return made;
}

/** Terminals that this process holds, where the system tells. */
function openTerminals(): string[] {
  const files = existsSync(OPEN_FILES) ? readdirSync(OPEN_FILES) : [];
  const targets = files.map((file) => {
    try {
      return readlinkSync(join(OPEN_FILES, file));
    } catch {
      return 'the folder itself, closed by now';
    }
  });
  return targets.filter((target) => /pts|ptmx/.test(target));
}

describe('the simulator', () => {
  it('gives each bus a port under a name that stays, and takes it away again', async () => {
    const two = simulator({ buses: ['a', 'b'].map((id) => ({ id, devices: [] })) });
    expect(two.portPath('a')).toMatch(/\/sim\/a$/);
    expect(existsSync(two.portPath('a'))).toBe(false);
    await two.start(signal);
    const devices = ['a', 'b'].map((id) => readlinkSync(two.portPath(id)));
    expect(new Set(devices).size).toBe(2);
    for (const device of devices) expect(existsSync(device)).toBe(true);
    await two.stop();
    await two.stop();
    for (const device of devices) expect(existsSync(device)).toBe(false);
    expect(readdirSync(join(two.portPath('a'), '..'))).toEqual([]);
  });

  it('replaces the link of a process that was killed', async () => {
    const dataFolder = temporaryFolder();
    mkdirSync(join(dataFolder, 'sim'));
    symlinkSync('/dev/pts/no-longer-there', join(dataFolder, 'sim', 'bus-1'));
    const one = simulator({}, { dataFolder });
    await one.start(signal);
    expect(existsSync(one.portPath('bus-1'))).toBe(true);
  });

  it('keeps its ports while another on the same folder has to wait, and gives way when it stops', async () => {
    const dataFolder = temporaryFolder();
    const first = simulator({}, { dataFolder });
    const second = simulator({}, { dataFolder });
    await first.start(signal);
    const device = readlinkSync(first.portPath('bus-1'));
    await expect(second.start(signal)).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE', retryable: true });
    await second.stop();
    expect(readlinkSync(first.portPath('bus-1'))).toBe(device);
    await first.stop();
    await second.start(signal);
    expect(existsSync(second.portPath('bus-1'))).toBe(true);
  });

  it.runIf(existsSync(OPEN_FILES))('leaves no file open and no timer behind', async () => {
    const clock = new FakeClock();
    const openFiles = () => readdirSync(OPEN_FILES).length;
    const one = simulator({}, { clock });
    // The first terminal of a process makes the runtime open something of its own, once.
    await one.start(signal);
    await one.stop();
    const before = openFiles();
    for (let round = 0; round < 5; round++) {
      await one.start(signal);
      expect(openFiles()).toBeGreaterThan(before);
      await one.stop();
    }
    expect(openFiles()).toBe(before);
    expect(clock.pendingTimers).toBe(0);
  });

  it('reports a data folder that it cannot use, leaves nothing open, and starts once it can', async () => {
    const dataFolder = temporaryFolder();
    const blocked = join(dataFolder, 'sim');
    writeFileSync(blocked, 'a file where a folder must be');
    const clock = new FakeClock();
    const one = simulator({}, { dataFolder, clock });
    await expect(one.start(signal)).rejects.toMatchObject({ code: 'DATA_FOLDER_UNUSABLE', retryable: true });
    expect(clock.pendingTimers).toBe(0);
    expect(openTerminals()).toEqual([]);
    rmSync(blocked);
    await one.start(signal);
    expect(existsSync(one.portPath('bus-1'))).toBe(true);
  });

  it('lives by its clock: the controller’s own programme opens a valve, water flows, and it closes', async () => {
    const clock = new FakeClock();
    const one = simulator({ buses: [{ id: 'bus-1', devices: [valves] }] }, { clock });
    await one.start(signal);
    const { main } = one.farm;
    await clock.advance(4_000);
    expect(main.flowLPerMin).toBe(0);
    await clock.advance(10_000);
    expect(main.flowLPerMin).toBeGreaterThan(30);
    await clock.advance(20_000);
    expect(main.flowLPerMin).toBe(0);
    expect(main.volumeL).toBeGreaterThan(8);
    await clock.advance(40_000);
    expect(main.flowLPerMin).toBeGreaterThan(30);
  });

  it('lets sun and soil run faster than valves', async () => {
    const clock = new FakeClock();
    const one = simulator({ speed: 120 }, { clock });
    await one.start(signal);
    await clock.advance(10_000);
    const hoursGone = (one.farm.timeMs - Date.parse('2026-06-01T00:00:00Z')) / 3_600_000;
    expect(hoursGone).toBeCloseTo((10 * 120) / 3600, 1);
  });

  it('goes through the same life twice, however unevenly its timers run', async () => {
    const lives = [100, 730].map(async (stepMs) => {
      const clock = new FakeClock();
      const one = simulator({ buses: [{ id: 'bus-1', devices: [valves] }] }, { clock });
      await one.start(signal);
      for (let atMs = 0; atMs < 73_000; atMs += stepMs) await clock.advance(stepMs);
      return [one.farm.main, one.farm.weather, one.farm.zone('north').soil.moisturePct];
    });
    const [even, uneven] = await Promise.all(lives);
    expect(uneven).toEqual(even);
  });

  it('pulls a line out and plugs it in: its port goes and is there again, and its devices live on', async () => {
    const clock = new FakeClock();
    const one = simulator({}, { clock });
    await one.start(signal);
    const device = readlinkSync(one.portPath('bus-1'));
    await one.setPlugged('bus-1', false);
    expect(existsSync(device)).toBe(false);
    expect(existsSync(one.portPath('bus-1'))).toBe(false);
    await clock.advance(10_000);
    await Promise.all([one.setPlugged('bus-1', true), one.setPlugged('bus-1', true)]);
    expect(existsSync(one.portPath('bus-1'))).toBe(true);
    expect(openTerminals().length).toBeGreaterThan(0);
    await Promise.all([one.setPlugged('bus-1', false), one.setPlugged('bus-1', true)]);
    expect(existsSync(one.portPath('bus-1'))).toBe(true);
    await one.stop();
    await expect(one.setPlugged('bus-1', true)).rejects.toThrow('not up');
    expect(openTerminals()).toEqual([]);
  });

  it('keeps a journal of every movement, at the tick’s own time however late it is lived through', async () => {
    const clock = new FakeClock();
    const one = simulator({ buses: [{ id: 'bus-1', devices: [valves] }] }, { clock });
    await one.start(signal);
    await clock.advance(40_000);
    const told = one.journal.after().map((entry) => [entry.event, Math.round(entry.monotonicMs / 100) / 10]);
    expect(told).toEqual([
      ['told-open', 5.1],
      ['opened', 5.1],
      ['told-closed', 25.1],
      ['closed', 29],
    ]);
    const [first] = one.journal.after();
    expect(first).toMatchObject({
      number: 1,
      zone: 'north',
      utcMs: Date.UTC(2026, 5, 1) + first!.monotonicMs,
    });
    expect(one.journal.after(3).map(({ event }) => event)).toEqual(['closed']);
  });
});

it('has a GSM modem where it is set, at a port of its own', async () => {
  const dataFolder = temporaryFolder();
  const made = simulator({ modem: { id: 'modem', pin: '1234' } }, { dataFolder });
  await made.start(signal);
  const port = new SerialPort({ path: join(dataFolder, 'sim', 'modem'), baudRate: 115_200 });
  onTestFinished(() => void port.close(() => {}));
  let heard = '';
  port.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')));
  port.write('AT+CPIN?\r');
  await eventually(() => heard.includes('+CPIN: SIM PIN'));
});
