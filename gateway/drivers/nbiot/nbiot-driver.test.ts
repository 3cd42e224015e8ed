import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { CODES } from '../../../core/coap/message.ts';
import { OPTIONS, textsOf, uintOf, uintOption } from '../../../core/coap/option.ts';
import { checkConfig } from '../../../core/config.ts';
import { FORMATS } from '../../../core/lwm2m/content-format.ts';
import { encodeSenmlCbor } from '../../../core/senml/senml-cbor.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { freeUdpPort } from '../../../core/testing/free-udp-port.ts';
import { describeWith } from '../../../core/testing/needs.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import type { TraceLine, WriteRequest } from '../../driver.ts';
import { driverContext } from '../../testing/driver-context.ts';
import { NbiotConfig } from './config.ts';
import { nbiotDriver } from './nbiot-driver.ts';
import { Lwm2mClient } from './testing/lwm2m-client.ts';

const run = promisify(execFile);
const SIGNAL = new AbortController().signal;
const LINKS = '</>;rt="oma.lwm2m";ct=110,</1/0>,</3/0>,</4/0>,</3303/0>,</3306/0>,</3308/0>';
const PROFILE = `protocol: lwm2m
title: { en: Node, zh: 节点 }
groups: { health: { everyMs: 60000 } }
metrics:
  - { quantity: soil/temperature, read: { path: /3303/0/5700, senml: temperature }, observe: { pminS: 5, pmaxS: 60 } }
  - { quantity: power/battery_level, group: health, read: { path: /3/0/9, senml: battery } }
  - { quantity: soil/moisture, read: { path: /3320/0/5700, senml: moisture } }
  - quantity: irrigation/valve_state
    point: v1
    read: { path: /3306/0/5850 }
    write: { role: valve, safe: false, timer: { path: /3306/0/5521, type: integer } }
  - quantity: irrigation/pressure
    point: target
    read: { path: /3308/0/5900 }
    write: { role: setting, safe: 0, min: 0, max: 800 }
`;

async function setUp(parts: Record<string, unknown> = {}, folder = temporaryFolder()) {
  writeFileSync(join(folder, 'node.yaml'), PROFILE);
  const port = await freeUdpPort();
  const devices = [
    { id: 'node', endpoint: 'urn:imei:1', profile: 'node.yaml', zone: 'north' },
    { id: 'other', profile: 'node.yaml' },
  ];
  const clock = new FakeClock();
  const trace: TraceLine[] = [];
  const logged: string[] = [];
  const context = driverContext({
    clock,
    dataFolder: folder,
    configFolder: folder,
    log: pino({}, { write: (line) => void logged.push(line) }),
    trace: (line) => trace.push(line),
  });
  const config = checkConfig(NbiotConfig, { driver: 'nbiot', id: 'air', port, devices, ...parts });
  const driver = nbiotDriver.create(config, context);
  await driver.start!(SIGNAL);
  onTestFinished(() => driver.stop());
  const client = (host = '127.0.0.1') => {
    const one = new Lwm2mClient(port, host);
    onTestFinished(() => one.close());
    one.answers.set('/3303/0/5700', { payload: Buffer.from('21.5') });
    one.answers.set('PUT /3303/0/5700', { code: CODES.changed });
    return one;
  };
  const values = (device = 'node') =>
    context.outcomes
      .filter((outcome) => outcome.device === device)
      .flatMap(({ samples }) => samples)
      .filter(({ metric }) => metric.quantity.measurement !== 'radio')
      .map(({ metric, value }) => [metric.quantity.field, value]);
  const metric = (field: string, device = 0) =>
    driver.devices[device]!.metrics.find(({ quantity }) => quantity.field === field)!;
  const write = (field: string, value: number | boolean, parts: Partial<WriteRequest> = {}) =>
    driver.write!({
      id: `w-${field}-${value}`,
      device: 'node',
      metric: metric(field),
      value,
      leaseMs: 0,
      notAfterMs: clock.monotonicMs() + 60_000,
      ...parts,
    });
  return { port, driver, context, clock, client, values, write, trace, folder, metric, logged };
}

