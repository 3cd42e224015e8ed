import { expect, it } from 'vitest';
import { parseGatewayEvent } from './gateway-event.ts';

const command = {
  id: 'e1',
  timeMs: 1_700_000_000_000,
  kind: 'command',
  command: 'c1',
  outcome: 'applied',
  device: 'valves',
  metric: 'irrigation/valve_state/v1',
  value: true,
  issuer: 'zhang',
};

it('reads an event, also one with more to it than is known', () => {
  expect(parseGatewayEvent(JSON.stringify({ ...command, news: 1 }))).toEqual({ ...command, news: 1 });
});

it.each([
  '',
  'null',
  '{}',
  JSON.stringify({ ...command, outcome: 'perhaps' }),
  JSON.stringify({ ...command, kind: 'party' }),
])('is no event: %s', (text) => expect(parseGatewayEvent(text)).toBeUndefined());
