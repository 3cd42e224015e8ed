import { expect, test } from 'vitest';
import { createLog, type Log } from '../core/log.ts';
import { FakeClock } from '../core/testing/fake-clock.ts';
import { Complaints } from './complaints.ts';

test('a flood of complaints fills no log, and its size is said afterwards', async () => {
  const clock = new FakeClock();
  const lines: unknown[] = [];
  const log: Log = { ...createLog('silent'), warn: (...line: unknown[]) => void lines.push(line) } as Log;
  const complaints = new Complaints(log, clock);
  for (let n = 0; n < 1_500; n++) complaints.add({ from: `10.0.0.${n % 30}` }, 'garbage');
  expect(lines).toHaveLength(20);
  await clock.advance(60_000);
  complaints.add({ from: '10.0.0.9' }, 'garbage');
  expect(lines.slice(20)).toEqual([
    [{ unsaid: 1_480 }, 'more MQTT clients were in error than have a line here'],
    [{ from: '10.0.0.9' }, 'garbage'],
  ]);
});
