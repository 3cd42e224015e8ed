import { expect, test } from 'vitest';
import { SluiceError } from '../core/errors.ts';
import { DeviceWatch } from './device-watch.ts';
import type { Outcome } from './driver.ts';

const answered: Outcome = { device: 'probe', timeMs: 0, isReached: true, samples: [] };
const silent: Outcome = {
  device: 'probe',
  timeMs: 0,
  isReached: false,
  samples: [],
  error: new SluiceError('MODBUS_TIMEOUT', { unit: 1, bus: 'field', timeoutMs: 100 }),
};

/** What the watch says of each outcome: up, down or nothing. */
function changes(...outcomes: Outcome[]) {
  const watch = new DeviceWatch();
  return outcomes.map((outcome) => watch.observe(outcome).device ?? '');
}

test('a device is up with its first answer', () => {
  expect(changes(answered, answered)).toEqual(['up', '']);
});

test('three silent polls in a row make it down, once; one answer brings it back', () => {
  expect(changes(answered, silent, silent, silent, silent, answered)).toEqual([
    'up',
    '',
    '',
    'down',
    '',
    'up',
  ]);
  expect(changes(answered, silent, silent, answered, silent, silent)).toEqual(['up', '', '', '', '', '']);
});

test('a device that never answered is down too', () => {
  expect(changes(silent, silent, silent)).toEqual(['', '', 'down']);
});

test('a port that is gone takes its devices down at once', () => {
  const error = new SluiceError('SERIAL_LOST', { port: '/dev/ttyUSB0', reason: 'unplugged' });
  expect(changes(answered, { ...silent, error }, answered)).toEqual(['up', 'down', 'up']);
});

test('a device that says goodbye is down at once', () => {
  expect(changes(answered, { ...silent, isGone: true }, answered)).toEqual(['up', 'down', 'up']);
});

test('devices are told apart', () => {
  expect(changes(answered, { ...answered, device: 'other' })).toEqual(['up', 'up']);
});

test('the same error again is no news', () => {
  const watch = new DeviceWatch();
  const news = [answered, silent, silent, answered, silent].map((one) => watch.observe(one).isErrorNew);
  expect(news).toEqual([false, true, false, true, true]);
});
