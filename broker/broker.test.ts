import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../core/config.ts';
import { Supervisor } from '../core/lifecycle.ts';
import { hashPassword } from '../core/passwords/password-hash.ts';
import { eventually } from '../core/testing/eventually.ts';
import { freePort } from '../core/testing/free-port.ts';
import { describeWith } from '../core/testing/needs.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { temporaryFolder } from '../core/testing/temporary-folder.ts';
import { createBroker } from './broker.ts';
import { BrokerConfig } from './config.ts';

const run = promisify(execFile);

async function start(settings: Partial<BrokerConfig>, folder = temporaryFolder()): Promise<Supervisor> {
  const config = checkConfig(BrokerConfig, settings);
  const context = serviceContext({ configFolder: folder, dataFolder: folder });
  const supervisor = new Supervisor(createBroker(config, context), context.clock, context.log);
  onTestFinished(() => supervisor.stop());
  await supervisor.start();
  return supervisor;
}

async function startOnFreePorts() {
  const port = await freePort();
  const webSocketPort = await freePort();
  const supervisor = await start({
    listeners: [
      { protocol: 'mqtt', host: '127.0.0.1', port },
      { protocol: 'ws', host: '127.0.0.1', port: webSocketPort },
    ],
  });
  return { port, webSocketPort, supervisor };
}

async function withUsers() {
  const folder = temporaryFolder();
  const port = await freePort();
  const [gatewayHash, hostHash, flowHash] = await Promise.all(
    ['seed', 'soil', 'weed'].map((word) => hashPassword(Buffer.from(word))),
  );
  writeFileSync(
    join(folder, 'users.yaml'),
    `users:
  - { name: pump-house, role: gateway, site: farm, gateway: pump-house, passwordHash: "${gatewayHash}" }
  - { name: ingest, role: host, passwordHash: "${hostHash}" }
  - { name: irrigation, role: automation, sites: [farm], passwordHash: "${flowHash}" }
  - { name: frost-guard, role: automation, sites: [farm], passwordHash: "${flowHash}" }
`,
  );
  const listeners = [{ protocol: 'mqtt' as const, host: '127.0.0.1', port }];
  await start({ listeners, usersFile: 'users.yaml' }, folder);
  return port;
}

async function connect(url: string, options: mqtt.IClientOptions = {}): Promise<mqtt.MqttClient> {
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });
  onTestFinished(() => client.endAsync(true));
  return client;
}

test('what arrives over TCP leaves over WebSocket', async () => {
  const { port, webSocketPort } = await startOnFreePorts();
  const reader = await connect(`ws://127.0.0.1:${webSocketPort}`);
  const received = new Promise((resolve) => {
    reader.on('message', (topic, payload) => resolve(`${topic} ${payload}`));
  });
  await reader.subscribeAsync('farm/#', { qos: 1 });
  const writer = await connect(`mqtt://127.0.0.1:${port}`);
  await writer.publishAsync('farm/a', 'wet', { qos: 1 });
  expect(await received).toBe('farm/a wet');
});

test.each(['mqtt', 'ws'] as const)(
  'a taken %s port is named, the other listener works, and the port is used once it is free',
  async (taken) => {
    const ports = { mqtt: await freePort(), ws: await freePort() };
    const url = { mqtt: `mqtt://127.0.0.1:${ports.mqtt}`, ws: `ws://127.0.0.1:${ports.ws}` };
    const squatter = createServer().listen(ports[taken], '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    const supervisor = await start({
      listeners: [
        { protocol: 'mqtt', host: '127.0.0.1', port: ports.mqtt },
        { protocol: 'ws', host: '127.0.0.1', port: ports.ws },
      ],
    });
    const name = `broker ${taken} 127.0.0.1:${ports[taken]}`;
    const state = supervisor.states().get(name);
    expect(state).toMatchObject({ state: 'down', error: { code: 'PORT_TAKEN' } });
    expect(state?.state === 'down' && state.error.message).toContain(`127.0.0.1:${ports[taken]}`);
    await connect(url[taken === 'mqtt' ? 'ws' : 'mqtt']);
    await new Promise((resolve) => squatter.close(() => resolve(undefined)));
    await eventually(() => supervisor.states().get(name)?.state === 'up');
    await connect(url[taken]);
  },
);