/** A resource that a client lets the server write, and answers for in text. */
function holds(client: Lwm2mClient, path: string, first: string) {
  const held = { value: first };
  client.answers.set(`GET ${path}`, () => ({ payload: Buffer.from(held.value) }));
  client.answers.set(`PUT ${path}`, (message) => {
    // TLV of one byte, two, or a float of four.
    const { payload } = message;
    const bytes = payload.subarray(3);
    const isFloat = bytes.length === 4 && path.endsWith('5900');
    held.value = String(
      isFloat ? Buffer.from(bytes).readFloatBE() : Buffer.from(bytes).readIntBE(0, bytes.length),
    );
    return { code: CODES.changed };
  });
  return held;
}

test('a node registers, is observed, and tells its readings; bytes are counted', async () => {
  const { client, values, context, trace } = await setUp();
  const node = client();
  expect(await node.register('urn:imei:1', LINKS, 'lt=300', 'lwm2m=1.1', 'b=U')).toMatch(
    /^\/rd\/[0-9a-f]{8}$/,
  );
  await eventually(() => values().length === 1);
  expect(values()).toEqual([['temperature', 21.5]]);
  const attributes = node.asked.find(({ what }) => what === 'PUT /3303/0/5700')!;
  expect(textsOf(attributes.message, OPTIONS.uriQuery)).toEqual(['pmin=5', 'pmax=60']);
  node.notify('/3303/0/5700', '22.5');
  await eventually(() => values().length === 2);
  expect(values()[1]).toEqual(['temperature', 22.5]);
  const radio = context.outcomes
    .at(-1)!
    .samples.filter(({ metric }) => metric.quantity.measurement === 'radio');
  const fields = Object.fromEntries(
    radio.map(({ metric, value }) => [metric.quantity.field, value as number]),
  );
  // Registration 30 + 28, its links, two answers and a notification with their headers.
  expect(fields.bytes_received).toBeGreaterThan(200);
  expect(fields.bytes_per_reading).toBe((fields.bytes_received! + fields.bytes_sent!) / 2);
  expect(trace.map(({ text }) => text)).toContainEqual(expect.stringContaining('POST /rd'));
});

test('an update keeps the registration; deregistering ends it at once; a location of before is 4.04', async () => {
  const { client, context } = await setUp();
  const node = client();
  const location = await node.register('urn:imei:1', LINKS);
  expect((await node.request(CODES.post, location)).code).toBe(CODES.changed);
  expect((await node.request(CODES.delete, location)).code).toBe(CODES.deleted);
  expect(context.outcomes.at(-1)).toMatchObject({ device: 'node', isGone: true, isReached: false });
  expect((await node.request(CODES.post, location)).code).toBe(CODES.notFound);
});

test('a lifetime that runs out is the end, half a minute late; an update before it is not', async () => {
  const { client, context, clock } = await setUp();
  const node = client();
  const location = await node.register('urn:imei:1', LINKS, 'lt=100');
  await clock.advance(100_000);
  await node.request(CODES.post, location);
  await clock.advance(129_000);
  expect(context.outcomes.some(({ isGone }) => isGone)).toBe(false);
  await clock.advance(2_000);
  expect(context.outcomes.filter(({ isGone }) => isGone)).toHaveLength(1);
  expect((await node.request(CODES.post, location)).code).toBe(CODES.notFound);
});

test('a node with a new address is observed again after its update, and by its token before', async () => {
  const { client, values } = await setUp();
  const node = client();
  const location = await node.register('urn:imei:1', LINKS);
  await eventually(() => values().length === 1);
  node.move();
  node.notify('/3303/0/5700', '19');
  await eventually(() => values().length === 2);
  node.move();
  await node.request(CODES.post, location);
  await eventually(() => node.asked.filter(({ what }) => what === 'GET /3303/0/5700').length === 2);
  node.notify('/3303/0/5700', '18');
  await eventually(() => values().at(-1)?.[1] === 18);
});

