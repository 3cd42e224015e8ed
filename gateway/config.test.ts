import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../core/config.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { temporaryFolder } from '../core/testing/temporary-folder.ts';
import { GatewayConfig } from './config.ts';
import { createGateway } from './service.ts';

const SAMPLE = readFileSync(join(import.meta.dirname, 'sample.yaml'), 'utf8');

const parse = (text: string) => parseConfig(GatewayConfig, text, 'gateway.yaml');

test('the sample is valid, a gateway can be made of it, and defaults are filled in', () => {
  const config = parse(SAMPLE);
  expect(config.outbox.maxBytes).toBe(256_000_000);
  expect(config.drivers[0]).toMatchObject({ parity: 'none', stopBits: 1, timeoutMs: 500 });
  expect(createGateway(config, serviceContext({ dataFolder: temporaryFolder() })).name).toBe(
    'gateway pump-house',
  );
});

test.each([
  ['baud: 9600', 'bauds: 9600', 'gateway.yaml:13: drivers[0].bauds: unknown key; did you mean "baud"?'],
  [
    'unit: 3',
    'unit: three',
    'gateway.yaml:18: drivers[0].devices[2].unit: must be a whole number, and is "three"',
  ],
  ['unit: 3', 'unit: 248', 'drivers[0].devices[2].unit: must be <= 247'],
  [
    'driver: modbus-rtu',
    'driver: modbus',
    'gateway.yaml:10: drivers[0]: needs "driver", and it must name a known kind',
  ],
  ['port: sim/field-bus', '', 'drivers[0].port: missing; it must be set'],
  ['url: mqtt:', 'url: http:', 'gateway.yaml:7: broker.url: no address can be read from it'],
  ['127.0.0.1:1883', '127.0.0.1:99999', 'gateway.yaml:7: broker.url: no address can be read from it'],
  ['//127', '//me:hunter2@127', 'gateway.yaml:7: broker.url: user and password do not belong here'],
  ['everyMs: 5000', 'everyMs: 2592000000', 'drivers[0].devices[0].everyMs: must be <= 86400000'],
  ['site: demo-farm', 'site: demo farm', 'gateway.yaml:3: site: "demo farm" '],
])('%s instead of %s is refused with its line', (right, wrong, message) => {
  expect(SAMPLE).toContain(right);
  expect(() => parse(SAMPLE.replace(right, wrong))).toThrow(message);
});

test.each([
  ['soil-south, unit: 2', 'soil-north, unit: 2', 'the device id "soil-north" stands twice'],
  ['unit: 2', 'unit: 1', 'bus field-bus: unit 1 stands twice'],
  ['profile: flow-meter', 'profile: flowmeter', 'profile "flowmeter" cannot be read'],
  ['v1:', 'v9:', 'device valves: its profile has no point "v9"; points: v1, v2'],
  ['url: mqtt', 'passwordFile: absent\n  url: mqtt', 'absent'],
])('%s instead of %s is refused before anything starts', (right, wrong, message) => {
  expect(SAMPLE).toContain(right);
  const config = parse(SAMPLE.replace(right, wrong));
  expect(() => createGateway(config, serviceContext())).toThrow(message);
});

test('a password in the broker’s address is not repeated in the refusal', () => {
  expect(() => parse(SAMPLE.replace('//127', '//me:hunter2@127'))).not.toThrow('hunter2');
});

test('two drivers of one name are refused: what they say of themselves could not be told apart', () => {
  const { drivers, ...rest } = parse(SAMPLE);
  const [driver] = drivers;
  const devices = [{ id: 'another', unit: 9, profile: 'flow-meter' }];
  const config = {
    ...rest,
    drivers: [driver!, { ...driver!, port: 'other', devices } as typeof driver & object],
  };
  expect(() => createGateway(config, serviceContext())).toThrow(
    'drivers: the driver id "field-bus" stands twice',
  );
});
