import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { spawnTethered } from './spawn-tethered.ts';

/** Starts a program that goes on for long, tells its group, and waits to be killed. */
const STARTER = `
  import { spawnTethered } from '${new URL('./spawn-tethered.ts', import.meta.url)}';
  console.log(spawnTethered('sleep', ['600']).pid);
`;

const isAlive = (group: number) => {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
};

it('ends with the process that started it, though that is killed', async () => {
  const starter = spawn(process.execPath, ['--input-type=module', '--eval', STARTER]);
  const [line] = await once(starter.stdout, 'data');
  const group = Number(String(line));
  expect(isAlive(group)).toBe(true);
  starter.kill('SIGKILL');
  await eventually(() => !isAlive(group));
});

it('ends with its group', async () => {
  const child = spawnTethered('sleep', ['600']);
  process.kill(-child.pid!, 'SIGKILL');
  await once(child, 'exit');
  await eventually(() => !isAlive(child.pid!));
});
