import { describe, expect, test } from 'vitest';
import { createDatagramLoop } from './create-datagram-loop.ts';
import { datagramLoopSuite, on } from './datagram-loop.suite.ts';

describe('the loop on dgram and timers', () => {
  datagramLoopSuite('dgram');

  test('a DSCP that it cannot set is refused: figures would be of another class than they say', async () => {
    const loop = await createDatagramLoop('dgram');
    await expect(loop.open(on(4, { dscp: 46 }))).rejects.toThrow(/cannot set a DSCP/);
  });
});
