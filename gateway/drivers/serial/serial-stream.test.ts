import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Words } from '../../../core/errors.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { openPtyLine } from '../../testing/pty-line.ts';
import { serialStream } from './serial-stream.ts';

async function setUp() {
  const port = join(temporaryFolder(), 'port');
  const far: number[] = [];
  const line = await openPtyLine(port, (bytes) => far.push(...bytes));
  onTestFinished(() => line.unplug());
  const near: number[] = [];
  const closed: (string | Words)[] = [];
  const stream = await serialStream({ port, baud: 9600, parity: 'none', stopBits: 1 })({
    bytes: (bytes) => near.push(...bytes),
    closed: (reason) => closed.push(reason),
  });
  onTestFinished(() => stream.close());
  return { port, line, stream, near, far, closed };
}

test('every byte passes unchanged, both ways', async () => {
  const { line, stream, near, far } = await setUp();
  const all = Array.from({ length: 256 }, (_, byte) => byte);
  stream.write(Uint8Array.from(all));
  line.send(Uint8Array.from(all));
  await eventually(() => near.length === 256 && far.length === 256);
  expect(near).toEqual(all);
  expect(far).toEqual(all);
});

test('a port that does not exist is an error in a few words', async () => {
  const open = serialStream({ port: '/dev/absent', baud: 9600, parity: 'none', stopBits: 1 });
  const opened = open({ bytes: () => {}, closed: () => {} });
  await expect(opened).rejects.toThrow(/^No such file or directory$/);
});

test('a terminal that goes away is reported once, with the next request at the latest', async () => {
  const { line, stream, closed } = await setUp();
  await line.unplug();
  stream.write(Uint8Array.of(1));
  await eventually(() => closed.length > 0);
  stream.write(Uint8Array.of(1));
  await stream.close();
  expect(closed).toHaveLength(1);
});

test('a port whose name is gone is given up with the next request', async () => {
  const { port, stream, far, closed } = await setUp();
  unlinkSync(port);
  stream.write(Uint8Array.of(1));
  await eventually(() => closed.length > 0);
  expect(closed).toEqual([{ en: 'its name is gone', zh: '端口名称已不存在' }]);
  expect(far).toEqual([]);
});

test('closing it oneself is not reported', async () => {
  const { stream, closed } = await setUp();
  await stream.close();
  await stream.close();
  expect(closed).toEqual([]);
});
