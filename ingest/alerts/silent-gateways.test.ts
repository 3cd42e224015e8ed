import { expect, it } from 'vitest';
import { silentGateways } from './silent-gateways.ts';

it('is who has been away long enough, but not who was gone long before anybody looked', () => {
  const gone = (name: string, lastMs: number) => ({ name, presence: 'offline' as const, lastMs });
  const gateways = [gone('s/old', 10), gone('s/new', 900), gone('s/just', 990)];
  const found = silentGateways(gateways, new Map(), 1_000, 60, 500);
  expect(found.map(({ subject }) => subject)).toEqual(['s/new']);
  const before = new Map(silentGateways(gateways, new Map(), 1_000, 60).map((one) => [one.key, one]));
  expect(silentGateways(gateways, before, 1_000, 60, 500), 'what was told goes on').toHaveLength(2);
});

it('is nobody of whom this host has not heard since it was away itself, but for who was silent before', () => {
  const unknown = [{ name: 's/a', presence: 'unknown' as const, lastMs: 100 }];
  expect(silentGateways(unknown, new Map(), 1_000, 60)).toEqual([]);
  const [told] = silentGateways([{ ...unknown[0]!, presence: 'offline' }], new Map(), 1_000, 60);
  expect(silentGateways(unknown, new Map([[told!.key, told!]]), 2_000, 60)).toEqual([told]);
});
