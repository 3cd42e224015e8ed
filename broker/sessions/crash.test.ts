import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';

class BrokerProcess {
  readonly folder = temporaryFolder();
  words = '';
  #child: ChildProcess | undefined;
  #port = 0;

  async start(): Promise<void> {
    this.#port ||= await freePort();
    const config = join(this.folder, 'broker.yaml');
    writeFileSync(config, `listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${this.#port} }]\n`);
    const main = join(import.meta.dirname, '../main.ts');
    const child = spawn(process.execPath, [main, '--config', config, '--data', this.folder]);
    child.stderr.on('data', (data) => (this.words += data));
    this.#child = child;
    onTestFinished(() => this.end('SIGKILL'));
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  connect(options: mqtt.IClientOptions): Promise<mqtt.MqttClient> {
    return eventually(async () => {
      const client = await mqtt.connectAsync(
        `mqtt://127.0.0.1:${this.#port}`,
        { reconnectPeriod: 0, ...options },
        false,
      );
      onTestFinished(() => client.endAsync(true));
      return client;
    });
  }

  /** What a client of this id is sent when it comes back, at least `count` messages. */
  async heard(clientId: string, count: number): Promise<string[]> {
    const client = mqtt.connect(`mqtt://127.0.0.1:${this.#port}`, {
      clientId,
      clean: false,
      reconnectPeriod: 200,
    });
    onTestFinished(() => client.endAsync(true));
    const texts: string[] = [];
    client.on('message', (_topic, bytes) => texts.push(bytes.toString()));
    await eventually(() => texts.length >= count);
    await client.endAsync();
    return texts;
  }
}

const SLEEPER = { clientId: 'sleeper', clean: false };

test('what was acknowledged to a publisher reaches a sleeping subscriber over kill -9; retained messages stay', async () => {
  const broker = new BrokerProcess();
  await broker.start();
  const sleeper = await broker.connect(SLEEPER);
  await sleeper.subscribeAsync('senml/+/+', { qos: 1 });
  await sleeper.endAsync();
  const publisher = await broker.connect({});
  await publisher.publishAsync('spBv1.0/STATE/sluice', '{"online":true}', { qos: 1, retain: true });
  publisher.on('error', () => {});
  const acknowledged: string[] = [];
  // As fast as it goes, and cut off in the midst of it.
  for (let n = 0; n < 2_000; n++) {
    publisher.publish('senml/farm/soil-7', `${n}`, { qos: 1 }, (error) => {
      if (!error) acknowledged.push(`${n}`);
    });
  }
  await eventually(() => acknowledged.length > 300, { everyMs: 1 });
  await broker.end('SIGKILL');
  const before = [...acknowledged];
  await broker.start();
  const heard = await broker.heard('sleeper', before.length);
  expect(before.filter((one) => !heard.includes(one))).toEqual([]);
  expect(heard.slice(0, before.length)).toEqual(
    heard.slice(0, before.length).toSorted((a, b) => Number(a) - Number(b)),
  );
  const late = await broker.connect({});
  const state = new Promise((resolve) => late.once('message', (_topic, bytes) => resolve(`${bytes}`)));
  await late.subscribeAsync('spBv1.0/STATE/sluice');
  expect(await state).toBe('{"online":true}');
});

test('what was delivered does not come again after an orderly stop', async () => {
  const broker = new BrokerProcess();
  await broker.start();
  const sleeper = await broker.connect(SLEEPER);
  const first = new Promise((resolve) => sleeper.once('message', (_topic, bytes) => resolve(`${bytes}`)));
  await sleeper.subscribeAsync('a', { qos: 1 });
  const publisher = await broker.connect({});
  await publisher.publishAsync('a', 'first', { qos: 1 });
  expect(await first).toBe('first');
  // Delivered is what was acknowledged: its PUBACK goes out before this DISCONNECT, and the broker ends after both.
  await sleeper.endAsync();
  await broker.end('SIGTERM');
  await broker.start();
  const again = await broker.connect({});
  await again.publishAsync('a', 'second', { qos: 1 });
  expect(await broker.heard('sleeper', 1)).toEqual(['second']);
});

test('a torn file is put aside and named, and the broker goes on with none', async () => {
  const broker = new BrokerProcess();
  await broker.start();
  await (await broker.connect(SLEEPER)).subscribeAsync('a', { qos: 1 });
  await broker.end('SIGTERM');
  const file = join(broker.folder, 'broker/sessions.sqlite');
  truncateSync(file, 8_000);
  writeFileSync(file, Buffer.alloc(4_000, 'torn'), { flag: 'r+' });
  await broker.start();
  await broker.connect({});
  expect(broker.words).toContain('BROKER_SESSIONS_UNREADABLE');
  expect(globSync(`${file}.torn-*`)).not.toEqual([]);
});

test('the audit says who came and went', async () => {
  const broker = new BrokerProcess();
  await broker.start();
  await (await broker.connect({ clientId: 'visitor' })).endAsync();
  await broker.connect({ clientId: 'stays' });
  await broker.end('SIGTERM');
  const text = readFileSync(join(broker.folder, 'broker/audit/audit-00000001.jsonl'), 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ n, event, client, why }) => [n, event, client, why])).toEqual([
    [1, 'connect', 'visitor', undefined],
    [2, 'disconnect', 'visitor', 'disconnected'],
    [3, 'connect', 'stays', undefined],
    [4, 'disconnect', 'stays', 'the broker stops'],
  ]);
});
