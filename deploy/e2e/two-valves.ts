import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from './farm.ts';
import { BUS } from './irrigation-rig.ts';

/** How often the valves' states are read. */
export const POLL_MS = 1_000;
/** What processes of a busy machine may take beside the poll. */
export const SLACK_MS = 1_000;
/** From the start of a gateway's process to its first write, and from a line that is back to the port that is open. */
export const COMING_UP_MS = 8_000;
/** One behind a controller that closes by itself, and one behind a relay board, which only the gateway closes. */
export const VALVES = [
  { device: 'valves', zone: 'north', hasTimer: true },
  { device: 'relays', zone: 'south', hasTimer: false },
] as const;
export type Valve = (typeof VALVES)[number];
export const METRIC = 'irrigation/valve_state/v1';

/** The demonstration farm with these two valves and a meter. */
export function twoValves({ simulator, gateway }: Settings, folder: string): void {
  copyFileSync('deploy/e2e/relay-board.yaml', join(folder, 'relay-board.yaml'));
  const controller = { kind: 'valve-controller-8', maxRunS: 600 };
  simulator.buses = [
    {
      id: BUS,
      baud: 9_600,
      devices: [
        { ...controller, unit: 3, valves: ['north'] },
        { ...controller, unit: 5, valves: ['south'], holdTimer: false },
        { unit: 4, kind: 'flow-meter' },
      ],
    },
  ];
  const everyMs = POLL_MS;
  gateway.drivers[0].devices = [
    { id: 'valves', unit: 3, profile: 'valve-controller-8', points: { v1: { zone: 'north' } }, everyMs },
    { id: 'relays', unit: 5, profile: 'relay-board.yaml', points: { v1: { zone: 'south' } }, everyMs },
    { id: 'flow-main', unit: 4, profile: 'flow-meter', everyMs: 2_000 },
  ];
  const valves = VALVES.map(({ device }) => ({ device, point: 'v1', maxRunS: 60 }));
  gateway.irrigation = {
    lines: [{ id: 'main', flow: { device: 'flow-main' }, whenBlind: 'allow', valves }],
  };
}

/** A time in which the gateway could not act. */
export interface Span {
  readonly fromMs: number;
  toMs: number;
}

/** Where nothing but the gateway closes, it needs time in which it is there. */
export function whenItCould(away: readonly Span[], atMs: number): number {
  return away.reduce((soonest, { fromMs, toMs }) => {
    return fromMs <= soonest + POLL_MS + SLACK_MS && soonest < toMs ? toMs : soonest;
  }, atMs);
}