test.each([
  ['of a page elsewhere', { origin: 'https://evil.example' }, 403],
  ['under a name of somebody else', { host: 'evil.example' }, 403],
  ['of a page of this machine', { origin: 'http://localhost:8080' }, 101],
])('a WebSocket %s gets %o: %i', async (_what, headers, status) => {
  const { webSocketPort } = await startOnFreePorts();
  const socket = connectTcp(webSocketPort, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}`);
  const handshake = ['connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'];
  const rest = ['sec-websocket-protocol: mqtt', 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=='];
  socket.write(`GET / HTTP/1.1\r\n${[...lines, ...handshake, ...rest].join('\r\n')}\r\n\r\n`);
  const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  expect(answer.toString()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
});

test.each(['mqtt', 'ws'] as const)(
  'a packet that is too long ends its connection over %s, and no other',
  async (protocol) => {
    const { port, webSocketPort } = await startOnFreePorts();
    const url = protocol === 'mqtt' ? `mqtt://127.0.0.1:${port}` : `ws://127.0.0.1:${webSocketPort}`;
    const neighbour = await connect(url);
    const received = new Promise((resolve) =>
      neighbour.once('message', (_topic, payload) => resolve(payload.length)),
    );
    await neighbour.subscribeAsync('farm/#');
    const client = await connect(url);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish('farm/a', Buffer.alloc(2_000_000));
    await closed;
    await neighbour.publishAsync('farm/b', Buffer.alloc(1_000_000), { qos: 1 });
    expect(await received).toBe(1_000_000);
  },
);

