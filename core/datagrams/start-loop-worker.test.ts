import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import type { SluiceError } from '../errors.ts';
import { eventually } from '../testing/eventually.ts';
import { freeUdpPort } from '../testing/free-udp-port.ts';
import { startLoopWorker } from './start-loop-worker.ts';

const FILE = new URL('./testing/echo-thread.ts', import.meta.url);

async function start(choice: 'auto' | 'dgram', address = '127.0.0.1', port = 0) {
  const told: string[] = [];
  const failures: SluiceError[] = [];
  const worker = await startLoopWorker<string, string>(FILE, {
    ...{ name: 'echo', choice, data: { address, port } },
    message: (message) => told.push(message),
    failed: (error) => failures.push(error),
  });
  onTestFinished(() => worker.stop());
  return { worker, told, failures };
}

test.each(['auto', 'dgram'] as const)(
  '%s: a thread answers datagrams and messages until it is stopped',
  async (choice) => {
    const { worker, told, failures } = await start(choice);
    expect(worker.reason === undefined).toBe(worker.loop === 'kernel');
    worker.post('port');
    await eventually(() => told.length === 1);
    const socket = createSocket('udp4');
    onTestFinished(() => void socket.close());
    socket.send('hello', Number(told[0]), '127.0.0.1');
    const [bytes] = (await once(socket, 'message')) as [Buffer];
    expect(bytes.toString()).toBe('hello');
    await Promise.all([worker.stop(), worker.stop()]);
    expect(told).toEqual([told[0], 'goodbye']);
    expect(failures).toEqual([]);
    worker.post('port');
  },
);

test.each(['auto', 'dgram'] as const)(
  '%s: what fails in the thread is told, and ends nothing else',
  async (choice) => {
    const { worker, failures } = await start(choice);
    worker.post('fail');
    await eventually(() => failures.length === 1);
    expect(failures[0]!.code).toBe('INTERNAL');
    expect(failures[0]!.message).toContain('told to fail');
    expect((failures[0]!.cause as Error).stack).toContain('echo-thread.ts');
    await worker.stop();
    expect(failures).toHaveLength(1);
  },
);

test('a thread that ends by itself is told', async () => {
  const { worker, failures } = await start('auto');
  worker.post('exit');
  await eventually(() => failures.length === 1);
  expect(failures[0]!.message).toContain('the thread echo has ended');
});

test.each(['auto', 'dgram'] as const)(
  '%s: the port of a thread that has ended is free again',
  async (choice) => {
    const port = await freeUdpPort();
    for (let round = 0; round < 2; round++) {
      const { worker, failures } = await start(choice, '127.0.0.1', port);
      worker.post('exit');
      await eventually(() => failures.length === 1);
    }
  },
);

test('a thread that hangs is ended', async () => {
  const { worker, failures } = await start('auto');
  worker.post('hang');
  await worker.stop();
  expect(failures).toEqual([]);
});

test('what keeps it from starting is what the start fails with', async () => {
  const failing = start('auto', '192.0.2.1');
  await expect(failing).rejects.toMatchObject({ name: 'SluiceError', code: 'SOCKET_UNAVAILABLE' });
  await expect(failing).rejects.toThrow(/EADDRNOTAVAIL/);
});

test('a file that is not there is told as well', async () => {
  const missing = startLoopWorker(new URL('./testing/nothing.ts', import.meta.url), {
    ...{ name: 'nothing', data: {}, message: () => {}, failed: () => {} },
  });
  await expect(missing).rejects.toThrow(/nothing/);
});
