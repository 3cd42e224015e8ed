import { describe, expect, test } from 'vitest';
import { COMMAND_PROPERTIES, commandMetric } from '../../core/command.ts';
import { CARE_METRIC } from '../../core/gateway-event.ts';
import { LEDGER_METRICS } from '../../core/ledger.ts';
import { findQuantity } from '../../core/quantities.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES, type Metric } from '../../core/sparkplug/payload.ts';
import { readCommands } from './edge-commands.ts';
import { MetricTable, REBIRTH } from './metric-table.ts';

const quantity = findQuantity('irrigation', 'valve_state')!;
const valve = { quantity, point: 'v1', zone: '', link: '', class: '', dataType: DATA_TYPES.Boolean };
const table = new MetricTable([{ id: 'valves', metrics: [valve], groups: [] }]);
const NAME = 'irrigation/valve_state/v1';
const REQUEST = {
  ...{ id: 'c-1', device: 'valves', metric: NAME, value: true, issuer: 'api:operator' },
  ...{ leaseMs: 600_000, expiresAtMs: 1_900_000_000_000 },
};
const metric = () => commandMetric(REQUEST, DATA_TYPES.Boolean, 1);
const read = (metrics: readonly Metric[], device = 'valves') =>
  readCommands(encodePayload({ timeMs: 1, metrics }), device, table);
const text = (name: string, value: string): Metric => ({ name, dataType: DATA_TYPES.String, value });

test('a command comes through as it was made, by name or by the alias of the birth', () => {
  expect(read([metric()]).commands).toEqual([REQUEST]);
  const { name: _, ...byAlias } = metric();
  expect(read([{ ...byAlias, alias: 1 }]).commands).toEqual([REQUEST]);
});

test('one of a host that knows no leases has none, and an id of its own', () => {
  const { properties: _, ...plain } = metric();
  const [first, second] = read([plain, plain]).commands;
  expect(first).toMatchObject({ issuer: 'sparkplug', leaseMs: 0, expiresAtMs: 0, value: true });
  expect(first!.id).not.toBe(second!.id);
});

describe('what cannot be read is no command, and costs its neighbours nothing', () => {
  const withProperty = (key: string, value: number | string | boolean) => {
    const good = metric();
    return { ...good, properties: { ...good.properties, [key]: value } };
  };
  test.each([
    ['a lease that is text', withProperty(COMMAND_PROPERTIES.leaseMs, '600000')],
    ['a lease that is empty', withProperty(COMMAND_PROPERTIES.leaseMs, '')],
    ['a lease that is a boolean', withProperty(COMMAND_PROPERTIES.leaseMs, false)],
    ['a lease below zero', withProperty(COMMAND_PROPERTIES.leaseMs, -1)],
    ['a lease of half a millisecond', withProperty(COMMAND_PROPERTIES.leaseMs, 0.5)],
    ['an expiry that is no number', withProperty(COMMAND_PROPERTIES.expiresAtMs, 'soon')],
    ['an id with a space', withProperty(COMMAND_PROPERTIES.id, 'a b')],
    ['an id that is empty', withProperty(COMMAND_PROPERTIES.id, '')],
    ['a value that is text', { ...metric(), dataType: DATA_TYPES.String, value: 'open' }],
    ['a value that is no number', { ...metric(), dataType: DATA_TYPES.Double, value: Number.NaN }],
    ['a value that is missing', { ...metric(), value: null }],
    ['an alias of nothing', { alias: 99, dataType: DATA_TYPES.Boolean, value: true }],
  ])('%s', (_, bad) => {
    const { commands, problems } = read([bad as Metric, metric()]);
    expect(commands).toEqual([REQUEST]);
    expect(problems).toHaveLength(1);
  });

  test('bytes that are no payload', () => {
    const { problems, commands } = readCommands(Buffer.from('ffff', 'hex'), 'valves', table);
    expect([problems.length, commands.length]).toEqual([1, 0]);
  });
});

test('confirmations, care, plans and a rebirth are only for the gateway itself', () => {
  const rebirth: Metric = { name: REBIRTH, dataType: DATA_TYPES.Boolean, value: true };
  const confirm = text(LEDGER_METRICS.confirm, '00112233445566ff 0-4,9-9');
  const all = [
    rebirth,
    confirm,
    text(CARE_METRIC, '{}'),
    text('Links/Plan', '{}'),
    text(LEDGER_METRICS.confirm, 'nonsense'),
  ];
  const ranges = [
    { first: 0, last: 4 },
    { first: 9, last: 9 },
  ];
  expect(read(all, '')).toMatchObject({
    isRebirth: true,
    confirmations: [{ ledger: '00112233445566ff', ranges }],
    careRequests: ['{}'],
    plans: ['{}'],
    commands: [],
  });
  expect(read(all, '').problems).toHaveLength(1);
  expect(read(all)).toMatchObject({ isRebirth: false, confirmations: [], careRequests: [], plans: [] });
});
