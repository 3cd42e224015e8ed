import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { createBroker } from '../broker/broker.ts';
import { BrokerConfig } from '../broker/config.ts';
import { checkConfig } from '../core/config.ts';
import { Supervisor } from '../core/lifecycle.ts';
import { hashPassword } from '../core/passwords/password-hash.ts';
import { eventually } from '../core/testing/eventually.ts';
import { FakeClock } from '../core/testing/fake-clock.ts';
import { freePort } from '../core/testing/free-port.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { temporaryFolder } from '../core/testing/temporary-folder.ts';
import { LoadConfig } from '../firmware-sim/load/load-config.ts';
import { LoadFleet } from '../firmware-sim/load/load-fleet.ts';
import { CertificateFolder } from './certs/certificate-folder.ts';

const USERS = `users:
  - { name: pump-house, role: gateway, site: farm, gateway: pump-house, certificate: true }
  - { name: dismissed, role: gateway, site: farm, gateway: dismissed, certificate: true }
  - { name: host, role: host, certificate: true }
`;

interface Setting {
  readonly protocol?: 'mqtts' | 'wss';
  readonly clientCertificate?: 'none' | 'optional' | 'required';
  readonly before?: (folder: string, certs: CertificateFolder) => unknown;
}

async function setUp({ protocol = 'mqtts', clientCertificate = 'optional', before }: Setting = {}) {
  const folder = temporaryFolder();
  const certs = new CertificateFolder(folder, Date.now());
  await certs.make('authority', 'ca');
  await certs.make('server', 'server', ['localhost', '127.0.0.1']);
  for (const name of ['pump-house', 'dismissed', 'host', 'stranger']) await certs.make('client', name);
  const passwordHash = await hashPassword(Buffer.from('seed'));
  const shed = `  - { name: shed, role: gateway, site: farm, gateway: shed, passwordHash: "${passwordHash}" }\n`;
  writeFileSync(join(folder, 'users.yaml'), USERS + shed);
  await certs.revoke('dismissed');
  await before?.(folder, certs);
  const port = await freePort();
  const tls = {
    certFile: 'server.pem',
    keyFile: 'server-key.pem',
    caFile: 'ca.pem',
    crlFile: 'revoked.pem',
    clientCertificate,
  };
  const listeners = [{ protocol, host: '127.0.0.1', port, tls }];
  const config = checkConfig(BrokerConfig, { listeners, usersFile: 'users.yaml', reloadS: 1 });
  const context = serviceContext({ configFolder: folder, dataFolder: folder });
  const supervisor = new Supervisor(createBroker(config, context), context.clock, context.log);
  onTestFinished(() => supervisor.stop());
  await supervisor.start();
  const read = (name: string) => readFileSync(join(folder, name));
  const open = (bearer?: string, options: mqtt.IClientOptions = {}) => {
    const pair = bearer ? { cert: read(`${bearer}.pem`), key: read(`${bearer}-key.pem`) } : {};
    const client = mqtt.connect(`${protocol}://localhost:${port}`, {
      ca: read('ca.pem'),
      reconnectPeriod: 0,
      ...pair,
      ...options,
    });
    onTestFinished(() => client.endAsync(true));
    return client;
  };
  /** Rejects with the refusal, or with `closed` where the connection ended without one. */
  const connect = (bearer?: string, options?: mqtt.IClientOptions) =>
    new Promise<mqtt.MqttClient>((resolve, reject) => {
      const client = open(bearer, options);
      client.on('connect', () => resolve(client));
      client.on('error', reject);
      client.on('close', () => reject(new Error('closed')));
    });
  const state = () => supervisor.states().get(`broker ${protocol} 127.0.0.1:${port}`);
  return { folder, certs, port, connect, state };
}

test.each(['mqtts', 'wss'] as const)(
  'over %s a certificate is its user, with the role and nothing more',
  async (protocol) => {
    const { connect } = await setUp({ protocol });
    const host = await connect('host');
    const heard: string[] = [];
    host.on('message', (topic) => heard.push(topic));
    await host.subscribeAsync('spBv1.0/#');
    const gateway = await connect('pump-house');
    await gateway.publishAsync('spBv1.0/farm/NDATA/pump-house', 'x', { qos: 1 });
    const closed = new Promise<void>((resolve) => gateway.once('close', () => resolve()));
    gateway.publish('spBv1.0/farm/NDATA/shed', 'x');
    await closed;
    expect(heard).toEqual(['spBv1.0/farm/NDATA/pump-house']);
  },
);

