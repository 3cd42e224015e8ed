import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../core/config.ts';
import { Supervisor } from '../core/lifecycle.ts';
import { eventually } from '../core/testing/eventually.ts';
import { freePort } from '../core/testing/free-port.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { createBroker } from './broker.ts';
import { BrokerConfig } from './config.ts';

const MESSAGES = 300;

async function startBroker(): Promise<string> {
  const port = await freePort();
  const listeners = [{ protocol: 'mqtt' as const, host: '127.0.0.1', port }];
  const context = serviceContext();
  const config = checkConfig(BrokerConfig, { listeners });
  const supervisor = new Supervisor(createBroker(config, context), context.clock, context.log);
  onTestFinished(() => supervisor.stop());
  await supervisor.start();
  return `mqtt://127.0.0.1:${port}`;
}

async function connect(url: string, options: mqtt.IClientOptions = {}): Promise<mqtt.MqttClient> {
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });
  onTestFinished(() => client.endAsync(true));
  return client;
}

/** Of every kind that takes a way of its own through the broker: what is retained goes to the disk, the rest does not. */
test.each([0, 1, 2] as const)(
  'at QoS %i whoever is there hears each message of a topic once, in order, whichever of them are retained',
  async (qos) => {
    const url = await startBroker();
    const reader = await connect(url);
    const heard: number[] = [];
    reader.on('message', (_topic, bytes) => heard.push(Number(bytes.toString())));
    await reader.subscribeAsync('pump/state', { qos });
    const writer = await connect(url);
    for (let n = 0; n < MESSAGES; n++) writer.publish('pump/state', `${n}`, { qos, retain: n % 3 === 0 });
    await writer.publishAsync('pump/state', `${MESSAGES}`, { qos });
    await eventually(() => heard.at(-1) === MESSAGES);
    expect(heard).toEqual(Array.from({ length: MESSAGES + 1 }, (_, n) => n));
  },
);

test.each([
  [1, 4_000],
  [2, 1_000],
] as const)(
  'at QoS %i who comes back hears what waited, and only then what is sent meanwhile, each once',
  async (qos, messages) => {
    const url = await startBroker();
    const options = { clientId: 'sleeper', clean: false };
    const sleeper = await connect(url, options);
    await sleeper.subscribeAsync('pump/state', { qos });
    await sleeper.endAsync();
    const writer = await connect(url);
    const all: Promise<unknown>[] = [];
    let n = 0;
    const write = () => all.push(writer.publishAsync('pump/state', `${n++}`, { qos }));
    while (n < messages / 2) write();
    await Promise.all(all);
    const heard: number[] = [];
    const again = mqtt.connect(url, { ...options, reconnectPeriod: 0 });
    onTestFinished(() => again.endAsync(true));
    again.on('message', (_topic, bytes) => heard.push(Number(bytes.toString())));
    while (n < messages) {
      write();
      if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(all);
    await eventually(() => heard.length >= messages);
    await writer.publishAsync('pump/state', `${messages}`, { qos });
    await eventually(() => heard.length > messages);
    expect(heard).toEqual(Array.from({ length: messages + 1 }, (_, at) => at));
  },
);
