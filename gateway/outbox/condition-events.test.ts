import { expect, test } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { parseGatewayEvent } from '../../core/gateway-event.ts';
import { createLog } from '../../core/log.ts';
import { DropWatch, diskEvent } from './condition-events.ts';

const MINUTE_MS = 60_000;
const status = (dropped: number) => ({ waiting: 0, dropped, unconfirmedForMs: 0 });

test('dropping is told once when it begins, and once when there was none for ten minutes', () => {
  const watch = new DropWatch(createLog('silent'));
  expect(watch.look(status(0), 0)).toBeUndefined();
  expect(watch.look(status(5), MINUTE_MS)).toMatchObject({ condition: 'outbox-dropped', isRaised: true });
  expect(watch.look(status(9), 8 * MINUTE_MS)).toBeUndefined();
  expect(watch.look(status(9), 17 * MINUTE_MS)).toBeUndefined();
  expect(watch.look(status(9), 18 * MINUTE_MS)).toMatchObject({ isRaised: false });
  expect(watch.look(status(9), 99 * MINUTE_MS)).toBeUndefined();
});

test('a disk that takes nothing is an event that hosts can read, in both languages', () => {
  const error = new SluiceError('OUTBOX_UNWRITABLE', { folder: '/data', reason: 'no space' });
  for (const event of [diskEvent(error, 5), diskEvent(undefined, 6)])
    expect(parseGatewayEvent(JSON.stringify(event))).toEqual(event);
  expect(diskEvent(error, 5)).toMatchObject({ condition: 'disk-full', isRaised: true });
  expect(diskEvent(undefined, 6).kind).toBe('condition');
});
