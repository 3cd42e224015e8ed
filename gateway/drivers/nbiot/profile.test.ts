import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { loadNbiotProfile } from './profile.ts';

const PROFILE = `protocol: lwm2m
title: { en: Node, zh: 节点 }
groups: { health: { everyMs: 60000 } }
metrics:
  - quantity: soil/temperature
    read: { path: /3303/0/5700, unit: °C }
    observe: { pminS: 5, pmaxS: 60 }
  - quantity: irrigation/valve_state
    group: health
    read: { path: /3306/0/5850 }
    write: { role: valve, safe: false, timer: { path: /3306/0/5521, type: integer } }
`;

function load(text: string) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'node.yaml'), text);
  return loadNbiotProfile('node.yaml', folder);
}

test('the profile that the cases below break is right, and so are those that come with Sluice', () => {
  expect(load(PROFILE).metrics).toHaveLength(2);
  for (const name of ['nbiot-soil-node', 'nbiot-water-meter']) {
    expect(loadNbiotProfile(name, '.').metrics.length).toBeGreaterThan(3);
  }
});

test.each([
  ['soil/temperature', 'soil/warmth', 5, '"soil/warmth" is not in the catalogue; soil has moisture'],
  ['unit: °C', 'unit: bar', 6, '"bar" cannot be converted to °C'],
  ['/3303/0/5700', '/3303/0', 6, 'does not have the form'],
  ['/3303/0/5700', '/9999/0/1', 6, 'is not known here; give its type'],
  ['/3303/0/5700', '/3/0/0', 6, 'a string is no measurement'],
  ['/3303/0/5700', '/99999/0/5700', 6, 'an id is above 65534'],
  ['/3303/0/5700', '/3306/0/5850', 10, 'stands here twice'],
  ['pminS: 5', 'pminS: 61', 7, 'is above pmaxS, 60'],
  ['group: health', 'group: ill', 9, 'there is no group "ill"; groups: health'],
  ['group: health', 'observe: {}\n    group: health', 10, 'observed or polled, not both'],
  ['safe: false', 'safe: 0', 11, 'the value is true or false'],
  [', timer: { path: /3306/0/5521, type: integer }', '', 11, 'needs a timer in the device'],
  ['protocol: lwm2m', 'protocol: lwm2mm', 1, 'must be one of "lwm2m"'],
  ['everyMs: 60000', 'everyms: 60000', 3, 'did you mean "everyMs"?'],
])('%s → %s is refused with its line', (right, wrong, line, words) => {
  expect(PROFILE).toContain(right);
  const text = PROFILE.replace(right, wrong);
  expect(() => load(text)).toThrow(words);
  expect(() => load(text)).toThrow(`node.yaml:${line}: `);
});
