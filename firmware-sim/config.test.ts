import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../core/config.ts';
import { checkSimulator, SimulatorConfig } from './config.ts';

const SAMPLE = join(import.meta.dirname, 'sample.yaml');
const LINKS = join(import.meta.dirname, 'links.yaml');

/** The sample with one change, as the message that it is refused with. */
function refusalOf(from: string | RegExp, to: string): string {
  const text = readFileSync(SAMPLE, 'utf8');
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  try {
    checkSimulator(parseConfig(SimulatorConfig, changed, 'farm.yaml'));
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
}

/** A link from the sample of links with one change, as the message that it is refused with. */
function linkRefusalOf(from: string, to: string): string {
  const text = readFileSync(LINKS, 'utf8');
  expect(text).toContain(from);
  try {
    checkSimulator(parseConfig(SimulatorConfig, text.replace(from, to), 'links.yaml'));
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the simulator’s configuration', () => {
  it('of the sample is valid', () => {
    const config = loadConfig(SimulatorConfig, SAMPLE);
    checkSimulator(config);
    expect(config.buses[0]!.devices.map(({ unit }) => unit)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(config.zones[0]!.valveTravelS).toBe(4);
  });

  it.each([
    [
      'an unknown key of a device',
      'kind: flow-meter',
      'kind: flow-meter, zonne: north',
      'zonne: unknown key',
    ],
    ['an option of another kind', 'kind: flow-meter', 'kind: flow-meter, maxRunS: 5', 'maxRunS: unknown key'],
    ['a kind that there is not', 'kind: flow-meter', 'kind: teapot', 'it must name a known kind'],
    ['a missing option', 'maxRunS: 1800', '', 'devices[2].maxRunS: missing'],
    ['a unit out of range', 'unit: 5', 'unit: 248', 'must be <= 247, and is 248'],
    ['two devices with one unit', 'unit: 5', 'unit: 4', 'two devices have unit 4'],
    [
      'a sensor in no zone',
      'ec, zone: north',
      'ec, zone: west',
      'there is no zone "west"; zones: north, south',
    ],
    ['a valve of no zone', '[north, south]', '[north, west]', 'there is no zone "west"'],
    [
      'a programme that never lets a valve close',
      'forS: 75',
      'forS: 240',
      'bus field-bus: unit 3: valve 1 may never close: its openings take 240 s of a cycle of 240 s',
    ],
    [
      'openings that together never let a valve close',
      'valve: 2, atS: 105, forS: 75',
      'valve: 1, atS: 90, forS: 165',
      'bus field-bus: unit 3: valve 1 may never close',
    ],
    ['a zone twice', 'id: south', 'id: north', 'zones: "north" is there twice'],
    [
      'soil that holds less than it keeps',
      'rootDepthM: 0.2',
      'fieldCapacityPct: 10',
      'zone north: wiltingPointPct',
    ],
    ['a main that gains pressure by flowing', 'RatedFlowKPa: 220', 'RatedFlowKPa: 320', 'must not be above'],
    ['a day that there is not', '2026-06-01T', '2026-06-99T', 'startTime: there is no 2026-06-99T00:00:00Z'],
  ])('with %s is refused, and the message names it', (_, from, to, message) => {
    expect(refusalOf(from, to)).toContain(message);
  });

  it.each([
    ['nothing wrong', 'id: gz-fra', 'id: gz-lon', 'accepted'],
    ['two links of one name', 'id: gz-fra', 'id: gz-sh', 'links: "gz-sh" is there twice'],
    [
      'a name for an address',
      'port: 8621',
      'port: 8621, address: localhost',
      'listen: "localhost" is no IPv4',
    ],
    ['an unknown key of a direction', 'delayMs: 92', 'delayMs: 92, los: 1', 'los: unknown key'],
    ['a share above everything', 'share: 0.0005', 'share: 5', 'must be <= 1'],
    [
      'bursts that cannot lose so much',
      'share: 0.002, meanBurst: 8',
      'share: 0.7, meanBurst: 2',
      'link gz-sh: back: loss: bursts of 2 packets at the mean cannot lose more than 66.7 %',
    ],
  ])('of links with %s: the message says so', (_, from, to, message) => {
    expect(linkRefusalOf(from, to)).toContain(message);
  });
});
