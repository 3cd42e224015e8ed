import { expect, it } from 'vitest';
import { brokerUrlProblem } from './broker-url.ts';

it.each([
  'mqtt://127.0.0.1:1883',
  'mqtt://broker',
  'mqtts://broker.example:8883',
  'mqtt://[::1]:1883',
  'ws://127.0.0.1:8083/mqtt',
  'wss://broker.example',
])('%s is an address', (url) => {
  expect(brokerUrlProblem(url)).toBeUndefined();
});

const FORM = 'no address can be read from it; the form is mqtt://HOST:PORT';

it.each([
  'localhost:1883',
  'http://127.0.0.1:1883',
  'ws:broker',
  'mqtt://',
  'mqtt:///mqtt',
  'mqtt://?a',
  'mqtt://:1883',
  'mqtt://broker:99999',
  'ws://broker:99999',
  'mqtt://broker:0',
  'mqtt://broker:18x',
  'mqtt://[::1',
])('%s is none', (url) => {
  expect(brokerUrlProblem(url)).toContain(FORM);
});

it.each([
  'mqtt://me:hunter2@broker',
  'mqtt://me@broker',
  'mqtt://:hunter2@broker:99999',
  'http://me:hunter2@broker',
  // Read as host `me`, port 12 and a fragment; the rest of the password would stand in the log.
  'mqtt://me:12#hunter2@broker',
])('%s is refused without repeating the password', (url) => {
  expect(brokerUrlProblem(url)).toBe(
    'user and password do not belong here; set username and passwordFile beside it',
  );
});