test('a node that registers again is observed again; two nodes behind one address after each other are not mixed up', async () => {
  const { client, values } = await setUp();
  const node = client();
  await node.register('urn:imei:1', LINKS);
  await eventually(() => values().length === 1);
  await node.register('urn:imei:1', LINKS);
  await eventually(() => values().length === 2);
  await node.register('other', LINKS);
  await eventually(() => values('other').length === 1);
  node.notify('/3303/0/5700', '5');
  await eventually(() => values('other').length === 2);
  expect(values()).toHaveLength(2);
});

test('a node whose address another one has taken is gone: it is not asked there, and not told there', async () => {
  const { client, context, driver, write } = await setUp();
  const node = client();
  await node.register('urn:imei:1', LINKS);
  await eventually(() => node.count('GET /3303/0/5700') === 1);
  await node.register('other', LINKS);
  await eventually(() => node.count('GET /3303/0/5700') === 2);
  expect(context.outcomes.filter(({ isGone }) => isGone)).toMatchObject([{ device: 'node' }]);
  node.asked.length = 0;
  expect(await driver.poll!('node', 'health', SIGNAL)).toBeUndefined();
  expect(await write('pressure', 100)).toEqual({ kind: 'queued' });
  // The address is the other one's for good: what the first one costs is not counted for it either.
  await node.request(CODES.post, '/senml/other', {
    format: FORMATS.senmlJson,
    payload: '[{"n":"battery","v":50}]',
  });
  expect(node.asked).toEqual([]);
});

test('a resource that the profile does not have is left out and told of once; several values stand for their first', async () => {
  const { client, context, values, logged } = await setUp();
  const node = client();
  await node.register('urn:imei:1', LINKS, 'lwm2m=1.1');
  await eventually(() => values().length === 1);
  const payload = encodeSenmlCbor([
    { n: '/3/0/9/0', v: 70 },
    { n: '/3347/0/5500', vb: true },
  ]);
  for (let turn = 0; turn < 3; turn++) {
    expect((await node.request(CODES.post, '/dp', { format: FORMATS.senmlCbor, payload })).code).toBe(
      CODES.changed,
    );
  }
  expect(values().slice(1)).toEqual([70, 70, 70].map((value) => ['battery_level', value]));
  expect(logged.filter((text) => text.includes('/3347/0/5500'))).toHaveLength(1);
  expect(context.ends).toEqual([]);
});

test('groups are polled where the node listens; one in queue mode is asked when it wakes up', async () => {
  const { client, driver, context, clock, values } = await setUp();
  const node = client();
  // What a client sent for a read without Accept: c1 09 47.
  const options = [uintOption(OPTIONS.contentFormat, FORMATS.tlv)];
  node.answers.set('/3/0/9', { options, payload: Buffer.from('c10947', 'hex') });
  expect(await driver.poll!('node', 'health', SIGNAL)).toBeUndefined();
  const location = await node.register('urn:imei:1', LINKS, 'b=UQ');
  const outcome = await driver.poll!('node', 'health', SIGNAL);
  expect(outcome!.samples[0]).toMatchObject({ value: 71, quality: 'good' });
  await clock.advance(31_000);
  expect(await driver.poll!('node', 'health', SIGNAL)).toBeUndefined();
  context.outcomes.length = 0;
  await node.request(CODES.post, location);
  await eventually(() => values().length > 0);
  expect(values()).toContainEqual(['battery_level', 71]);
  expect(node.asked.every(({ message }) => uintOf(message, OPTIONS.accept) === undefined)).toBe(true);
});

