import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../core/config.ts';
import { Supervisor } from '../core/lifecycle.ts';
import { eventually } from '../core/testing/eventually.ts';
import { freePort } from '../core/testing/free-port.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { createBroker } from './broker.ts';
import { BrokerConfig } from './config.ts';
import { Unread } from './unread.ts';

test('as many wait as may, and none is counted once the other end has read', () => {
  const unread = new Unread(2, 1_000);
  const stream = { writableNeedDrain: true } as never;
  expect([1, 2, 3].map(() => unread.hasRoom(stream))).toEqual([true, true, false]);
  expect(unread.hasRoom({ writableNeedDrain: false } as never)).toBe(true);
  const other = { writableNeedDrain: false };
  expect(unread.hasRoom(other as never)).toBe(true);
  other.writableNeedDrain = true;
  expect([1, 2, 3].map(() => unread.hasRoom(other as never))).toEqual([true, true, false]);
  other.writableNeedDrain = false;
  unread.hasRoom(other as never);
  other.writableNeedDrain = true;
  expect(unread.hasRoom(other as never)).toBe(true);
});

test('large messages count by their bytes', () => {
  const unread = new Unread(2, 1_000);
  const stream = { writableNeedDrain: true, writableLength: 1_001 } as never;
  expect([unread.hasRoom(stream), unread.isBeyond(stream)]).toEqual([false, true]);
});

test.each([0, 1] as const)(
  'a flood of large messages at QoS %i takes no more memory for a subscriber that hangs than is set',
  async (qos) => {
    const port = await freePort();
    const config = checkConfig(BrokerConfig, {
      listeners: [{ protocol: 'mqtt', host: '127.0.0.1', port }],
      limits: { maxUnreadBytes: 2_097_152 },
    });
    const context = serviceContext();
    const supervisor = new Supervisor(createBroker(config, context), context.clock, context.log);
    onTestFinished(() => supervisor.stop());
    await supervisor.start();
    const client = async () => {
      const one = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
      onTestFinished(() => one.endAsync(true));
      return one;
    };
    const [publisher, hanging, watcher] = [await client(), await client(), await client()];
    let count = 0;
    let isDone = false;
    let isEnded = false;
    let isThrough = false;
    hanging.on('message', (_topic, bytes) => {
      count++;
      isThrough ||= bytes.length === 0;
    });
    hanging.on('close', () => {
      isEnded = true;
    });
    watcher.on('message', () => {
      isDone = true;
    });
    await watcher.subscribeAsync('done', { qos: 1 });
    await hanging.subscribeAsync('data', { qos });
    hanging.stream.pause();
    const messages = 200;
    for (let n = 0; n < messages; n++) await publisher.publishAsync('data', Buffer.alloc(100_000), { qos });
    await publisher.publishAsync('done', '', { qos: 1 });
    await eventually(() => isDone);
    hanging.stream.resume();
    await eventually(() => {
      publisher.publish('data', '');
      return isEnded || isThrough;
    });
    // What the kernel holds of both ends comes on top.
    expect(count).toBeLessThan(messages / 2);
  },
);

test('a subscriber that hangs is ended, and holds nobody up for longer; it comes again', async () => {
  const port = await freePort();
  const config = checkConfig(BrokerConfig, {
    listeners: [{ protocol: 'mqtt', host: '127.0.0.1', port }],
    limits: { unreadS: 1 },
  });
  const context = serviceContext();
  const supervisor = new Supervisor(createBroker(config, context), context.clock, context.log);
  onTestFinished(() => supervisor.stop());
  await supervisor.start();
  const url = `mqtt://127.0.0.1:${port}`;
  const client = async () => {
    const one = await mqtt.connectAsync(url, { reconnectPeriod: 50 });
    onTestFinished(() => one.endAsync(true));
    return one;
  };
  const [publisher, hanging, watcher] = [await client(), await client(), await client()];
  const got = { hanging: 0, watcher: 0 };
  hanging.on('message', () => got.hanging++);
  watcher.on('message', () => got.watcher++);
  await hanging.subscribeAsync('data');
  await watcher.subscribeAsync('data');
  hanging.stream.pause();
  const messages = 20_000;
  for (let n = 0; n < messages; n++) publisher.publish('data', Buffer.alloc(1_000));
  await eventually(() => got.watcher === messages);
  expect(got.hanging).toBeLessThan(messages);
  hanging.stream.resume();
  await eventually(() => {
    publisher.publish('data', 'is anybody there?');
    return got.hanging > 0;
  });
});
