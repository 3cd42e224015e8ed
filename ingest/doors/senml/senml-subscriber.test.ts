import mqtt, { type MqttClient } from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { encodeSenmlCbor } from '../../../core/senml/senml-cbor.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { freePort } from '../../../core/testing/free-port.ts';
import { double, EdgeMessages } from '../../testing/edge-messages.ts';
import { TestBroker } from '../../testing/test-broker.ts';
import { WholeIngest } from '../../testing/whole-ingest.ts';

const NOW_S = Math.floor(Date.now() / 1000);

async function startBroker(): Promise<TestBroker> {
  const broker = new TestBroker(await freePort());
  await broker.start();
  onTestFinished(() => broker.stop());
  return broker;
}

async function device(broker: TestBroker): Promise<MqttClient> {
  const client = await mqtt.connectAsync(broker.url);
  onTestFinished(() => client.endAsync(true));
  return client;
}

test('packs in JSON and CBOR become readings in the units of the catalogue; what it does not know is foreign', async () => {
  const broker = await startBroker();
  const ingest = await WholeIngest.start(broker.url, {
    senml: { names: { '/3303/0/5700': 'weather/air_temperature' } },
  });
  const client = await device(broker);
  const pack = [
    { bn: 'urn:dev:mac:probe-7:', bt: NOW_S, n: 'soil/moisture', u: '/', v: 0.23 },
    { n: 'soil/temperature', u: 'K', v: 293.15 },
    { n: 'irrigation/valve_state/v3', vb: true },
    { n: 'label', vs: '东区' },
    { n: 'irrigation/flow', u: 'l/s', v: 2, s: 90 },
  ];
  client.publish('senml/farm/probe-7', JSON.stringify(pack), { qos: 1 });
  const cbor = encodeSenmlCbor([
    { bt: NOW_S, n: 'weather/wind_speed', u: 'm/s', v: 4.5 },
    { n: '/3303/0/5700', u: 'Cel', v: 21 },
  ]);
  client.publish('senml/farm/probe-8', Buffer.from(cbor), { qos: 1 });
  await eventually(async () => Object.keys(await ingest.last('probe-8')).length === 2);
  expect(await ingest.last('probe-7')).toEqual({
    'soil/moisture': 23,
    'soil/temperature': 20,
    'irrigation/valve_state v3': 1,
    'foreign/label': '东区',
    'irrigation/flow': 120,
    'foreign/irrigation/flow:sum': 90,
  });
  expect(await ingest.last('probe-8')).toEqual({ 'weather/wind_speed': 4.5, 'weather/air_temperature': 21 });
  expect(await ingest.counted('stored', 'senml')).toBe(8);
});

test('of a pack that is partly bad the good records are stored, and the bad ones counted and named', async () => {
  const broker = await startBroker();
  const ingest = await WholeIngest.start(broker.url);
  const client = await device(broker);
  const pack = [
    { bt: NOW_S, n: 'soil/moisture', u: '%RH', v: 20 },
    { n: 'soil/ph', v: 77 },
    { n: 'soil/ec', u: 'lx', v: 1 },
    { n: 'picture', vd: 'AAEC' },
    { n: 'soil/temperature', t: 86_400, v: 1 },
  ];
  client.publish('senml/farm/probe', JSON.stringify(pack), { qos: 1 });
  client.publish('senml/farm/probe', 'no pack', { qos: 1 });
  client.publish('senml/farm/pro.be', JSON.stringify(pack), { qos: 1 });
  await client.publishAsync('senml/farm/probe', JSON.stringify([{ bt: NOW_S, n: 'soil/ph', v: 7 }]), {
    qos: 1,
  });
  await eventually(async () => (await ingest.counted('stored', 'senml')) === 2);
  expect(await ingest.last('probe')).toEqual({ 'soil/moisture': 20, 'soil/ph': 7 });
  expect(await ingest.counted('received', 'senml')).toBe(6);
  expect(await ingest.counted('rejected_total', 'senml')).toBe(4);
  const codes = ingest.kept.lines.flatMap(({ details }) => (details.code ? [details.code] : []));
  expect(codes.sort()).toEqual([
    'ID_INVALID',
    'METRIC_TYPE_UNSUPPORTED',
    'PAYLOAD_INVALID',
    'TIME_IMPOSSIBLE',
    'UNIT_UNCONVERTIBLE',
    'VALUE_OUT_OF_RANGE',
  ]);
});

