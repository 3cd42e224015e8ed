import { expect, test } from 'vitest';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import type { Outbox } from './outbox.ts';
import { OutboxDriver } from './outbox-driver.ts';

test('what waits in the outbox, and what was given up, are readings of the gateway', async () => {
  const status = { waiting: 2, dropped: 7, unconfirmedForMs: 0 };
  const driver = new OutboxDriver({ status: () => status } as Outbox, new FakeClock());
  expect((await driver.poll()).samples).toMatchObject([
    { metric: { quantity: { measurement: 'gateway', field: 'backlog' } }, value: 2 },
    { metric: { quantity: { measurement: 'gateway', field: 'dropped' } }, value: 7 },
  ]);
});
