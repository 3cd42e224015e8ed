import { pino } from 'pino';
import { expect, test } from 'vitest';
import { FakeClock, settle } from '../../../core/testing/fake-clock.ts';
import type { ByteStreamEvents } from '../serial/byte-stream.ts';
import { busErrors, NETWORK_ERRORS } from './bus-errors.ts';
import { BusPort } from './bus-port.ts';

/** A port whose streams the test holds, and what the bus was told of it. */
function setUp(random?: () => number) {
  const told: string[] = [];
  const streams: (ByteStreamEvents & { isClosed: boolean })[] = [];
  const far = { isIdle: true, answers: Promise.resolve() };
  const port = new BusPort(
    {
      bus: 'field',
      port: 'far',
      errors: busErrors('field', 'far', 100, NETWORK_ERRORS),
      random,
      open: async (events) => {
        await far.answers;
        const stream = { ...events, isClosed: false };
        streams.push(stream);
        return {
          write: () => {},
          close: async () => {
            stream.isClosed = true;
          },
        };
      },
      clock: new FakeClock(),
      log: pino({ level: 'silent' }),
    },
    {
      opened: () => told.push('opened'),
      failed: ({ code }) => told.push(`failed ${code}`),
      bytes: (bytes) => told.push(`bytes ${bytes.join(' ')}`),
      closed: (error) => told.push(`closed ${error?.code ?? 'idle'}`),
      isIdle: () => far.isIdle,
    },
  );
  return { port, told, streams, far };
}

test('what comes of a connection that was given up is nobody’s', async () => {
  const { port, told, streams } = setUp();
  port.open();
  await settle();
  port.drop();
  expect(streams[0]!.isClosed).toBe(true);
  port.open();
  await settle();
  streams[0]!.bytes(Uint8Array.of(7));
  streams[0]!.closed('reset by peer');
  streams[1]!.bytes(Uint8Array.of(8));
  expect([told, port.isOpen]).toEqual([['opened', 'opened', 'bytes 8'], true]);
});

test('an opening that is asked for twice is one; one that ends after the stop is closed and told to nobody', async () => {
  const { port, told, streams, far } = setUp();
  const gate = Promise.withResolvers<void>();
  far.answers = gate.promise;
  port.open();
  port.open();
  const closed = port.close();
  gate.resolve();
  await closed;
  expect([told, streams.map(({ isClosed }) => isClosed), port.isOpen]).toEqual([[], [true], false]);
});

test.each([
  ['an idle connection that has answered', 'closed idle', { network: true, idle: true, answered: true }],
  [
    'one that has never answered',
    'closed MODBUS_DISCONNECTED',
    { network: true, idle: true, answered: false },
  ],
  [
    'one on which something is asked',
    'closed MODBUS_DISCONNECTED',
    { network: true, idle: false, answered: true },
  ],
  ['a serial port', 'closed MODBUS_DISCONNECTED', { network: false, idle: true, answered: true }],
])('the end of %s is "%s"', async (_, end, { network, idle, answered }) => {
  const { port, told, streams, far } = setUp(network ? () => 0.5 : undefined);
  port.open();
  await settle();
  if (answered) port.noteAnswer();
  far.isIdle = idle;
  streams[0]!.closed('gone');
  port.open();
  await settle();
  // A loss is waited after; an idle end is not.
  expect(told.slice(1)).toEqual([end, end === 'closed idle' ? 'opened' : 'failed MODBUS_DISCONNECTED']);
});
