import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { demoSettings, lastReading } from './farm.ts';
import { RunningProcess } from './process.ts';

const PROGRAMS = {
  simulator: 'firmware-sim/main.ts',
  broker: 'broker/main.ts',
  ingest: 'ingest/main.ts',
  gateway: 'gateway/main.ts',
} as const;

test('each service runs in a process of its own, started in any order, and stops by itself', async () => {
  const { settings, folder } = await demoSettings();
  const processes = Object.entries(PROGRAMS)
    .reverse()
    .map(([service, script]) => {
      const file = join(folder, `${service}.yaml`);
      writeFileSync(file, JSON.stringify(settings[service]));
      return new RunningProcess(script, ['--config', file, '--data', join(folder, 'data')]);
    });
  const url = `http://127.0.0.1:${settings.ingest.http.port}`;
  await lastReading({ url }, 'measurement=soil&field=moisture', undefined, 40_000);
  const exits = await Promise.all(processes.map((process) => process.signal('SIGTERM')));
  expect(exits).toEqual([0, 0, 0, 0]);
});

test.each(Object.values(PROGRAMS))('%s accepts its sample and says so', async (script) => {
  const sample = join(script, '../sample.yaml');
  const process = new RunningProcess(script, ['--config', sample, '--check']);
  expect(await process.exited()).toBe(0);
  expect(process.output).toContain(`${sample}: valid`);
});