test('a node that refuses a resource is alive', async () => {
  const { client, driver } = await setUp();
  const node = client();
  await node.register('urn:imei:1', LINKS);
  expect(await driver.poll!('node', 'health', SIGNAL)).toMatchObject({
    isReached: true,
    error: { code: 'COAP_REFUSED' },
  });
});

test('a Send brings readings with the node’s own times; a clock that is wrong costs the certainty', async () => {
  const { client, context, clock } = await setUp();
  const node = client();
  await node.register('urn:imei:1', LINKS, 'lwm2m=1.1', 'Q');
  const nowS = clock.nowMs() / 1000;
  const send = (records: object[]) =>
    node.request(CODES.post, '/dp', { format: FORMATS.senmlCbor, payload: encodeSenmlCbor(records) });
  context.outcomes.length = 0;
  const answer = await send([
    { bn: '/3303/0/', bt: nowS - 600, n: '5700', v: 20 },
    { n: '5700', t: 300, v: 20.5 },
    { n: '5700', t: 86_400, v: 21 },
  ]);
  expect(answer.code).toBe(CODES.changed);
  const told = context.outcomes.map(({ timeMs, samples: [sample] }) => [
    timeMs - clock.nowMs(),
    sample!.value,
    sample!.quality,
  ]);
  expect(told.slice(0, 3)).toEqual([
    [-600_000, 20, 'good'],
    [-300_000, 20.5, 'good'],
    [0, 21, 'uncertain'],
  ]);
});

test('a Send of a client that is not registered is 4.04, so that it registers', async () => {
  const { client } = await setUp();
  const payload = encodeSenmlCbor([{ n: '/3303/0/5700', v: 1 }]);
  const answer = await client().request(CODES.post, '/dp', { format: FORMATS.senmlCbor, payload });
  expect(answer.code).toBe(CODES.notFound);
});

test('a device that nobody configured is refused with four bytes and one line an hour', async () => {
  const { client, logged, clock } = await setUp();
  const node = client();
  const answer = await node.request(CODES.post, '/rd', {
    query: ['ep=stranger'],
    format: 40,
    payload: LINKS,
  });
  expect(answer).toMatchObject({ code: CODES.forbidden, payload: { length: 0 } });
  const strange = 'é水'.repeat(40);
  const lines = (name: string) => logged.filter((line) => line.includes(name)).length;
  const knock = (name: string) => node.request(CODES.post, '/rd', { query: [`ep=${name}`] });
  for (let turn = 0; turn < 150; turn++) await knock(`flood-${turn % 120}`);
  expect(lines('flood-')).toBe(99);
  await knock(strange);
  expect(lines(strange)).toBe(0);
  await clock.advance(3_600_000);
  expect((await knock(strange)).code).toBe(CODES.forbidden);
  expect(lines(strange)).toBe(1);
});

test('a command to a node that listens: timer, value, read-back', async () => {
  const { client, write } = await setUp();
  const node = client();
  await node.register('urn:imei:1', LINKS);
  const timer = holds(node, '/3306/0/5521', '0');
  holds(node, '/3306/0/5850', '0');
  expect(await write('valve_state', true, { leaseMs: 600_000 })).toEqual({ kind: 'done', value: true });
  expect(timer.value).toBe('600');
  const order = node.asked.map(({ what }) => what).filter((what) => what.includes('3306'));
  expect(order).toEqual(['PUT /3306/0/5521', 'PUT /3306/0/5850', 'GET /3306/0/5850']);
});

test('a node that holds something else, or refuses, is told of as such', async () => {
  const { client, write, driver } = await setUp();
  const node = client();
  await node.register('urn:imei:1', LINKS);
  holds(node, '/3308/0/5900', '0');
  node.answers.set('GET /3308/0/5900', { payload: Buffer.from('100') });
  await expect(write('pressure', 300)).rejects.toMatchObject({ code: 'WRITE_NOT_TAKEN' });
  node.answers.set('PUT /3308/0/5900', { code: CODES.methodNotAllowed });
  await expect(write('pressure', 301)).rejects.toMatchObject({ code: 'COAP_REFUSED' });
  expect(driver.queuedWrites!()).toEqual([]);
});

