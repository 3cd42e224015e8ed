import { createServer } from 'node:net';
import mqtt, { type MqttClient } from 'mqtt';
import sparkplug from 'sparkplug-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../core/clock.ts';
import { checkConfig } from '../core/config.ts';
import { Supervisor } from '../core/lifecycle.ts';
import { decodePayload } from '../core/sparkplug/decode-payload.ts';
import { eventually } from '../core/testing/eventually.ts';
import { freePort } from '../core/testing/free-port.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { temporaryFolder } from '../core/testing/temporary-folder.ts';
import { IngestConfig } from './config.ts';
import type { GatewayStatus } from './http/sources.ts';
import { createIngest } from './service.ts';
import { double, type EdgeMessage, EdgeMessages } from './testing/edge-messages.ts';
import { KeptLog } from './testing/kept-log.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { TestBroker } from './testing/test-broker.ts';

type GatewayAnswer = GatewayStatus & { received: number; stored: number; rejected: number };

/** The whole of ingest as it runs, on a store that does what it is told. */
class Bench {
  readonly broker: TestBroker;
  readonly store = new MemoryStore();
  readonly kept = new KeptLog();
  readonly #dataFolder: string;
  readonly #supervisor: Supervisor;
  #url = '';

  static async create(settings: { pipeline?: object; broker?: object } = {}): Promise<Bench> {
    return Bench.#on(new TestBroker(await freePort()), temporaryFolder(), settings);
  }

  static #on(broker: TestBroker, dataFolder: string, settings: object): Bench {
    const bench = new Bench(broker, dataFolder, settings);
    onTestFinished(() => bench.#supervisor.stop());
    return bench;
  }

  private constructor(
    broker: TestBroker,
    dataFolder: string,
    settings: { pipeline?: object; broker?: object },
  ) {
    this.broker = broker;
    this.#dataFolder = dataFolder;
    const config = checkConfig(IngestConfig, {
      broker: { url: broker.url, ...settings.broker },
      http: { port: 0, signIn: 'off' },
      session: { reorderMs: 50 },
      pipeline: { flushMs: 10, ...settings.pipeline },
    });
    const context = serviceContext({
      dataFolder,
      log: this.kept.log,
      states: () => this.#supervisor.states(),
      announce: (line) => {
        this.#url = line.replace('Sluice: ', '');
      },
    });
    this.#supervisor = new Supervisor(createIngest(config, context, this.store), systemClock, this.kept.log);
  }

  async start(): Promise<void> {
    await this.broker.start();
    onTestFinished(() => this.broker.stop());
    await this.#supervisor.start();
  }

  startWithoutBroker(): Promise<void> {
    return this.#supervisor.start();
  }

  /** The same once more, in the same folder: somebody has forgotten that it runs. */
  async startedTwice(): Promise<Bench> {
    const second = Bench.#on(this.broker, this.#dataFolder, {});
    await second.#supervisor.start();
    return second;
  }

  stop(): Promise<void> {
    return this.#supervisor.stop();
  }

  async publisher(): Promise<MqttClient> {
    const client = await mqtt.connectAsync(this.broker.url);
    onTestFinished(() => client.endAsync(true));
    return client;
  }

  async gateways(): Promise<GatewayAnswer[]> {
    const answer = await fetch(`${this.#url}api/v1/gateways`);
    return ((await answer.json()) as { gateways: GatewayAnswer[] }).gateways;
  }

  async health(): Promise<{ status: string; components: Record<string, string> }> {
    const answer = await fetch(`${this.#url}api/health`);
    const { status, components } = (await answer.json()) as {
      status: string;
      components: { name: string; state: string; code?: string }[];
    };
    const states = components.map(({ name, state, code }) => [name, code ?? state]);
    return { status, components: Object.fromEntries(states) };
  }

  async last(measurement: string): Promise<Record<string, number | string>> {
    const found = await this.store.last({ measurement });
    return Object.fromEntries(found.map(({ series, value }) => [`${series.device} ${series.field}`, value]));
  }
}

function send(client: MqttClient, ...messages: EdgeMessage[]): void {
  for (const { topic, bytes } of messages) client.publish(topic, Buffer.from(bytes));
}

/** A topic's messages in the order in which they come. */
async function listen(client: MqttClient, topic: string): Promise<Buffer[]> {
  const received: Buffer[] = [];
  client.on('message', (from, payload) => {
    if (from === topic) received.push(payload);
  });
  await client.subscribeAsync(topic, { qos: 1 });
  return received;
}

