import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type AliveNote, keepAliveFile } from './alive-file.ts';
import { SluiceError } from './errors.ts';
import type { ServiceState } from './lifecycle.ts';
import { createLog } from './log.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

test('says every few seconds what is not up, and stops when it is told to', async () => {
  const file = join(temporaryFolder(), 'alive');
  const clock = new FakeClock(1_000);
  const states = new Map<string, ServiceState>([
    ['broker', { state: 'up' }],
    ['outbox', { state: 'starting' }],
  ]);
  const note = () => JSON.parse(readFileSync(file, 'utf8')) as AliveNote;
  const cancel = keepAliveFile(file, { clock, log: createLog('silent'), states: () => states });
  expect(note()).toEqual({ timeMs: 1_000, notUp: ['outbox: starting'] });

  states.set('outbox', { state: 'up' });
  states.set('bus', { state: 'down', error: new SluiceError('MODBUS_DISCONNECTED') });
  await clock.advance(5_000);
  expect(note()).toEqual({ timeMs: 6_000, notUp: [expect.stringMatching(/^bus: ./)] });

  cancel();
  await clock.advance(60_000);
  expect(note().timeMs).toBe(6_000);
});

test('a folder that is missing harms nothing', async () => {
  const clock = new FakeClock(0);
  const options = { clock, log: createLog('silent'), states: () => new Map() };
  const cancel = keepAliveFile(join(temporaryFolder(), 'none', 'alive'), options);
  await clock.advance(20_000);
  cancel();
});
