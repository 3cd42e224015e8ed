import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { getJson } from '../../core/testing/get-json.ts';
import { demoSettings, type LastReply, lastReading, type QueryReply, startFarm, startWith } from './farm.ts';

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket
      .once('error', () => resolve(false))
      .once('connect', () => {
        socket.destroy();
        resolve(true);
      });
  });
}

/** Processes whose parent is `pid`, where the system tells. */
function childrenOf(pid: number): number[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(pid);
      } catch {
        return false;
      }
    })
    .map(Number);
}

test('a new user sees a live farm at one address, stops it, and finds the history again', async () => {
  const { settings, folder, mqttPort } = await demoSettings();
  const farm = await startWith(settings, folder, mqttPort);
  expect(farm.process.output.match(/http:\/\/[^\s]+/g)).toHaveLength(1);

  const page = await fetch(`${farm.url}/`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<html');

  const shown = ['soil/moisture', 'soil/temperature', 'irrigation/valve_state', 'irrigation/flow'];
  for (const quantity of shown) {
    const [measurement, field] = quantity.split('/');
    const reading = await lastReading(farm, `measurement=${measurement}&field=${field}`);
    expect(reading).toMatchObject({ quality: 'good', stale: false });
    await lastReading(
      farm,
      `measurement=${measurement}&field=${field}`,
      (later) => later.timeMs > reading.timeMs,
    );
  }
  const { readings } = await getJson<LastReply>(`${farm.url}/api/v1/last`);
  expect(new Set(readings.map((reading) => reading.tags.device)).size).toBeGreaterThanOrEqual(3);
  const health = await getJson<{ status: string }>(`${farm.url}/api/health`);
  expect(health.status).toBe('up');

  const pid = farm.process.child.pid!;
  const stoppedMs = performance.now();
  // npm hands on the signal that the terminal has already sent to the whole group. Two of one kind could merge here.
  farm.process.child.kill('SIGTERM');
  expect(await farm.process.signal('SIGINT')).toBe(0);
  expect(performance.now() - stoppedMs).toBeLessThan(10_000);
  for (const port of [mqttPort, settings.broker.listeners[1].port, settings.ingest.http.port]) {
    expect(await isListening(port)).toBe(false);
  }
  expect(childrenOf(pid)).toEqual([]);
  expect(readdirSync(join(farm.dataFolder, 'sim'))).toEqual([]);

  const again = await startWith(settings, folder, mqttPort);
  const before = readings.find((reading) => reading.field === 'moisture')!;
  const query = `measurement=soil&field=moisture&device=${before.tags.device}&from=${before.timeMs}&to=${before.timeMs + 1}`;
  const history = await getJson<QueryReply>(`${again.url}/api/v1/query?${query}`);
  expect(history.series).toEqual([
    expect.objectContaining({ timeMs: [before.timeMs], value: [before.value] }),
  ]);
});

test('water flows while a valve is open, and the soil of its zone gets wetter', async () => {
  const farm = await startFarm();
  const isOpen = (value: number | string) => value === 1;
  const open = await lastReading(
    farm,
    'measurement=irrigation&field=valve_state',
    ({ value }) => isOpen(value),
    60_000,
  );
  const zone = open.tags.zone!;
  const moisture = () => lastReading(farm, `measurement=soil&field=moisture&zone=${zone}`);
  const before = await moisture();
  await lastReading(farm, 'measurement=irrigation&field=flow', ({ value }) => Number(value) > 1);
  await eventually(async () => Number((await moisture()).value) > Number(before.value), { withinMs: 60_000 });
});

test('killed with -9, it starts again on the same folder with all that it had shown', async () => {
  const { settings, folder, mqttPort } = await demoSettings();
  const farm = await startWith(settings, folder, mqttPort);
  const seen = await lastReading(farm, 'measurement=soil&field=temperature');
  await farm.process.signal('SIGKILL');
  const again = await startWith(settings, folder, mqttPort);
  const query = `measurement=soil&field=temperature&device=${seen.tags.device}&from=${seen.timeMs}&to=${seen.timeMs + 1}`;
  const history = await getJson<QueryReply>(`${again.url}/api/v1/query?${query}`);
  expect(history.series[0]?.value).toEqual([seen.value]);
  const fresh = await lastReading(
    again,
    'measurement=soil&field=temperature',
    ({ timeMs }) => timeMs > seen.timeMs,
  );
  expect(fresh.quality).toBe('good');
});
