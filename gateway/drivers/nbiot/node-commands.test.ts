import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CODES } from '../../../core/coap/message.ts';
import { checkConfig } from '../../../core/config.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { freeUdpPort } from '../../../core/testing/free-udp-port.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { driverContext } from '../../testing/driver-context.ts';
import { NbiotConfig } from './config.ts';
import { nbiotDriver } from './nbiot-driver.ts';
import { Lwm2mClient } from './testing/lwm2m-client.ts';

const LINKS = '</>;rt="oma.lwm2m",</3/0>,</3303/0>,</3306/0>,</3306/1>,</3306/2>';
const valve = (point: string, instance: number, more = '') => `
  - quantity: irrigation/valve_state
    point: ${point}
    read: { path: /3306/${instance}/5850 }
    write: { role: valve, safe: false, ${more} timer: { path: /3306/${instance}/5521, type: integer } }`;
const PROFILE = `protocol: lwm2m
title: { en: Node, zh: 节点 }
groups: {}
metrics:
  - { quantity: soil/temperature, read: { path: /3303/0/5700 }, observe: { pminS: 5, pmaxS: 60 } }
${valve('v1', 0)}
${valve('v2', 1)}
${valve('latch', 2, 'execute: { on: /3306/2/1, off: /3306/2/2 },')}
`;

async function setUp(...query: string[]) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'node.yaml'), PROFILE);
  const port = await freeUdpPort();
  const clock = new FakeClock();
  const context = driverContext({ clock, dataFolder: folder, configFolder: folder });
  const devices = [{ id: 'node', profile: 'node.yaml' }];
  const config = checkConfig(NbiotConfig, { driver: 'nbiot', id: 'air', port, devices });
  const driver = nbiotDriver.create(config, context);
  await driver.start!(new AbortController().signal);
  onTestFinished(() => driver.stop());
  const node = new Lwm2mClient(port);
  onTestFinished(() => node.close());
  const held = new Map<number, number>();
  for (const instance of [0, 1, 2]) {
    node.answers.set(`PUT /3306/${instance}/5521`, { code: CODES.changed });
    node.answers.set(`PUT /3306/${instance}/5850`, ({ payload }) => {
      held.set(instance, payload.at(-1)!);
      return { code: CODES.changed };
    });
    node.answers.set(`GET /3306/${instance}/5850`, () => ({
      payload: Buffer.from(`${held.get(instance) ?? 0}`),
    }));
  }
  node.answers.set('/3303/0/5700', { payload: Buffer.from('21.5') });
  node.answers.set('PUT /3303/0/5700', { code: CODES.changed });
  const location = await node.register('node', LINKS, 'lt=86400', ...query);
  await eventually(() => node.count('GET /3303/0/5700') === 1);
  node.asked.length = 0;
  let writes = 0;
  const write = (point: string, value: boolean) =>
    driver.write!({
      id: `${point}-${value}-${++writes}`,
      device: 'node',
      metric: driver.devices[0]!.metrics.find((one) => one.point === point)!,
      value,
      leaseMs: value ? 600_000 : 0,
      notAfterMs: clock.monotonicMs() + 600_000,
    });
  const asked = () => node.asked.map(({ what }) => what);
  return { node, driver, context, clock, write, asked, held, location };
}

test('the queue that an earlier release kept for the whole process is taken over by this gateway', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'node.yaml'), PROFILE);
  mkdirSync(join(folder, 'nbiot'));
  const waiting = {
    id: 'kept',
    device: 'node',
    metric: 'irrigation/valve_state/v1',
    value: false,
    leaseMs: 0,
  };
  writeFileSync(
    join(folder, 'nbiot', 'air-commands.json'),
    JSON.stringify([{ ...waiting, fromMs: 0, expiresMs: Date.UTC(2100, 0, 1), attempts: 0, isTaken: false }]),
  );
  const devices = [{ id: 'node', profile: 'node.yaml' }];
  const config = checkConfig(NbiotConfig, { driver: 'nbiot', id: 'air', port: 1, devices });
  const context = driverContext({ dataFolder: folder, configFolder: folder });
  expect(nbiotDriver.create(config, context).queuedWrites!()).toEqual(['kept']);
  expect(existsSync(join(context.ownFolder, 'nbiot', 'air-commands.json'))).toBe(true);
  expect(existsSync(join(folder, 'nbiot', 'air-commands.json'))).toBe(false);
});

test('a close goes out beside an opening that gets no answer, which is not repeated after it', async () => {
  const { node, clock, write, asked, held } = await setUp();
  node.answers.set('PUT /3306/0/5850', ({ payload }) => {
    held.set(0, payload.at(-1)!);
    return payload.at(-1) === 0 ? { code: CODES.changed } : undefined;
  });
  const opening = write('v1', true).catch((error) => error);
  await eventually(() => asked().includes('PUT /3306/0/5850'));
  // No time has passed, so nothing has timed out either.
  expect(await write('v1', false)).toEqual({ kind: 'done', value: false });
  expect(await opening).toMatchObject({ code: 'WRITE_REPLACED' });
  const before = asked().length;
  await clock.advance(300_000);
  expect(asked().length).toBe(before);
  expect(held.get(0)).toBe(0);
});

