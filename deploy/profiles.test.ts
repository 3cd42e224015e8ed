import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkConfig } from '../core/config.ts';
import { decodeResponse, encodeRequest, type ModbusAnswer, type ModbusRequest } from '../core/modbus/pdu.ts';
import { answerRequest } from '../firmware-sim/answer-request.ts';
import type { SlaveDevice } from '../firmware-sim/devices/device.ts';
import { createDevice, DEVICE_KINDS, type DeviceConfig } from '../firmware-sim/devices/devices.ts';
import { Random } from '../firmware-sim/farm/random.ts';
import { NodeConfig } from '../firmware-sim/nbiot/node-config.ts';
import { createNodeKind } from '../firmware-sim/nbiot/node-kinds.ts';
import { PUMPED, smallFarm } from '../firmware-sim/testing.ts';
import { createModbusDevice, samplesOf } from '../gateway/drivers/modbus/modbus-device.ts';
import { loadModbusProfile } from '../gateway/drivers/modbus/profile.ts';

const PROFILES = 'gateway/profiles';
const profilesOf = (protocol: string) =>
  readdirSync(PROFILES)
    .filter((file) => file.endsWith('.yaml'))
    .filter((file) => parse(readFileSync(join(PROFILES, file), 'utf8')).protocol === protocol)
    .map((file) => basename(file, '.yaml'));
const profiles = profilesOf('modbus');

/** The simulated device of a profile, in a farm that has whatever any of them names. */
function simulated(kind: string): SlaveDevice {
  const farm = smallFarm(PUMPED);
  const places = {
    'soil-moisture-temperature-ec': { zone: 'north' },
    'soil-7in1': { zone: 'north' },
    'valve-controller-8': { valves: ['north', 'south'], maxRunS: 600 },
    'tank-level': { tank: 'pond' },
  };
  const options = places[kind as keyof typeof places] ?? {};
  const config = { unit: 1, kind, ...options } as DeviceConfig;
  const device = createDevice(config, { farm, random: new Random(1, 'a'), faultRandom: new Random(1, 'b') });
  for (let second = 0; second < 10; second++) {
    device.step(1);
    farm.step(1);
  }
  return device;
}

function ask(device: SlaveDevice, request: ModbusRequest): ModbusAnswer {
  const answer = decodeResponse(request, answerRequest(device, encodeRequest(request)));
  if ('exception' in answer) throw new Error(`${JSON.stringify(request)}: exception ${answer.exception}`);
  return answer;
}

it('there is a simulated device for every Modbus profile, and a profile for every simulated device', () => {
  expect(profiles.toSorted()).toEqual([...DEVICE_KINDS].sort());
});

describe.each(profiles)('the simulated %s', (name) => {
  const profile = loadModbusProfile(name, '.');
  const device = createModbusDevice({ id: 'one', unit: 1, profile: name }, profile);

  it('answers every metric of its profile with a value that can be', () => {
    const slave = simulated(name);
    const reads = [...device.readsOfGroup.values()].flat();
    const samples = reads.flatMap((read) => samplesOf(read, ask(slave, read)));
    expect(samples).toHaveLength(profile.metrics.length);
    for (const { metric, value, quality } of samples) {
      const { measurement, field, min, max } = metric.quantity;
      expect(quality, `${measurement}/${field} = ${value}`).toBe('good');
      expect(Number(value), `${measurement}/${field}`).toBeGreaterThanOrEqual(min);
      expect(Number(value), `${measurement}/${field}`).toBeLessThanOrEqual(max);
    }
  });

  it('takes every write that its profile knows, and reads it back', () => {
    const slave = simulated(name);
    for (const { spec, plan } of device.writes.values()) {
      const other = typeof spec.safeValue === 'boolean' ? !spec.safeValue : spec.max!;
      for (const value of [other, spec.safeValue]) {
        const { timer, command, readBack, held } = plan(value, 60_000);
        if (timer) ask(slave, timer);
        ask(slave, command);
        expect(held(ask(slave, readBack))).toEqual({ value, isTaken: true });
      }
    }
  });
});

describe.each(profilesOf('lwm2m'))('the simulated %s', (name) => {
  it('has every resource of its profile, also under its name in plain SenML', () => {
    const { metrics } = parse(readFileSync(join(PROFILES, `${name}.yaml`), 'utf8'));
    const node = checkConfig(NodeConfig, { id: 'one', kind: name, zone: 'north' });
    const { resources } = createNodeKind(node, {
      farm: smallFarm(),
      random: new Random(1, 'a'),
      faultRandom: new Random(1, 'b'),
    });
    for (const { read } of metrics) {
      const resource = resources[read.path];
      expect(resource?.read?.(), read.path).toEqual(expect.any(Number));
      if (read.senml) expect(resource?.senml?.name).toBe(read.senml);
    }
  });
});