test('a node that takes no TLV is written to in text', async () => {
  const { client, write } = await setUp();
  const node = client();
  await node.register('urn:imei:1', LINKS);
  let held = '0';
  node.answers.set('GET /3308/0/5900', () => ({ payload: Buffer.from(held) }));
  node.answers.set('PUT /3308/0/5900', (message) => {
    if (uintOf(message, OPTIONS.contentFormat) !== FORMATS.text) return { code: CODES.unsupportedFormat };
    held = Buffer.from(message.payload).toString();
    return { code: CODES.changed };
  });
  expect(await write('pressure', 250.5)).toEqual({ kind: 'done', value: 250.5 });
});

test('a command to a sleeping node goes at its next update, with what is left of the lease', async () => {
  const { client, write, context, clock, driver } = await setUp();
  const node = client();
  const location = await node.register('urn:imei:1', LINKS, 'b=UQ');
  const timer = holds(node, '/3306/0/5521', '0');
  holds(node, '/3306/0/5850', '0');
  await clock.advance(31_000);
  const notAfterMs = clock.monotonicMs() + 600_000;
  expect(await write('valve_state', true, { leaseMs: 600_000, notAfterMs })).toEqual({ kind: 'queued' });
  expect(driver.queuedWrites!()).toEqual(['w-valve_state-true']);
  await clock.advance(100_000);
  expect(context.ends).toEqual([]);
  await node.request(CODES.post, location);
  await eventually(() => context.ends.length > 0);
  expect(context.ends).toEqual([{ id: 'w-valve_state-true', end: { kind: 'done', value: true } }]);
  expect(timer.value).toBe('500');
  expect(driver.queuedWrites!()).toEqual([]);
});

test('a disk that cannot be written keeps no node from being told that listens', async () => {
  const { client, write, context, clock } = await setUp();
  mkdirSync(context.ownFolder, { recursive: true });
  writeFileSync(join(context.ownFolder, 'nbiot'), 'in the way of the folder');
  const node = client();
  await node.register('urn:imei:1', LINKS, 'b=UQ');
  holds(node, '/3306/0/5850', '1');
  expect(await write('valve_state', false)).toEqual({ kind: 'done', value: false });
  await clock.advance(31_000);
  await expect(write('valve_state', false)).rejects.toMatchObject({ code: 'DATA_FOLDER_UNUSABLE' });
  expect(context.ends).toEqual([]);
});

test('an expired command never goes out; a later one takes the place of an earlier', async () => {
  const { client, write, context, clock } = await setUp();
  const node = client();
  const location = await node.register('urn:imei:1', LINKS, 'b=UQ', 'lt=86400');
  await clock.advance(31_000);
  await write('pressure', 100);
  await write('pressure', 200);
  expect(context.ends).toMatchObject([
    { id: 'w-pressure-100', end: { kind: 'failed', error: { code: 'WRITE_REPLACED' } } },
  ]);
  await clock.advance(61_000);
  expect(context.ends[1]).toEqual({ id: 'w-pressure-200', end: { kind: 'expired' } });
  await node.request(CODES.post, location);
  await eventually(() => node.count('GET /3303/0/5700') > 0);
  expect(node.count('PUT /3308/0/5900')).toBe(0);
});

test('commands outlive the gateway; each has one end', async () => {
  const folder = temporaryFolder();
  const before = await setUp({}, folder);
  expect(await before.write('pressure', 100, { notAfterMs: 600_000 })).toEqual({ kind: 'queued' });
  // Nothing is written on the way down, as after a kill.
  await before.driver.stop();
  const { client, driver, context } = await setUp({}, folder);
  expect(driver.queuedWrites!()).toEqual(['w-pressure-100']);
  const node = client();
  holds(node, '/3308/0/5900', '0');
  await node.register('urn:imei:1', LINKS);
  await eventually(() => context.ends.length > 0);
  expect(context.ends).toEqual([{ id: 'w-pressure-100', end: { kind: 'done', value: 100 } }]);
});

