import { expect, test } from 'vitest';
import { FakeClock } from '../core/testing/fake-clock.ts';
import { MemoryOutbox } from './memory-outbox.ts';
import { OutboxDriver } from './outbox-driver.ts';

test('what waits in the outbox is a reading of the gateway', async () => {
  const clock = new FakeClock();
  const outbox = new MemoryOutbox(1_000_000);
  const driver = new OutboxDriver(outbox, clock);
  const [sample] = (await driver.poll()).samples;
  outbox.add({ device: 'probe', timeMs: 0, samples: [sample!, sample!] });
  expect((await driver.poll()).samples).toMatchObject([
    { metric: { quantity: { measurement: 'gateway', field: 'backlog' } }, value: 2 },
  ]);
});
