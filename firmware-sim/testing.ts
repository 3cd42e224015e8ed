import { checkConfig } from '../core/config.ts';
import { SimulatorConfig } from './config.ts';
import type { DeviceConfig } from './devices/devices.ts';
import { Farm, type FarmRun } from './farm/farm.ts';

/** A farm in real time with the zones north and south, at eight in the morning of a dry day. */
export const SMALL_FARM = {
  seed: 1,
  startTime: '2026-06-01T00:00:00Z',
  speed: 1,
  climate: { rainyDayShare: 0 },
  zones: [
    { id: 'north', areaM2: 15, valveFlowLPerMin: 32, rootDepthM: 0.2, initialMoisturePct: 27 },
    { id: 'south', areaM2: 18, valveFlowLPerMin: 28, rootDepthM: 0.2, initialMoisturePct: 24 },
  ],
} as const;

export const EVERY_KIND: readonly DeviceConfig[] = [
  { unit: 1, kind: 'soil-moisture-temperature-ec', zone: 'north' },
  { unit: 2, kind: 'soil-moisture-temperature-ec', zone: 'south' },
  { unit: 3, kind: 'valve-controller-8', valves: ['north', 'south'], maxRunS: 600 },
  { unit: 4, kind: 'flow-meter' },
  { unit: 5, kind: 'weather-station' },
];

/** One line with a pump, out of a tank that fills itself. */
export const PUMPED = {
  lines: [
    {
      id: 'main',
      supply: { pressureKPa: 300, pressureAtRatedFlowKPa: 220, ratedFlowLPerMin: 80, ecUsPerCm: 600 },
      pump: { ratedHz: 50, ratedCurrentA: 8, rampHzPerS: 10 },
      tank: 'pond',
    },
  ],
  tanks: [
    {
      id: 'pond',
      capacityL: 1000,
      heightM: 2,
      initialPct: 50,
      refillLPerMin: 6,
      refillBelowPct: 20,
      refillToPct: 90,
    },
  ],
};

export function smallConfig(overrides: Partial<SimulatorConfig> = {}): SimulatorConfig {
  const buses = [{ id: 'bus-1', devices: structuredClone(EVERY_KIND) }];
  return checkConfig(SimulatorConfig, structuredClone({ ...SMALL_FARM, buses, ...overrides }));
}

export function smallFarm(overrides: Partial<SimulatorConfig> = {}, run: Partial<FarmRun> = {}): Farm {
  const config = smallConfig(overrides);
  const startMs = Date.parse(config.startTime!);
  return new Farm(config, { seed: config.seed, startMs, skySpeed: 1, ...run });
}