test('a sleeper that stays silent keeps its command; after five times it has failed', async () => {
  const { client, write, context, clock } = await setUp();
  const node = client();
  const location = await node.register('urn:imei:1', LINKS, 'b=UQ', 'lt=86400');
  await eventually(() => node.count('GET /3303/0/5700') === 1);
  node.answers.set('PUT /3308/0/5900', undefined);
  await clock.advance(31_000);
  await write('pressure', 100, { notAfterMs: 86_400_000 });
  for (let turn = 1; turn <= 5; turn++) {
    expect(context.ends).toEqual([]);
    await node.request(CODES.post, location);
    await eventually(() => node.count('PUT /3308/0/5900') >= turn);
    node.isSilent = true;
    // 225 s at most: see the waits of the message layer.
    await clock.advance(240_000);
    node.isSilent = false;
  }
  expect(context.ends).toMatchObject([{ end: { kind: 'failed', error: { code: 'COAP_TIMEOUT' } } }]);
});

test('what cannot be read is said of its device, and to it; a stranger gets no words', async () => {
  const { client, context } = await setUp();
  const node = client();
  const post = (path: string, payload: string) =>
    node.request(CODES.post, path, { format: FORMATS.senmlJson, payload });
  expect(await post('/senml', '{}')).toMatchObject({ code: CODES.badRequest, payload: { length: 0 } });
  expect(context.outcomes).toEqual([]);
  await post('/senml/other', '[{"n":"moisture","v":30}]');
  const answer = await post('/senml/other', '[{"n":"moisture","u":"kg","v":30}]');
  expect(Buffer.from(answer.payload).toString()).toContain('a value in "kg" cannot be converted');
  expect(context.outcomes.at(-1)).toMatchObject({ isReached: true, error: { code: 'UNIT_UNCONVERTIBLE' } });
  expect((await post('/senml/other', '[{"n":"shoe_size","v":43}]')).code).toBe(CODES.badRequest);
});

test('a notification that cannot be read costs itself: the next one counts, and nothing is asked anew', async () => {
  const { client, values, context } = await setUp();
  const node = client();
  await node.register('urn:imei:1', LINKS);
  await eventually(() => values().length === 1);
  node.notify('/3303/0/5700', 'warm');
  await eventually(() => context.outcomes.at(-1)!.error?.code === 'PAYLOAD_INVALID');
  node.notify('/3303/0/5700', '22');
  await eventually(() => values().length === 2);
  expect(node.count('GET /3303/0/5700')).toBe(1);
});

test('over IPv6 likewise', async () => {
  const { client, values } = await setUp({ hosts: ['127.0.0.1', '::1'] });
  const node = client('::1');
  await node.register('urn:imei:1', LINKS);
  await eventually(() => values().length === 1);
});

test.each(['0.0.0.0', '::', '8.8.8.8', '2001:db8::1', 'example.org'])(
  '%s is not bound without a word',
  (host) => {
    const devices = [{ id: 'node', profile: 'nbiot-soil-node' }];
    const config = (parts: object) =>
      checkConfig(NbiotConfig, { driver: 'nbiot', id: 'air', hosts: [host], devices, ...parts });
    expect(() => nbiotDriver.create(config({}), driverContext())).toThrow(
      expect.objectContaining({ code: 'LISTEN_UNPROTECTED' }),
    );
    expect(() => nbiotDriver.create(config({ publicNetwork: true }), driverContext())).not.toThrow();
  },
);

