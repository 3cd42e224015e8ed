import { expect, test } from 'vitest';
import { mayPublish, maySubscribe } from './access.ts';
import type { User } from './users.ts';

const gateway: User = { name: 'g', passwordHash: '', role: 'gateway', site: 'farm', gateway: 'pump-house' };
const host: User = { name: 'h', passwordHash: '', role: 'host' };
const flow: User = { name: 'flow', passwordHash: '', role: 'automation', sites: ['farm', 'orchard'] };

test.each([
  ['spBv1.0/farm/NBIRTH/pump-house', true],
  ['spBv1.0/farm/DDATA/pump-house/soil-1', true],
  ['spBv1.0/farm/NDEATH/pump-house', true],
  ['senml/farm/soil-1', true],
  ['spBv1.0/farm/DDATA/other/soil-1', false],
  ['spBv1.0/farm/DDATA/pump-house/soil-1/more', false],
  ['senml/farm/soil-1/more', false],
  ['senml/elsewhere/soil-1', false],
  ['spBv1.0/elsewhere/DDATA/pump-house/soil-1', false],
  ['spBv1.0/farm/NCMD/pump-house', false],
  ['spBv1.0/STATE/sluice', false],
  ['sluice/farm/command/g', false],
  ['sluice/farm/command/pump-house', false],
  ['sluice/farm/readings/pump-house/soil-1', false],
  ['$SYS/x', false],
  ['anything', false],
])('a gateway publishing to %s: %s', (topic, allowed) => {
  expect(mayPublish(gateway, topic)).toBe(allowed);
});

test.each([
  ['spBv1.0/farm/NCMD/pump-house', true],
  ['spBv1.0/farm/DCMD/pump-house/#', true],
  ['spBv1.0/STATE/sluice', true],
  ['spBv1.0/farm/DCMD/+/#', false],
  ['spBv1.0/farm/DDATA/pump-house/#', false],
  ['spBv1.0/+/NCMD/pump-house', false],
  ['sluice/farm/readings/#', false],
  ['sluice/farm/command/g', false],
  ['sluice/farm/outcome/g', false],
  ['#', false],
  ['$SYS/#', false],
])('a gateway subscribing to %s: %s', (filter, allowed) => {
  expect(maySubscribe(gateway, filter)).toBe(allowed);
});

test.each([
  ['sluice/farm/command/flow', true],
  ['sluice/orchard/command/flow', true],
  ['sluice/elsewhere/command/flow', false],
  ['sluice/farm/command/other', false],
  ['sluice/farm/command', false],
  ['sluice/farm/command/flow/more', false],
  ['sluice/farm/outcome/flow', false],
  ['sluice/farm/readings/pump-house/soil-1', false],
  ['sluice/farm/zones/north', false],
  ['sluice/farm/event', false],
  ['sluice/alerts/farm/1', false],
  ['spBv1.0/farm/DCMD/pump-house/valves', false],
  ['spBv1.0/farm/NDATA/flow', false],
  ['senml/farm/soil-1', false],
  ['$SYS/x', false],
])('an automation publishing to %s: %s', (topic, allowed) => {
  expect(mayPublish(flow, topic)).toBe(allowed);
});

test.each([
  ['sluice/farm/readings/#', true],
  ['sluice/farm/readings/pump-house/+', true],
  ['sluice/farm/zones/#', true],
  ['sluice/orchard/zones/north', true],
  ['sluice/farm/event', true],
  ['sluice/farm/outcome/flow', true],
  ['sluice/farm/outcome/other', false],
  ['sluice/farm/outcome/+', false],
  ['sluice/farm/outcome/#', false],
  ['sluice/alerts/farm/#', true],
  ['sluice/alerts/orchard/+', true],
  ['sluice/alerts/elsewhere/#', false],
  ['sluice/alerts/links/#', false],
  ['sluice/alerts/+/#', false],
  ['sluice/alerts/#', false],
  ['sluice/farm/command/flow', false],
  ['sluice/farm/+/flow', false],
  ['sluice/farm/#', false],
  ['sluice/farm', false],
  ['sluice/+/readings/#', false],
  ['sluice/elsewhere/readings/#', false],
  ['spBv1.0/farm/DDATA/pump-house/#', false],
  ['spBv1.0/STATE/sluice', false],
  ['#', false],
  ['$SYS/#', false],
])('an automation subscribing to %s: %s', (filter, allowed) => {
  expect(maySubscribe(flow, filter)).toBe(allowed);
});

test.each([undefined, host, flow])('a command is never kept by the broker, whoever sends it', (user) => {
  expect(mayPublish(user, 'sluice/farm/command/flow')).toBe(true);
  expect(mayPublish(user, 'sluice/farm/command/flow', true)).toBe(false);
});

test('a host speaks and hears the whole JSON door', () => {
  expect(mayPublish(host, 'sluice/farm/zones/north', true)).toBe(true);
  expect(mayPublish(host, 'sluice/farm/outcome/flow')).toBe(true);
  expect(maySubscribe(host, 'sluice/+/command/+')).toBe(true);
});

test('a host commands and sees every gateway, and writes no $SYS', () => {
  expect(mayPublish(host, 'spBv1.0/farm/DCMD/pump-house/valves')).toBe(true);
  expect(maySubscribe(host, 'spBv1.0/#')).toBe(true);
  expect(mayPublish(host, '$SYS/x')).toBe(false);
});

test('without users everything is open but writing $SYS', () => {
  expect(mayPublish(undefined, 'spBv1.0/farm/NCMD/pump-house')).toBe(true);
  expect(maySubscribe(undefined, '#')).toBe(true);
  expect(mayPublish(undefined, 'sluice/farm/command/anybody')).toBe(true);
  expect(mayPublish(undefined, '$SYS/x')).toBe(false);
});

test('a device sends its own packs, keeps none at the broker, and hears nothing', () => {
  const device: User = { name: 'd', passwordHash: '', role: 'device', site: 'farm', device: 'soil-7' };
  expect(mayPublish(device, 'senml/farm/soil-7')).toBe(true);
  expect(mayPublish(device, 'senml/farm/soil-7', true)).toBe(false);
  expect(mayPublish(device, 'senml/farm/soil-8')).toBe(false);
  expect(mayPublish(device, 'spBv1.0/farm/DDATA/soil-7')).toBe(false);
  expect(maySubscribe(device, 'senml/farm/soil-7')).toBe(false);
});

test.each([undefined, host, flow, gateway])('nobody shares a subscription: it would stay silent', (user) => {
  expect(maySubscribe(user, '$share/workers/spBv1.0/#')).toBe(false);
});
