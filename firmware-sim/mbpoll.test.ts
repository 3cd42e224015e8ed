import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { eventually } from '../core/testing/eventually.ts';
import { describeWith } from '../core/testing/needs.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { createSimulator, type Simulator } from './service.ts';
import { smallConfig } from './testing.ts';

const run = promisify(execFile);

/** Asks as a technician would with Debian’s `mbpoll`, and answers the values that it prints. */
async function mbpoll(port: string, unit: number, what: string[], write: string[] = []): Promise<number[]> {
  const serial = ['-m', 'rtu', '-b', '9600', '-P', 'none', '-0', '-1', '-o', '2'];
  const { stdout } = await run('mbpoll', [...serial, '-a', String(unit), ...what, port, ...write]);
  if (write.length > 0) return stdout.includes('Written') ? write.map(Number) : [];
  return [...stdout.matchAll(/^\[\d+\]:\s+(\S+)/gm)].map((match) => Number(match[1]));
}

describeWith('mbpoll')('a foreign Modbus master', () => {
  let port: string;
  let simulator: Simulator;

  beforeAll(async () => {
    const dataFolder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
    const config = smallConfig();
    simulator = createSimulator(
      { ...config, buses: [{ ...config.buses[0]!, baud: 9600 }] },
      serviceContext({ dataFolder }),
    );
    await simulator.start(new AbortController().signal);
    port = simulator.portPath('bus-1');
    return async () => {
      await simulator.stop();
      rmSync(dataFolder, { recursive: true });
    };
  });

  it('reads every device of the farm', async () => {
    const input = (count: number) => ['-t', '3', '-r', '0', '-c', String(count)];
    expect(await mbpoll(port, 1, input(3))).toEqual([
      expect.closeTo(270, -1),
      expect.any(Number),
      expect.any(Number),
    ]);
    expect(await mbpoll(port, 2, input(3))).toEqual([
      expect.closeTo(240, -1),
      expect.any(Number),
      expect.any(Number),
    ]);
    expect(await mbpoll(port, 3, ['-t', '0', '-r', '0', '-c', '8'])).toEqual(new Array(8).fill(0));
    expect(await mbpoll(port, 3, ['-t', '1', '-r', '0', '-c', '8'])).toEqual(new Array(8).fill(0));
    expect(await mbpoll(port, 3, ['-t', '4', '-r', '0', '-c', '8'])).toEqual(new Array(8).fill(0));
    expect(await mbpoll(port, 4, ['-t', '4:float', '-B', '-r', '0', '-c', '1'])).toEqual([0]);
    expect(await mbpoll(port, 4, ['-t', '4', '-r', '4', '-c', '1'])).toEqual([expect.closeTo(300, -1)]);
    const [temperature, humidity, , , rain, radiation, pressure] = await mbpoll(port, 5, input(7));
    expect(temperature).toBeGreaterThan(150);
    expect(humidity).toBeLessThanOrEqual(1000);
    expect(rain).toBe(0);
    expect(radiation).toBeGreaterThan(50);
    expect(pressure).toBeGreaterThan(9_900);
  });

  it('opens a valve, sees the flow rise at the meter, and fall when it closes the valve', async () => {
    const flowM3PerH = async () => (await mbpoll(port, 4, ['-t', '4:float', '-B', '-r', '0', '-c', '1']))[0]!;
    await mbpoll(port, 3, ['-t', '0', '-r', '0'], ['1']);
    expect(await mbpoll(port, 3, ['-t', '0', '-r', '0', '-c', '2'])).toEqual([1, 0]);
    await eventually(async () => (await flowM3PerH()) > 1.8);
    expect(await mbpoll(port, 3, ['-t', '1', '-r', '0', '-c', '2'])).toEqual([1, 0]);
    await mbpoll(port, 3, ['-t', '0', '-r', '0'], ['0']);
    await eventually(async () => (await flowM3PerH()) === 0);
    const [litres] = await mbpoll(port, 4, ['-t', '4:int', '-B', '-r', '2', '-c', '1']);
    expect(litres).toBeGreaterThan(0);
  });

  it('hears nothing from a unit that is not there, and a refusal for a register that is not', async () => {
    await expect(mbpoll(port, 9, ['-t', '4', '-o', '0.1'])).rejects.toThrow(/timed out/i);
    await expect(mbpoll(port, 1, ['-t', '3', '-r', '3'])).rejects.toThrow(/Illegal data address/);
    await expect(mbpoll(port, 1, ['-t', '4', '-r', '0'])).rejects.toThrow(/Illegal function/);
  });
});
