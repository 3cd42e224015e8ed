import { describe, expect, it } from 'vitest';
import type { LastReading } from '../../api.ts';
import type { Command } from './api.ts';
import { deedFor, isInDoubt, lastOfEach } from './deeds.ts';

const command = (change: Partial<Command>): Command => ({
  ...{ id: 'c', site: 'farm', gateway: 'g', device: 'valves', metric: 'irrigation/valve_state/v1' },
  ...{ value: true, leaseS: 300, issuer: 'api:li', submittedMs: 100_000, state: 'pending' },
  ...change,
});
const reading = (value: number, timeMs: number): LastReading => ({
  ...{
    measurement: 'irrigation',
    field: 'valve_state',
    unit: '',
    quality: 'good',
    clock: 'synced',
    stale: false,
  },
  ...{ tags: { site: 'farm', gateway: 'g', device: 'valves', point: 'v1', zone: 'north' }, value, timeMs },
});

describe('what was asked of a valve last', () => {
  it('is the newest command for its point, whoever asked', () => {
    const deeds = lastOfEach([
      command({ id: 'new', issuer: 'mqtt:flows' }),
      command({ id: 'other', metric: 'irrigation/valve_state/v2' }),
      command({ id: 'old' }),
    ]);
    expect(deedFor(deeds, reading(0, 0))?.id).toBe('new');
    expect(deedFor(deeds, { ...reading(0, 0), tags: { site: 'farm', gateway: 'h' } })).toBeUndefined();
  });

  it('leaves what was read before it in doubt, once its answer or the new state is late', () => {
    const isDoubted = (change: Partial<Command>, value: number, readMs: number, nowMs: number) =>
      isInDoubt(command(change), reading(value, readMs), nowMs);
    expect(isDoubted({}, 0, 99_000, 103_000)).toBe(false);
    expect(isDoubted({}, 0, 99_000, 105_000)).toBe(true);
    // It was read again since, and is still closed.
    expect(isDoubted({}, 0, 101_000, 105_000)).toBe(false);
    expect(isDoubted({}, 1, 99_000, 105_000)).toBe(false);
    expect(isDoubted({ value: false, leaseS: 0 }, 1, 99_000, 105_000)).toBe(true);
    const applied = { state: 'applied', answeredMs: 110_000 } as const;
    expect(isDoubted(applied, 0, 109_000, 113_000)).toBe(false);
    expect(isDoubted(applied, 0, 109_000, 115_000)).toBe(true);
    expect(isDoubted(applied, 0, 130_000, 135_000)).toBe(false);
    expect(isDoubted({ state: 'unanswered' }, 0, 99_000, 200_000)).toBe(true);
    for (const state of ['refused', 'expired'] as const)
      expect(isDoubted({ state, answeredMs: 101_000 }, 0, 99_000, 200_000)).toBe(false);
    expect(isInDoubt(undefined, reading(0, 0), 200_000)).toBe(false);
  });
});