test('a close waits for no question that gets no answer, and for no opening of another point', async () => {
  const { node, write, asked } = await setUp();
  node.answers.set('PUT /3306/1/5521', undefined);
  const opening = write('v2', true).catch((error) => error);
  await eventually(() => asked().includes('PUT /3306/1/5521'));
  expect(await write('v1', false)).toEqual({ kind: 'done', value: false });
  node.answers.set('PUT /3306/1/5521', { code: CODES.changed });
  await node.register('node', LINKS);
  expect(await opening).toMatchObject({ code: 'COAP_TIMEOUT' });
});

test('an opening that has not been sent is overtaken, and never is', async () => {
  const { node, write, asked, clock } = await setUp();
  node.answers.set('PUT /3306/1/5521', undefined);
  const first = write('v2', true).catch((error) => error);
  await eventually(() => asked().includes('PUT /3306/1/5521'));
  const second = write('v1', true).catch((error) => error);
  expect(await write('v1', false)).toEqual({ kind: 'done', value: false });
  await clock.advance(300_000);
  expect(await first).toMatchObject({ code: 'COAP_TIMEOUT' });
  expect(await second).toMatchObject({ code: 'WRITE_REPLACED' });
  expect(asked().filter((what) => what === 'PUT /3306/0/5521')).toEqual([]);
});

test('an opening waits for a close that is under way; a second close of the point takes the place of the first', async () => {
  const { node, write, asked, held } = await setUp();
  node.answers.set('PUT /3306/0/5850', undefined);
  const first = write('v1', false).catch((error) => error);
  await eventually(() => asked().includes('PUT /3306/0/5850'));
  const opening = write('v2', true);
  node.answers.set('PUT /3306/0/5850', { code: CODES.changed });
  expect(await write('v1', false)).toEqual({ kind: 'done', value: false });
  expect(await first).toMatchObject({ code: 'WRITE_REPLACED' });
  expect(await opening).toEqual({ kind: 'done', value: true });
  expect(held.get(1)).toBe(1);
  expect(asked().indexOf('PUT /3306/1/5521')).toBeGreaterThan(asked().lastIndexOf('PUT /3306/0/5850'));
});

test('a sleeper that wakes is told to close before it is told to open, each with one end', async () => {
  const { node, write, asked, clock, context, location } = await setUp('b=UQ');
  await clock.advance(31_000);
  expect(await write('v1', true)).toEqual({ kind: 'queued' });
  expect(await write('v2', false)).toEqual({ kind: 'queued' });
  await node.request(CODES.post, location);
  await eventually(() => context.ends.length === 2);
  expect(context.ends.map(({ id, end }) => [id, end.kind])).toEqual([
    ['v2-false-2', 'done'],
    ['v1-true-1', 'done'],
  ]);
  expect(asked().indexOf('PUT /3306/1/5850')).toBeLessThan(asked().indexOf('PUT /3306/0/5521'));
});

test('a sleeper that may have heard an opening is told to close at once, though its time awake is over', async () => {
  const { node, write, asked, clock, context, driver, location } = await setUp('b=UQ');
  await clock.advance(31_000);
  await write('v1', true);
  node.answers.set('PUT /3306/0/5850', ({ payload }) =>
    payload.at(-1) === 0 ? { code: CODES.changed } : undefined,
  );
  await node.request(CODES.post, location);
  await eventually(() => asked().includes('PUT /3306/0/5850'));
  await clock.advance(32_000);
  expect(await write('v1', false)).toEqual({ kind: 'done', value: false });
  expect(context.ends).toMatchObject([{ end: { kind: 'failed', error: { code: 'WRITE_REPLACED' } } }]);
  expect(driver.queuedWrites!()).toEqual([]);
});

test('resources that are executed: the timer, then one for on and another for off', async () => {
  const { node, write, asked, held } = await setUp();
  node.answers.set('POST /3306/2/1', () => {
    held.set(2, 1);
    return { code: CODES.changed };
  });
  node.answers.set('POST /3306/2/2', () => {
    held.set(2, 0);
    return { code: CODES.changed };
  });
  expect(await write('latch', true)).toEqual({ kind: 'done', value: true });
  expect(await write('latch', false)).toEqual({ kind: 'done', value: false });
  expect(asked()).toEqual([
    'PUT /3306/2/5521',
    'POST /3306/2/1',
    'GET /3306/2/5850',
    'POST /3306/2/2',
    'GET /3306/2/5850',
  ]);
  expect(node.asked[1]!.message.payload).toHaveLength(0);
});