test('passwords work beside certificates; a certificate does not work for another name', async () => {
  const { connect } = await setUp();
  await connect(undefined, { username: 'shed', password: 'seed' });
  await expect(connect('pump-house', { username: 'shed', password: 'seed' })).rejects.toMatchObject({
    code: 5,
  });
  await expect(connect('stranger')).rejects.toMatchObject({ code: 4 });
  await expect(connect()).rejects.toMatchObject({ code: 4 });
});

test('a revoked certificate is refused, and one of another authority', async () => {
  const { connect, folder } = await setUp({ clientCertificate: 'required' });
  await expect(connect('dismissed')).rejects.toThrow();
  await expect(connect()).rejects.toThrow();
  const others = new CertificateFolder(join(folder, 'others'), Date.now());
  await others.make('authority', 'ca');
  const file = await others.make('client', 'pump-house');
  const pair = { cert: readFileSync(file), key: readFileSync(file.replace('.pem', '-key.pem')) };
  await expect(connect(undefined, pair)).rejects.toThrow();
  await connect('pump-house');
});

test('a user who is removed loses the connection, and cannot come back', async () => {
  const { connect, folder } = await setUp();
  const gateway = await connect('pump-house');
  const neighbour = await connect('host');
  const closed = new Promise<void>((resolve) => gateway.once('close', () => resolve()));
  writeFileSync(join(folder, 'users.yaml'), USERS.replace(/.*pump-house.*\n/, ''));
  await closed;
  await expect(connect('pump-house')).rejects.toMatchObject({ code: 4 });
  expect(neighbour.connected).toBe(true);
});

test('a certificate that is renewed is used without a restart; a bad one is named, and the one before stays', async () => {
  const { certs, connect, port, folder, state } = await setUp();
  const serial = () =>
    new Promise<string | undefined>((resolve) => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(socket.getPeerX509Certificate()?.serialNumber);
        socket.destroy();
      });
    });
  const before = await serial();
  await certs.renew('server');
  await eventually(async () => (await serial()) !== before);
  writeFileSync(join(folder, 'server.pem'), 'nonsense');
  const down = await eventually(() => {
    const now = state();
    return now?.state === 'down' && now.error;
  });
  expect(down.message).toContain(join(folder, 'server.pem'));
  await connect('pump-house');
});

test.each<[string, string, (folder: string) => unknown]>([
  ['TLS_FILE_UNUSABLE', 'server.pem', (folder) => renameSync(join(folder, 'server.pem'), join(folder, 'x'))],
  ['TLS_FILE_UNUSABLE', 'server-key.pem', (folder) => writeFileSync(join(folder, 'server-key.pem'), 'x')],
  ['TLS_FILE_UNUSABLE', 'revoked.pem', (folder) => writeFileSync(join(folder, 'revoked.pem'), 'x')],
  [
    'CERTIFICATE_KEY_MISMATCH',
    'server-key.pem',
    (folder) => renameSync(join(folder, 'host-key.pem'), join(folder, 'server-key.pem')),
  ],
  [
    'CERTIFICATE_NOT_VALID_NOW',
    'server.pem',
    (folder) => new CertificateFolder(folder, new FakeClock(Date.UTC(2020, 0)).nowMs()).renew('server'),
  ],
])('%s names %s', async (code, file, spoil) => {
  const { state, folder } = await setUp({ before: spoil });
  const now = state();
  expect(now).toMatchObject({ state: 'down', error: { code } });
  expect(now?.state === 'down' && now.error.message).toContain(join(folder, file));
});

test('TLS 1.1 is not spoken', async () => {
  const { port } = await setUp();
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    minVersion: 'TLSv1.1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
  expect(error.message).toContain('protocol version');
});

test('our own clients come by mqtts with an authority and a certificate in files', async () => {
  const { folder, port } = await setUp({ clientCertificate: 'required' });
  const files = { caFile: 'ca.pem', certFile: 'host.pem', keyFile: 'host-key.pem' };
  const broker = { url: `mqtts://localhost:${port}`, ...files };
  const config = checkConfig(LoadConfig, { broker, gateways: 5 });
  const fleet = new LoadFleet(config, 1, serviceContext({ configFolder: folder }));
  onTestFinished(() => fleet.stop());
  fleet.start();
  await eventually(() => fleet.report().online === 5);
});
