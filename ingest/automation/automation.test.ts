import mqtt, { type MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { double, type EdgeMessage, EdgeMessages } from '../testing/edge-messages.ts';
import { IngestProcess } from '../testing/ingest-process.ts';
import { LedgerGateway } from '../testing/ledger-gateway.ts';
import { TestBroker } from '../testing/test-broker.ts';

const VALVE = 'irrigation/valve_state/v1';
const OPEN = { gateway: 'pump-house', device: 'valves', metric: VALVE, value: true, leaseS: 600 };

interface Heard {
  readonly topic: string;
  readonly retain: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON was published
  readonly said: any;
}

async function farm() {
  const broker = new TestBroker(await freePort());
  await broker.start();
  onTestFinished(() => broker.stop());
  const automation = { enabled: true };
  const config = { broker: { url: broker.url }, http: { port: 0, signIn: 'off' }, automation };
  const ingest = new IngestProcess(temporaryFolder(), config);
  await ingest.start();
  const client = await mqtt.connectAsync(broker.url);
  onTestFinished(() => client.endAsync(true));
  const heard: Heard[] = [];
  client.on('message', (topic, payload, { retain }) => {
    heard.push({ topic, retain, said: JSON.parse(payload.toString()) });
  });
  await client.subscribeAsync(
    ['readings/#', 'zones/+', 'event', 'outcome/+'].map((one) => `sluice/farm/${one}`),
  );
  const on = (topic: string) =>
    heard.filter((one) => one.topic === `sluice/farm/${topic}`).map(({ said }) => said);
  const ask = (command: object | string, options: { retain?: boolean } = {}) =>
    client.publishAsync(
      'sluice/farm/command/flow',
      typeof command === 'string' ? command : JSON.stringify(command),
      options,
    );
  return { broker, ingest, client, heard, on, ask };
}

async function gatewayOf(broker: TestBroker): Promise<LedgerGateway> {
  const gateway = await LedgerGateway.connect(broker.url);
  onTestFinished(() => gateway.end());
  gateway.born();
  return gateway;
}

function send(client: MqttClient, ...messages: EdgeMessage[]): void {
  for (const { topic, bytes } of messages) client.publish(topic, Buffer.from(bytes));
}

describe('automation', () => {
  it('hears live readings at once, and zones no more than once a second, with the newest of every series', async () => {
    const { broker, client, heard, on } = await farm();
    const edge = new EdgeMessages();
    const nowMs = Date.now() - 10_000;
    const zone = { properties: { zone: 'north' } };
    send(
      client,
      edge.nbirth([double('gateway/cpu', 5, nowMs)]),
      edge.dbirth('soil-1', [
        { ...double('soil/moisture', 20, nowMs), ...zone },
        { ...double('soil/ph', 7, nowMs), ...zone },
      ]),
    );
    send(
      client,
      edge.data('soil-1', [double('soil/moisture', 21, nowMs + 1)]),
      edge.data('soil-1', [
        { ...double('soil/moisture', 5, nowMs - 60_000), isHistorical: true },
        double('soil/moisture', 200, nowMs + 2),
      ]),
      edge.data(undefined, [double('gateway/cpu', 6, nowMs)]),
      edge.data('soil-1', [double('soil/moisture', 22, nowMs + 3), double('soil/ph', 7.5, nowMs + 3)]),
    );
    await eventually(() => on('readings/pump-house/soil-1').length === 2);
    expect(on('readings/pump-house/soil-1')[0]).toEqual({
      timeMs: nowMs + 1,
      readings: [
        {
          ...{ measurement: 'soil', field: 'moisture', point: '', zone: 'north', unit: '%' },
          ...{ value: 21, quality: 'good', timeMs: nowMs + 1 },
        },
      ],
    });
    expect(on('readings/pump-house/soil-1')[1].readings).toHaveLength(2);
    expect(on('readings/pump-house/_')).toMatchObject([{ readings: [{ value: 6 }] }]);
    await eventually(() =>
      on('zones/north')
        .at(-1)
        ?.readings.some(({ value }: { value: number }) => value === 22),
    );
    expect(on('zones/north').at(-1)).toMatchObject({
      zone: 'north',
      readings: [{ device: 'soil-1', value: 22 }, { value: 7.5 }],
    });
    const told = heard.filter(({ topic }) => topic.endsWith('zones/north')).length;
    expect(told).toBeLessThanOrEqual(2);
    const late: Heard[] = [];
    const newcomer = await mqtt.connectAsync(broker.url);
    onTestFinished(() => newcomer.endAsync(true));
    newcomer.on('message', (topic, payload, { retain }) =>
      late.push({ topic, retain, said: JSON.parse(payload.toString()) }),
    );
    await newcomer.subscribeAsync('sluice/farm/#');
    await eventually(() => late.length > 0);
    expect(late).toMatchObject([{ topic: 'sluice/farm/zones/north', retain: true }]);
  });

  it('commands under the name of its user, and hears what became of it, once', async () => {
    const { broker, ask, on, ingest } = await farm();
    const gateway = await gatewayOf(broker);
    await eventually(
      async () => (await ingest.get<{ gateways: unknown[] }>('/api/v1/gateways')).gateways.length === 1,
    );
    await ask({ id: 'c1', ...OPEN });
    await ask({ id: 'c1', ...OPEN });
    const command = await eventually(() => gateway.commands[0]);
    expect(command).toMatchObject({
      ...{ name: VALVE, value: true, dataType: DATA_TYPES.Boolean },
      properties: { commandId: 'c1', leaseMs: 600_000, issuer: 'mqtt:flow' },
    });
    const told = {
      ...{ id: 'e1', kind: 'command', command: 'c1', outcome: 'refused', device: 'valves', metric: VALVE },
      ...{ value: true, issuer: 'mqtt:flow', timeMs: Date.now(), reason: { code: 'X', en: 'no', zh: '否' } },
    };
    gateway.event(told);
    await eventually(() => on('outcome/flow').length === 2);
    expect(on('outcome/flow')).toEqual([
      { id: 'c1', state: 'pending' },
      { id: 'c1', state: 'refused', outcome: 'refused', reason: told.reason },
    ]);
    expect(on('event')).toEqual([{ ...told, gateway: 'pump-house' }]);
    gateway.event(told);
    await eventually(() => gateway.confirmed.size === 2);
    expect(on('event')).toHaveLength(1);
    const { outcome: _outcome, ...read } = {
      ...told,
      id: 'e2',
      kind: 'care',
      request: 'r',
      action: 'read-config',
    };
    gateway.event({ ...read, isDone: true, result: { config: 'the settings of a gateway' } });
    await eventually(() => on('event').length === 2);
    expect(on('event')[1]).not.toHaveProperty('result');
    await ask({ id: 'c1', ...OPEN });
    await eventually(() => on('outcome/flow').length === 3);
    expect(on('outcome/flow')[2]).toEqual(on('outcome/flow')[1]);
  });

  it.each<[string, object | string, { retain?: boolean }, string | undefined]>([
    ['COMMAND_RETAINED', { id: 'c', ...OPEN }, { retain: true }, 'c'],
    ['COMMAND_UNREADABLE', 'open!', {}, undefined],
    ['COMMAND_UNREADABLE', { id: 'c', gateway: 'pump-house' }, {}, 'c'],
    ['COMMAND_UNREADABLE', { ...OPEN, id: 'c', site: 'other' }, {}, 'c'],
    ['COMMAND_LEASE_INVALID', { ...OPEN, id: 'c', leaseS: 0 }, {}, 'c'],
    ['COMMAND_TARGET_UNKNOWN', { ...OPEN, id: 'c', gateway: 'nowhere' }, {}, 'c'],
  ])('is told why with %s: %j', async (code, command, options, id) => {
    const { broker, ask, on, ingest } = await farm();
    const gateway = await gatewayOf(broker);
    await eventually(
      async () => (await ingest.get<{ gateways: unknown[] }>('/api/v1/gateways')).gateways.length === 1,
    );
    if (options.retain) {
      // A retained message reaches only who subscribes later.
      await ask(command, options);
      await ingest.kill();
      await ingest.start();
    } else await ask(command);
    const refused = await eventually(() => on('outcome/flow').find(({ state }) => state === 'refused'));
    expect(refused).toMatchObject({
      ...(id === undefined ? {} : { id }),
      outcome: 'refused',
      reason: { code, en: expect.stringMatching(/\w/), zh: expect.stringMatching(/[一-龥]/) },
    });
    if (!options.retain) expect(gateway.commands).toEqual([]);
  });
});
