import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SluiceError } from '../../../core/errors.ts';
import { senmlReadings } from './senml-readings.ts';

const NOW_MS = Date.UTC(2026, 10, 22);
const SENDER = { site: 'farm', gateway: 'senml', device: 'd7' };
const read = (pack: unknown, names = {}) =>
  senmlReadings(Buffer.from(JSON.stringify(pack)), SENDER, names, NOW_MS);

test.each([
  ['soil/ec', 'soil/ec'],
  ['d7:soil/ec', 'soil/ec'],
  ['urn:dev:mac:d7:soil/ec', 'soil/ec'],
  ['d7/soil/ec', 'soil/ec'],
  ['/3303/0/5700', 'soil/temperature'],
  ['urn:dev:mac:d7:/3303/0/5700', 'soil/temperature'],
  // Another device's name stays: two of one pack must not become one series.
  ['urn:dev:mac:d8:soil/ec', 'urn:dev:mac:d8:soil/ec'],
  ['xd7:soil/ec', 'xd7:soil/ec'],
  ['d7', 'd7'],
])('the record %s is the metric %s', (given, name) => {
  const names = { '/3303/0/5700': 'soil/temperature' };
  expect(read([{ n: given, v: 1 }], names)[0]!.name).toBe(name);
});

test('a time of its own is kept; without one, or with one relative to now, it is that of the arrival', () => {
  const times = read([
    { n: 'a', t: 1_763_000_000, v: 1 },
    { n: 'b', v: 1 },
    { n: 'c', t: -60, v: 1 },
  ]);
  expect(times.map(({ timeMs, isTimed }) => [timeMs, isTimed])).toEqual([
    [1_763_000_000_000, true],
    [NOW_MS, false],
    [NOW_MS - 60_000, false],
  ]);
});

test('data in bytes is left to be refused by its name, with its place in the pack', () => {
  expect(
    read([
      { n: 'a', v: 1 },
      { n: 'b', vd: 'AA' },
    ])[1],
  ).toMatchObject({ name: 'b', value: undefined, at: 2 });
});

test('no bytes make it throw anything but that they cannot be read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom('', '[', '[{"n":"a",'), (bytes, start) => {
      try {
        senmlReadings(Buffer.concat([Buffer.from(start), bytes]), SENDER, {}, NOW_MS);
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});