describe('ingest', () => {
  it('stores what a Sparkplug node made by others sends, under its own names', async () => {
    const bench = await Bench.create();
    await bench.start();
    const node = sparkplug.newClient({
      serverUrl: bench.broker.url,
      username: '',
      password: '',
      groupId: 'farm',
      edgeNode: 'foreign-node',
      clientId: 'foreign-node',
      version: 'spBv1.0',
    });
    onTestFinished(() => node.stop());
    const metrics = (value: number) => [
      { name: 'soil/moisture', type: 'Float' as const, value },
      { name: 'Inputs/Door Open', type: 'Boolean' as const, value: true },
      { name: 'Mode', type: 'String' as const, value: 'auto' },
      { name: 'Offset', type: 'Int32' as const, value: -5 },
    ];
    node.on('birth', () => {
      node.publishNodeBirth({ timestamp: Date.now(), metrics: [] });
      node.publishDeviceBirth('probe', { timestamp: Date.now(), metrics: metrics(20) });
    });
    await eventually(async () => (await bench.last('soil'))['probe moisture'] === 20);
    node.publishDeviceData('probe', { timestamp: Date.now() + 1, metrics: metrics(21.5) });
    await eventually(async () => (await bench.last('soil'))['probe moisture'] === 21.5);
    expect(await bench.last('foreign')).toEqual({
      'probe Inputs/Door Open': 1,
      'probe Mode': 'auto',
      'probe Offset': -5,
    });
    expect(await bench.gateways()).toMatchObject([
      {
        site: 'farm',
        gateway: 'foreign-node',
        online: true,
        devices: [{ device: 'probe', online: true }],
        received: 8,
        stored: 8,
        rejected: 0,
      },
    ]);
  });

  it('goes on through garbage on the topics, and says what was wrong without a line for each', async () => {
    const bench = await Bench.create();
    await bench.start();
    const client = await bench.publisher();
    const edge = new EdgeMessages();
    send(client, edge.nbirth(), edge.dbirth('soil-1', [double('soil/moisture', 20, Date.now())]));
    for (let n = 0; n < 200; n++) {
      client.publish('spBv1.0/farm/NDATA/pump-house', Buffer.from('no protobuf'));
      client.publish('spBv1.0/farm/DDATA/pump-house', Buffer.from([]));
      client.publish('spBv1.0/fa.rm/NBIRTH/x', Buffer.from([]));
      client.publish('spBv1.0/STATE/sluice', 'nonsense');
    }
    send(client, edge.data('soil-1', [double('soil/moisture', 31, Date.now())]));
    await eventually(async () => (await bench.last('soil'))['soil-1 moisture'] === 31);
    const warnings = bench.kept.lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ details }) => details.code)).toEqual(['PAYLOAD_INVALID', 'TOPIC_INVALID']);
    expect((await bench.health()).status).toBe('up');
  });

  it('takes in what comes while the store is down at the start, and stores it later', async () => {
    const bench = await Bench.create();
    bench.store.isAway = true;
    await bench.start();
    const client = await bench.publisher();
    const edge = new EdgeMessages();
    send(client, edge.nbirth(), edge.dbirth('soil-1', [double('soil/moisture', 20, Date.now())]));
    await eventually(async () => (await bench.gateways())[0]?.received === 1);
    expect(await bench.health()).toMatchObject({
      status: 'down',
      components: { store: 'STORE_UNAVAILABLE', subscriber: 'up', http: 'up' },
    });
    bench.store.isAway = false;
    await eventually(async () => (await bench.gateways())[0]?.stored === 1);
    await eventually(async () => (await bench.health()).status === 'up');
  });

  it('starts without a broker and connects when there is one', async () => {
    const bench = await Bench.create();
    await bench.startWithoutBroker();
    expect(await bench.health()).toMatchObject({ components: { subscriber: 'BROKER_UNAVAILABLE' } });
    await bench.broker.start();
    onTestFinished(() => bench.broker.stop());
    await eventually(async () => (await bench.health()).status === 'up');
  });

  it('stops at once while a broker that says nothing keeps it waiting', async () => {
    const bench = await Bench.create();
    let connections = 0;
    const silent = createServer(() => connections++).listen(
      Number(new URL(bench.broker.url).port),
      '127.0.0.1',
    );
    onTestFinished(() => void silent.close());
    const started = bench.startWithoutBroker();
    await eventually(() => connections > 0);
    const fromMs = performance.now();
    await bench.stop();
    await started;
    expect(performance.now() - fromMs).toBeLessThan(8_000);
  });

  it('tells gateways by its STATE when it comes, when its connection breaks, and when it goes', async () => {
    const bench = await Bench.create();
    await bench.start();
    const client = await bench.publisher();
    const states = await listen(client, 'spBv1.0/STATE/sluice');
    const online = () =>
      states.map((state) => JSON.parse(state.toString()) as { online: boolean; timestamp: number });
    await eventually(() => online()[0]?.online === true);
    const first = online()[0]!.timestamp;
    bench.broker.cut();
    await eventually(() => online().some((state) => !state.online && state.timestamp === first));
    await eventually(() => online().some((state) => state.online && state.timestamp > first));
    const before = states.length;
    await bench.stop();
    await eventually(() => online().at(-1)?.online === false);
    expect(states).toHaveLength(before + 1);
  });

  it('asks a gateway that it does not know for its births, and counts what it could not read until then', async () => {
    const bench = await Bench.create();
    await bench.start();
    const client = await bench.publisher();
    const commands = await listen(client, 'spBv1.0/farm/NCMD/pump-house');
    const edge = new EdgeMessages();
    edge.nbirth();
    edge.dbirth('soil-1', [double('soil/moisture', 20, Date.now())]);
    send(client, edge.data('soil-1', [double('soil/moisture', 21, Date.now())]));
    const command = await eventually(() => commands[0]);
    expect(decodePayload(command).metrics).toMatchObject([{ name: 'Node Control/Rebirth', value: true }]);
    send(client, edge.nbirth(), edge.dbirth('soil-1', [double('soil/moisture', 22, Date.now())]));
    await eventually(async () => (await bench.last('soil'))['soil-1 moisture'] === 22);
    expect(await bench.gateways()).toMatchObject([{ received: 2, stored: 1, rejected: 1 }]);
  });

  it('marks gateway and devices as offline when the will of the gateway comes', async () => {
    const bench = await Bench.create();
    await bench.start();
    const client = await bench.publisher();
    const edge = new EdgeMessages();
    send(client, edge.nbirth(), edge.dbirth('soil-1', [double('soil/moisture', 20, Date.now())]));
    await eventually(async () => (await bench.gateways())[0]?.devices[0]?.online);
    send(client, edge.ndeath());
    await eventually(async () => (await bench.gateways())[0]?.online === false);
    expect(await bench.gateways()).toMatchObject([{ devices: [{ online: false }] }]);
  });

  it('names a second host of the same id, once, however often they push each other out', async () => {
    const bench = await Bench.create();
    await bench.start();
    const pushOut = async () => {
      const twin = await mqtt.connectAsync(bench.broker.url, {
        clientId: 'sluice-host-sluice',
        reconnectPeriod: 0,
      });
      await eventually(async () => (await bench.health()).components.subscriber === 'BROKER_UNAVAILABLE');
      await twin.endAsync(true);
      await eventually(async () => (await bench.health()).components.subscriber !== 'BROKER_UNAVAILABLE', {
        withinMs: 60_000,
      });
    };
    await pushOut();
    await pushOut();
    const told = bench.kept.texts();
    expect(told.filter((line) => line.includes('another host application runs as "sluice"'))).toHaveLength(1);
    expect(told.filter((line) => line.includes('answers again'))).toHaveLength(1);
  });

  it('leaves the broker to the one that runs already where it is started a second time in one folder', async () => {
    const first = await Bench.create();
    await first.start();
    const second = await first.startedTwice();
    expect((await second.health()).components).toMatchObject({
      subscriber: 'DATA_FOLDER_IN_USE',
      senml: 'DATA_FOLDER_IN_USE',
    });
    expect((await first.health()).components).toMatchObject({ subscriber: 'up', senml: 'up' });
    expect(first.kept.texts().filter((line) => line.includes('another host application'))).toEqual([]);
    await first.stop();
    await eventually(async () => (await second.health()).components.subscriber === 'up', {
      withinMs: 60_000,
    });
    expect((await second.health()).components.ledger).toBe('up');
  });

  it('reads on while the store is away, holds so much, and tells what a gateway without a ledger lost by it', async () => {
    const bench = await Bench.create({ pipeline: { maxPendingReadings: 1_000, flushReadings: 100 } });
    await bench.start();
    const client = await bench.publisher();
    const edge = new EdgeMessages();
    const startMs = Date.now() - 3_600_000;
    send(client, edge.nbirth(), edge.dbirth('soil-1', [double('soil/moisture', 20, startMs)]));
    await eventually(async () => (await bench.gateways())[0]?.stored === 1);
    bench.store.isAway = true;
    const messages = 1_000;
    for (let n = 1; n <= messages; n++) {
      const metrics = Array.from({ length: 20 }, (_, row) =>
        double('soil/moisture', n % 100, startMs + n * 20 + row),
      );
      send(client, edge.data('soil-1', metrics));
    }
    const all = 1 + messages * 20;
    await eventually(async () => (await bench.gateways())[0]?.received === all);
    expect((await bench.gateways())[0]).toMatchObject({ stored: 1, dropped: all - 1_001 });
    bench.store.isAway = false;
    await eventually(async () => (await bench.gateways())[0]?.stored === 1_001);
    expect(bench.store.size).toBe(1_001);
    send(client, edge.data('soil-1', [double('soil/moisture', 5, startMs + 1_000_000)]));
    await eventually(async () => (await bench.gateways())[0]?.stored === 1_002);
  });
});