test('two devices of one endpoint are refused', () => {
  const devices = [
    { id: 'a', endpoint: 'x', profile: 'nbiot-soil-node' },
    { id: 'b', endpoint: 'x', profile: 'nbiot-water-meter' },
  ];
  const config = checkConfig(NbiotConfig, { driver: 'nbiot', id: 'air', devices });
  expect(() => nbiotDriver.create(config, driverContext())).toThrow('endpoint x stands twice');
});

describeWith('coap-client-notls')('with coap-client', () => {
  const coap = async (...options: string[]) =>
    (await run('coap-client-notls', ['-B', '5', ...options])).stdout;

  test.each(['127.0.0.1', '[::1]'])(
    'SenML JSON, posted to %s: by path, by query and by base name',
    async (host) => {
      const { port, values, context, clock, folder } = await setUp({ hosts: ['127.0.0.1', '::1'] });
      const url = `coap://${host}:${port}`;
      // From a file, because coap-client takes "%" in a text for an escape.
      const pack = (records: object[]) => {
        const file = join(folder, 'pack.json');
        writeFileSync(file, JSON.stringify(records));
        return ['-m', 'post', '-t', '110', '-f', file];
      };
      await coap(...pack([{ n: 'temperature', u: 'Cel', v: 18.5 }]), `${url}/senml/urn:imei:1`);
      await coap(...pack([{ n: '/3320/0/5700', u: '/100', v: 31 }]), `${url}/senml?ep=urn:imei:1`);
      const byName = { bn: 'urn:imei:1:', n: 'moisture', u: '%', v: 0.3, bt: clock.nowMs() / 1000 - 60 };
      await coap(...pack([byName, { n: 'battery', u: '%EL', v: 88 }]), `${url}/senml`);
      await eventually(() => values().length === 4);
      expect(values()).toEqual([
        ['temperature', 18.5],
        ['moisture', 31],
        ['moisture', 0.3],
        ['battery_level', 88],
      ]);
      expect(context.outcomes.map(({ timeMs }) => timeMs)).toContain(clock.nowMs() - 60_000);
      expect(await coap(...pack([{ n: 'stranger:temperature', v: 1 }]), `${url}/senml`)).toBe('');
    },
  );

  test('SenML CBOR in blocks of 16 bytes, as one reading each', async () => {
    const { port, values, folder } = await setUp();
    const file = join(folder, 'pack.cbor');
    const records = Array.from({ length: 20 }, (_, index) => ({ n: 'temperature', t: index - 20, v: index }));
    writeFileSync(file, encodeSenmlCbor(records));
    await coap('-m', 'post', '-t', '112', '-b', '16', '-f', file, `coap://127.0.0.1:${port}/senml/other`);
    await eventually(() => values('other').length === 20);
    expect(values('other').at(-1)).toEqual(['temperature', 19]);
  });

  test('a body above 64 KiB is refused', async () => {
    const { port, values, folder } = await setUp();
    const file = join(folder, 'large');
    writeFileSync(file, Buffer.alloc(70_000, 0x20));
    await coap('-m', 'post', '-t', '110', '-f', file, `coap://127.0.0.1:${port}/senml/other`);
    expect(values('other')).toEqual([]);
  });

  test('what there is, in blocks; a wrong method and a wrong path', async () => {
    const { port } = await setUp();
    const url = `coap://127.0.0.1:${port}`;
    expect(await coap('-b', '16', `${url}/.well-known/core`)).toContain('</senml>;ct="110 112"');
    const refused = async (...options: string[]) => {
      const { stderr } = await run('coap-client-notls', ['-B', '5', ...options]);
      return stderr;
    };
    expect(await refused('-m', 'get', `${url}/rd`)).toContain('4.05');
    expect(await refused('-m', 'get', `${url}/nothing`)).toContain('4.04');
    expect(await refused('-m', 'post', '-t', '50', '-e', '{}', `${url}/senml/other`)).toContain('4.00');
    expect(await refused('-m', 'post', '-t', '42', '-e', 'x', `${url}/senml/other`)).toContain('4.15');
  });
});
