import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { createLog } from '../../../core/log.ts';
import { verifyPassword } from '../../../core/passwords/password-hash.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import type { CareRecord } from '../../care/care-file.ts';
import { buildApp } from '../build-app.ts';
import { FakeSources } from '../testing/fake-sources.ts';

async function setUp() {
  const sources = new FakeSources();
  const app = await buildApp(sources, { clock: new FakeClock(1_000), log: createLog('silent') });
  onTestFinished(() => app.close());
  return { sources, app };
}

const read = (config: unknown): CareRecord => ({
  ...{ site: 'farm', gateway: 'shed', submittedMs: 1 },
  request: { id: 'one', action: 'read-config', issuer: 'api', expiresAtMs: 2 },
  answer: { isDone: true, timeMs: 5, result: { version: 'local', config, profiles: {} } },
});

it('tells drivers, devices and the user of the settings that were read last', async () => {
  const { sources, app } = await setUp();
  const get = async () => (await app.inject('/api/v1/gateways/farm/shed/setup')).json();
  expect(await get()).toEqual({ drivers: [] });
  sources.cared.push(
    read(`broker: { url: "mqtt://b:1883", username: shed-7 }
drivers:
  - { driver: modbus-rtu, id: bus, devices: [{ id: soil-1 }, { id: soil-2 }] }
  - { driver: nmea, id: gnss, device: tractor }
`),
  );
  expect(await get()).toEqual({
    readMs: 5,
    user: 'shed-7',
    brokerUrl: 'mqtt://b:1883',
    drivers: [
      { driver: 'modbus-rtu', id: 'bus', devices: ['soil-1', 'soil-2'] },
      { driver: 'nmea', id: 'gnss', devices: ['tractor'] },
    ],
  });
});

it.each(['drivers: 7', '- a\n- b', 'a: [', 'drivers: [7, { devices: [x] }]'])(
  'takes nothing for granted of settings like %j',
  async (config) => {
    const { sources, app } = await setUp();
    sources.cared.push(read(config));
    const { statusCode } = await app.inject('/api/v1/gateways/farm/shed/setup');
    expect(statusCode).toBe(200);
  },
);

it('makes a password whose hash stands in the line, and puts on record that it was made, not what it is', async () => {
  const { sources, app } = await setUp();
  const url = '/api/v1/gateways/farm/shed/password';
  const response = await app.inject({ method: 'POST', url, payload: { user: 'shed-7' } });
  const { password, line } = response.json();
  const [user] = parse(line);
  expect(user).toMatchObject({ name: 'shed-7', role: 'gateway', site: 'farm', gateway: 'shed' });
  expect(await verifyPassword(Buffer.from(password), user.passwordHash)).toBe(true);
  expect(password).toMatch(/^[\w-]{32}$/);
  const record = JSON.stringify(sources.audit);
  expect(record).toContain('gateway.password-made');
  expect(record).not.toContain(password);
  expect(record).not.toContain('scrypt');
  const second = await app.inject({ method: 'POST', url, payload: {} });
  expect(second.json()).toMatchObject({ user: 'shed' });
  expect(second.json().password).not.toBe(password);
});

it('counts readings over all gateways, and tells version, room and roll-ups', async () => {
  const { sources, app } = await setUp();
  const counted = { received: 10, repeated: 1, deferred: 2, stored: 6, rejected: 2, dropped: 1, inFlight: 1 };
  const details = { rejectedByCode: new Map(), droppedFromMs: 0, droppedToMs: 0 };
  sources.gatewayCounters = ['a', 'b'].map((gateway) => ({ site: 'farm', gateway, ...counted, ...details }));
  Object.assign(sources, { room: async () => ({ freeBytes: 5, totalBytes: 9 }) });
  const status = (await app.inject('/api/v1/status')).json();
  expect(status).toMatchObject({
    version: expect.stringMatching(/^\d/),
    counters: { received: 20, stored: 12, rejected: 4, dropped: 2, inFlight: 2, repeated: 2, deferred: 4 },
    disk: { freeBytes: 5, totalBytes: 9 },
  });
  expect(status.upkeep).toBeUndefined();
});