test('a stranger who announces a huge packet is cut off by its header', async () => {
  const { port } = await startOnFreePorts();
  const socket = connectTcp(port, '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  socket.write(Buffer.from('10ffffff7f', 'hex'));
  await closed;
});

test('an address that others can reach is refused without users', () => {
  const listeners = [{ protocol: 'mqtt' as const, host: '0.0.0.0', port: 1883 }];
  const config = checkConfig(BrokerConfig, { listeners });
  expect(() => createBroker(config, serviceContext())).toThrow(
    expect.objectContaining({ code: 'LISTEN_WITHOUT_CREDENTIALS' }),
  );
});

test('a wrong password is refused, a right one is let in', async () => {
  const port = await withUsers();
  const url = `mqtt://127.0.0.1:${port}`;
  await expect(connect(url, { username: 'pump-house', password: 'weed' })).rejects.toMatchObject({ code: 4 });
  await expect(connect(url)).rejects.toMatchObject({ code: 4 });
  await connect(url, { username: 'pump-house', password: 'seed' });
});

test('a gateway cannot send as another, live or by its will', async () => {
  const port = await withUsers();
  const url = `mqtt://127.0.0.1:${port}`;
  const host = await connect(url, { username: 'ingest', password: 'soil' });
  const topics: string[] = [];
  host.on('message', (topic) => topics.push(topic));
  await host.subscribeAsync('spBv1.0/#');
  const login = { username: 'pump-house', password: 'seed' };
  const will = (gateway: string) => ({
    topic: `spBv1.0/farm/NDEATH/${gateway}`,
    payload: Buffer.from('x'),
    qos: 1 as const,
    retain: false,
  });
  await expect(connect(url, { ...login, will: will('other') })).rejects.toMatchObject({ code: 5 });
  const client = await connect(url, { ...login, will: will('pump-house') });
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  client.publish('spBv1.0/farm/NDATA/pump-house', 'x');
  client.publish('spBv1.0/farm/NDATA/other', 'x');
  await closed;
  await eventually(() => topics.includes('spBv1.0/farm/NDEATH/pump-house'));
  expect(topics).toEqual(['spBv1.0/farm/NDATA/pump-house', 'spBv1.0/farm/NDEATH/pump-house']);
});

test('an automation commands as itself and hears its own outcomes, and no other', async () => {
  const port = await withUsers();
  const url = `mqtt://127.0.0.1:${port}`;
  const host = await connect(url, { username: 'ingest', password: 'soil' });
  const commands: string[] = [];
  host.on('message', (topic) => commands.push(topic));
  await host.subscribeAsync('sluice/+/command/+');
  const forbidden = [
    ['sluice/farm/command/frost-guard', false],
    ['sluice/farm/command/irrigation', true],
    ['spBv1.0/farm/DCMD/pump-house/valves', false],
  ] as const;
  for (const [topic, retain] of forbidden) {
    const client = await connect(url, { username: 'irrigation', password: 'weed' });
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish(topic, '{}', { retain });
    await closed;
  }
  const client = await connect(url, { username: 'irrigation', password: 'weed' });
  await expect(client.subscribeAsync('sluice/farm/outcome/frost-guard')).rejects.toThrow();
  const outcome = new Promise((resolve) => client.once('message', (topic) => resolve(topic)));
  await client.subscribeAsync('sluice/farm/outcome/irrigation');
  await client.publishAsync('sluice/farm/command/irrigation', '{}', { qos: 1 });
  await eventually(() => commands.length > 0);
  await host.publishAsync('sluice/farm/outcome/irrigation', '{}', { qos: 1 });
  expect(await outcome).toBe('sluice/farm/outcome/irrigation');
  expect(commands).toEqual(['sluice/farm/command/irrigation']);
});

test('a client id is good within its user: another who comes with it neither ends, bars nor inherits anything', async () => {
  const port = await withUsers();
  const url = `mqtt://127.0.0.1:${port}`;
  const session = { clientId: 'flows', clean: false, password: 'weed' };
  const host = await connect(url, { username: 'ingest', password: 'soil' });
  const thief = await connect(url, { ...session, username: 'frost-guard' });
  await thief.subscribeAsync('sluice/farm/outcome/frost-guard', { qos: 1 });
  const seen: string[] = [];
  thief.on('message', (_, bytes) => seen.push(`${bytes}`));
  const owner = await connect(url, { ...session, username: 'irrigation' });
  await owner.subscribeAsync('sluice/farm/outcome/irrigation', { qos: 1 });
  expect([owner.connected, thief.connected]).toEqual([true, true]);
  await owner.endAsync();
  await host.publishAsync('sluice/farm/outcome/irrigation', 'for its owner', { qos: 1 });
  await host.publishAsync('sluice/farm/outcome/frost-guard', 'for the other', { qos: 1 });
  await connect(url, { ...session, username: 'frost-guard', clean: true });
  const back = mqtt.connect(url, { ...session, username: 'irrigation', reconnectPeriod: 0 });
  onTestFinished(() => back.endAsync(true));
  expect(await new Promise((resolve) => back.once('message', (_, bytes) => resolve(`${bytes}`)))).toBe(
    'for its owner',
  );
  expect(seen).toEqual(['for the other']);
});

test('a message that waits for the disk is not overtaken and lost by its live subscribers', async () => {
  const { port } = await startOnFreePorts();
  const url = `mqtt://127.0.0.1:${port}`;
  const counts: Record<string, number> = {};
  const reader = await connect(url);
  reader.on('message', (topic) => (counts[topic] = (counts[topic] ?? 0) + 1));
  await reader.subscribeAsync(['kept', 'live'], { qos: 1 });
  const sleeper = await connect(url, { clientId: 'sleeper', clean: false });
  await sleeper.subscribeAsync('kept', { qos: 1 });
  await sleeper.endAsync();
  const [first, second] = [await connect(url), await connect(url)];
  const all: Promise<unknown>[] = [];
  for (let n = 0; n < 1_000; n++) {
    all.push(first.publishAsync('kept', 'x', { qos: 1 }));
    second.publish('live', 'x');
    if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(all);
  await eventually(() => counts.kept === 1_000 && counts.live === 1_000);
});

test('subscriptions, levels and lengths are bounded; the connection lives on', async () => {
  const port = await freePort();
  const limits = { maxSubscriptions: 3, maxTopicLevels: 4, maxTopicBytes: 16 };
  await start({ listeners: [{ protocol: 'mqtt', host: '127.0.0.1', port }], limits } as never);
  const client = await connect(`mqtt://127.0.0.1:${port}`);
  const filters = ['a', 'b', 'x'.repeat(17), '$share/g/a', 'c', 'd', 'a'];
  const granted: unknown[] = [];
  for (const filter of filters) {
    granted.push(
      await client.subscribeAsync(filter).then(
        ([grant]) => grant?.qos,
        () => 'refused',
      ),
    );
  }
  expect(granted).toEqual([0, 0, 'refused', 'refused', 0, 'refused', 0]);
  expect(client.connected).toBe(true);
});

test('a lasting session brings back no more subscriptions than a client may have, and counts them', async () => {
  const port = await freePort();
  const limits = { maxSubscriptions: 3 };
  await start({ listeners: [{ protocol: 'mqtt', host: '127.0.0.1', port }], limits } as never);
  const options = { clientId: 'greedy', clean: false, resubscribe: false };
  const first = await connect(`mqtt://127.0.0.1:${port}`, options);
  const asked = ['a', 'b', 'c', 'd', 'e'];
  await first.subscribeAsync(asked, { qos: 1 }).catch(() => {});
  await first.endAsync();
  const publisher = await connect(`mqtt://127.0.0.1:${port}`);
  for (const topic of [...asked, 'a']) await publisher.publishAsync(topic, '', { qos: 1 });
  const received: string[] = [];
  const again = mqtt.connect(`mqtt://127.0.0.1:${port}`, { ...options, reconnectPeriod: 0 });
  onTestFinished(() => again.endAsync(true));
  again.on('message', (topic) => received.push(topic));
  await eventually(() => received.filter((topic) => topic === 'a').length === 2);
  expect(received).toEqual(['a', 'b', 'c', 'a']);
  const grant = (filter: string) =>
    again.subscribeAsync(filter, { qos: 1 }).then(
      () => 'granted',
      () => 'refused',
    );
  expect(await grant('f')).toBe('refused');
  await again.unsubscribeAsync('a');
  expect([await grant('f'), await grant('g')]).toEqual(['granted', 'refused']);
});

test('an empty client id with a lasting session is refused with return code 2', async () => {
  const { port } = await startOnFreePorts();
  // MQTT.js itself refuses such options, so the bytes go out by hand: CONNECT, level 4, flags 0, keep-alive 10 s.
  const socket = connectTcp(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write(Buffer.from('100c00044d5154540400000a0000', 'hex'));
  const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  expect(answer.toString('hex')).toBe('20020002');
});

test('stopping ends every connection and frees both ports', async () => {
  const { port, webSocketPort, supervisor } = await startOnFreePorts();
  const client = await connect(`mqtt://127.0.0.1:${port}`);
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  await supervisor.stop();
  await closed;
  for (const freed of [port, webSocketPort]) {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(freed, '127.0.0.1', resolve);
    });
    await new Promise((resolve) => server.close(() => resolve(undefined)));
  }
});

describeWith('mosquitto_pub', 'mosquitto_sub')('with mosquitto clients', () => {
  test('mosquitto_sub sees what mosquitto_pub sent, at each QoS', async () => {
    const { port } = await startOnFreePorts();
    const where = ['-h', '127.0.0.1', '-p', String(port)];
    for (const qos of ['0', '1', '2']) {
      await run('mosquitto_pub', [...where, '-q', qos, '-r', '-t', `farm/qos${qos}`, '-m', '湿']);
    }
    const { stdout } = await run('mosquitto_sub', [
      ...where,
      '-q',
      '2',
      '-t',
      'farm/#',
      '-v',
      '-C',
      '3',
      '-W',
      '10',
    ]);
    expect(stdout.trim().split('\n').sort()).toEqual(['farm/qos0 湿', 'farm/qos1 湿', 'farm/qos2 湿']);
  });

  test('a refused subscription gets its answer, and the connection lives on', async () => {
    const port = await withUsers();
    const args = [
      '-h',
      '127.0.0.1',
      '-p',
      String(port),
      '-u',
      'pump-house',
      '-P',
      'seed',
      '-t',
      'spBv1.0/#',
      '-W',
      '10',
    ];
    const child = spawn('mosquitto_sub', args);
    let words = '';
    child.stderr.on('data', (data) => (words += data));
    await new Promise((resolve) => child.once('close', resolve));
    expect(words).toContain('denied');
  });
});
