import { Duplex } from 'node:stream';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../core/config.ts';
import { Supervisor } from '../core/lifecycle.ts';
import { eventually } from '../core/testing/eventually.ts';
import { freePort } from '../core/testing/free-port.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { createBroker } from './broker.ts';
import { BrokerConfig } from './config.ts';
import { WriteTogether } from './write-together.ts';

/** What each call to the system would have carried. */
function recorder() {
  const calls: string[] = [];
  const stream = new Duplex({
    read() {},
    writev(chunks, done) {
      calls.push(chunks.map(({ chunk }) => String(chunk)).join(''));
      done();
    },
  });
  return { calls, stream };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** As aedes does: asked first, written in an immediate. */
function forward(together: WriteTogether, stream: Duplex, text: string): void {
  together.hold(stream, text.length);
  setImmediate(() => stream.write(text));
}

test('what one turn forwards leaves in one call a turn later, in its order; then nothing is held', async () => {
  const { calls, stream } = recorder();
  const together = new WriteTogether();
  for (const text of ['a', 'b', 'c']) forward(together, stream, text);
  await turn();
  for (const text of ['d', 'e']) forward(together, stream, text);
  await turn();
  expect(calls).toEqual(['abc']);
  await turn();
  expect(calls).toEqual(['abc', 'de']);
  await turn();
  await turn();
  expect(stream.writableCorked).toBe(0);
  stream.write('f');
  expect(calls).toEqual(['abc', 'de', 'f']);
});

test('a large turn leaves in parts, so that the stream never asks to wait', async () => {
  const { calls, stream } = recorder();
  const together = new WriteTogether();
  let isTold = true;
  for (let n = 0; n < 1_000; n++) {
    together.hold(stream, 1_000);
    setImmediate(() => {
      isTold &&= stream.write('x'.repeat(1_000));
    });
  }
  for (let n = 0; n < 3; n++) await turn();
  expect(isTold).toBe(true);
  expect(calls.join('')).toHaveLength(1_000_000);
  expect(calls.length).toBeLessThan(40);
});

test('a stream that is ended meanwhile still gets what was written before, one that is destroyed is let go', async () => {
  const together = new WriteTogether();
  const [ended, destroyed] = [recorder(), recorder()];
  forward(together, ended.stream, 'last');
  forward(together, destroyed.stream, 'lost');
  destroyed.stream.on('error', () => {});
  setImmediate(() => ended.stream.end());
  setImmediate(() => destroyed.stream.destroy());
  for (let n = 0; n < 4; n++) await turn();
  expect(ended.calls).toEqual(['last']);
  expect(ended.stream.writableFinished).toBe(true);
  expect(destroyed.calls).toEqual([]);
});

test('a subscriber that reads gets every message of a burst, in order, however few may wait for one that does not', async () => {
  const port = await freePort();
  const config = checkConfig(BrokerConfig, {
    listeners: [{ protocol: 'mqtt', host: '127.0.0.1', port }],
    limits: { maxUnreadMessages: 100 },
    sessions: { keep: false },
    audit: { enabled: false },
  });
  const context = serviceContext();
  const supervisor = new Supervisor(createBroker(config, context), context.clock, context.log);
  onTestFinished(() => supervisor.stop());
  await supervisor.start();
  const connect = async () => {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
    onTestFinished(() => client.endAsync(true));
    return client;
  };
  const [publisher, reader] = [await connect(), await connect()];
  const got: number[] = [];
  reader.on('message', (_topic, bytes) => got.push(bytes.readUInt32BE()));
  await reader.subscribeAsync('data', { qos: 1 });
  const messages = 5_000;
  for (let n = 0; n < messages; n++) {
    const payload = Buffer.alloc(60);
    payload.writeUInt32BE(n);
    publisher.publish('data', payload);
  }
  await eventually(() => got.length === messages);
  expect(got).toEqual(Array.from({ length: messages }, (_, n) => n));
});
