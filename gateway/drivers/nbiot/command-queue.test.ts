import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLog } from '../../../core/log.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { CommandQueue, type QueuedCommand } from './command-queue.ts';

const command = (id: string, parts: Partial<QueuedCommand> = {}): QueuedCommand => ({
  id,
  device: 'node',
  metric: 'irrigation/valve_state/v1',
  value: true,
  leaseMs: 60_000,
  fromMs: 0,
  expiresMs: 60_000,
  attempts: 0,
  isTaken: false,
  ...parts,
});

function queueIn(folder: string): CommandQueue {
  return new CommandQueue(join(folder, 'commands.json'), createLog('silent'));
}

test('what was put is there for the next process, as it was last changed', () => {
  const folder = temporaryFolder();
  const queue = queueIn(folder);
  queue.put(command('a'));
  queue.put(command('b', { device: 'other' }));
  queue.update(command('a', { attempts: 2 }));
  queue.remove('b');
  queue.update(command('b'));
  expect(queueIn(folder).all).toEqual([command('a', { attempts: 2 })]);
});

test('a later command for a point takes the place of the earlier; the same command again is one', () => {
  const queue = queueIn(temporaryFolder());
  queue.put(command('a'));
  expect(queue.put(command('a'))).toEqual([]);
  expect(queue.put(command('b', { value: false }))).toMatchObject([{ id: 'a' }]);
  expect(queue.of('node').map(({ id }) => id)).toEqual(['b']);
});

test.each(['', '[{"id":1}]', '{', 'null'])(
  'a file that holds %j is begun anew, and no half of a command acts',
  (text) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'commands.json'), text);
    const queue = queueIn(folder);
    expect(queue.all).toEqual([]);
    queue.put(command('a'));
    expect(JSON.parse(readFileSync(join(folder, 'commands.json'), 'utf8'))).toHaveLength(1);
  },
);

test('a folder that cannot be written is said, and the command is not taken', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  const queue = new CommandQueue(join(folder, 'file', 'commands.json'), createLog('silent'));
  expect(() => queue.put(command('a'))).toThrow(expect.objectContaining({ code: 'DATA_FOLDER_UNUSABLE' }));
  expect(queue.all).toEqual([]);
});