test('a message is acknowledged only once the store has it: until then the broker keeps it', async () => {
  const broker = await startBroker();
  const first = await WholeIngest.start(broker.url);
  let isReached = false;
  first.store.beforeWrite = () => {
    isReached = true;
    return new Promise(() => {});
  };
  const client = await device(broker);
  const pack = JSON.stringify([{ bt: NOW_S, n: 'soil/moisture', v: 31 }]);
  client.publish('senml/farm/probe', pack, { qos: 1 });
  await eventually(() => isReached);
  const whileAway = JSON.stringify([{ bt: NOW_S + 1, n: 'soil/moisture', v: 32 }]);
  await first.stop();
  await client.publishAsync('senml/farm/probe', whileAway, { qos: 1 });
  const second = await WholeIngest.start(broker.url);
  await eventually(() => second.store.size === 2);
  const { value } = (await second.store.last({}))[0]!;
  expect(value).toBe(32);
});

test('many wait for the store at a time, and no gateway waits for them', async () => {
  const broker = await startBroker();
  const settings = { pipeline: { flushMs: 60_000, maxPendingReadings: 1_000 }, senml: { maxInFlight: 50 } };
  const ingest = await WholeIngest.start(broker.url, settings);
  const client = await device(broker);
  let writes = 0;
  const gate = Promise.withResolvers<void>();
  ingest.store.beforeWrite = () => {
    writes++;
    return gate.promise;
  };
  for (let n = 0; n < 200; n++) {
    client.publish('senml/farm/probe', JSON.stringify([{ bt: NOW_S - n, n: 'soil/moisture', v: n % 100 }]), {
      qos: 1,
    });
  }
  await eventually(() => writes > 0);
  await eventually(async () => (await ingest.counted('in_flight', 'senml')) === 50);
  const edge = new EdgeMessages('farm', 'pump-house');
  const { topic, bytes } = edge.nbirth([double('gateway/cpu', 5, Date.now())]);
  (await device(broker)).publish(topic, Buffer.from(bytes));
  await eventually(async () => (await ingest.counted('received', 'pump-house')) === 1);
  gate.resolve();
  await eventually(() => ingest.store.size === 201);
  expect(writes).toBeLessThan(50);
  expect(await ingest.counted('received', 'senml')).toBe(200);
});

test('what is retained is stored under its time, raises nothing, and is refused where it has none', async () => {
  const broker = await startBroker();
  const client = await device(broker);
  const retain = { qos: 1, retain: true } as const;
  await client.publishAsync(
    'senml/farm/timed',
    JSON.stringify([{ bt: NOW_S - 9, n: 'soil/moisture', v: 20 }]),
    retain,
  );
  await client.publishAsync('senml/farm/untimed', JSON.stringify([{ n: 'soil/moisture', v: 20 }]), retain);
  const ingest = await WholeIngest.start(broker.url);
  await eventually(async () => (await ingest.counted('rejected_total', 'senml')) === 1);
  await eventually(() => ingest.store.size === 1);
  expect(ingest.kept.lines.map(({ details }) => details.code)).toContain('RETAINED_UNTIMED');
  expect(await ingest.last('untimed')).toEqual({});
});

test('what the store could not take and gave up comes again, and is stored then', async () => {
  const broker = await startBroker();
  const ingest = await WholeIngest.start(broker.url);
  const client = await device(broker);
  ingest.store.beforeWrite = () => {
    ingest.store.beforeWrite = () => {};
    throw new Error('a defect of the store');
  };
  client.publish('senml/farm/probe', JSON.stringify([{ bt: NOW_S, n: 'soil/moisture', v: 20 }]), { qos: 1 });
  await eventually(() => ingest.store.size === 1);
  expect(await ingest.counted('received', 'senml')).toBe(2);
});
