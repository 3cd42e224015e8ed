import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import { Farm, type FarmRun } from './farm.ts';
import { FarmConfig } from './farm-config.ts';

const START_MS = Date.UTC(2026, 5, 1);
const ZONES = ['north', 'south', 'east'];

function farmOf(run: Partial<FarmRun> = {}): Farm {
  const config = checkConfig(FarmConfig, {
    zones: ZONES.map((id, index) => ({ id, areaM2: 15 + 5 * index, valveFlowLPerMin: 30, rootDepthM: 0.2 })),
  });
  return new Farm(config, { seed: 1, startMs: START_MS, skySpeed: 1, ...run });
}

/** A history of a farm: which valves are sent where, and how long until the next word. */
const history = fc.array(
  fc.record({
    zone: fc.constantFrom(...ZONES),
    open: fc.boolean(),
    thenS: fc.double({ min: 0.05, max: 900, noNaN: true }),
  }),
  { minLength: 1, maxLength: 25 },
);
const anyRun = fc.record({ seed: fc.integer(), skySpeed: fc.constantFrom(1, 60, 600) });

function live(
  farm: Farm,
  steps: readonly { zone: string; open: boolean; thenS: number }[],
  look = () => {},
): Farm {
  for (const { zone, open, thenS } of steps) {
    farm.zone(zone).valve.send(open);
    farm.step(thenS);
    look();
  }
  return farm;
}

function snapshot(farm: Farm): unknown {
  const zones = [...farm.zones].map(([id, zone]) => [
    id,
    zone.soil.storedMm,
    zone.soil.ecUsPerCm,
    zone.volumeL,
  ]);
  return { zones, main: farm.main, weather: farm.weather, timeMs: farm.timeMs };
}

describe('the farm', () => {
  it('keeps every litre: what the meter counts went through valves into zones, and is there, used or drained', () => {
    fc.assert(
      fc.property(anyRun, history, (run, steps) => {
        const farm = farmOf(run);
        const storedAtStart = new Map([...farm.zones].map(([id, zone]) => [id, zone.soil.storedMm]));
        live(farm, steps);
        let throughValvesL = 0;
        for (const [id, zone] of farm.zones) {
          throughValvesL += zone.volumeL;
          const { irrigationMm, rainMm, evapotranspirationMm, drainageMm, runoffMm } = zone.soil.totals;
          expectSame(irrigationMm * zone.areaM2, zone.volumeL);
          expectSame(rainMm, farm.rainMm);
          const heldMm = zone.soil.storedMm + evapotranspirationMm + drainageMm + runoffMm;
          expectSame(heldMm, storedAtStart.get(id)! + irrigationMm + rainMm);
        }
        expectSame(farm.main.volumeL, throughValvesL);
      }),
    );
  });

  it('keeps moisture between nothing and saturation, and pressure between nothing and the source', () => {
    fc.assert(
      fc.property(anyRun, history, (run, steps) => {
        const farm = farmOf(run);
        live(farm, steps, () => {
          for (const zone of farm.zones.values()) {
            expect(zone.soil.moisturePct).toBeGreaterThan(0);
            expect(zone.soil.moisturePct).toBeLessThanOrEqual(45 + 1e-9);
            expect(zone.soil.ecUsPerCm).toBeGreaterThan(0);
          }
          expect(farm.main.pressureKPa).toBeGreaterThan(0);
          expect(farm.main.pressureKPa).toBeLessThanOrEqual(300);
        });
      }),
    );
  });

  it('lives the same life again from the same seed, and another from another', () => {
    fc.assert(
      fc.property(anyRun, history, (run, steps) => {
        expect(snapshot(live(farmOf(run), steps))).toEqual(snapshot(live(farmOf(run), steps)));
      }),
      { numRuns: 20 },
    );
    expect(farmOf({ seed: 1 }).weather).not.toEqual(farmOf({ seed: 2 }).weather);
  });

  it('lets more flow with each valve that opens, at less pressure and less through each', () => {
    const farm = farmOf();
    let before = { flowLPerMin: 0, pressureKPa: 300, northLPerMin: Number.POSITIVE_INFINITY };
    expect(farm.main).toMatchObject({ flowLPerMin: 0, pressureKPa: 300 });
    for (const id of ZONES) {
      farm.zone(id).valve.send(true);
      farm.step(10);
      expect(farm.main.flowLPerMin).toBeGreaterThan(before.flowLPerMin);
      expect(farm.main.pressureKPa).toBeLessThan(before.pressureKPa);
      expect(farm.zone('north').flowLPerMin).toBeLessThan(before.northLPerMin);
      before = { ...farm.main, northLPerMin: farm.zone('north').flowLPerMin };
    }
    for (const id of ZONES) farm.zone(id).valve.send(false);
    farm.step(10);
    expect(farm.main).toMatchObject({ flowLPerMin: 0, pressureKPa: 300 });
  });

  it('moves a valve in seconds and not at once, at any speed of the sky', () => {
    for (const skySpeed of [1, 600]) {
      const farm = farmOf({ skySpeed });
      farm.zone('north').valve.send(true);
      farm.step(1);
      expect(farm.zone('north').valve.openingRatio).toBeCloseTo(0.25, 9);
      farm.step(4);
      expect(farm.zone('north').valve.openingRatio).toBe(1);
    }
  });

  it('counts the volume that its flow says, at any speed of the sky', () => {
    const farm = farmOf({ skySpeed: 600 });
    farm.zone('north').valve.send(true);
    farm.step(10);
    const { flowLPerMin, volumeL } = farm.main;
    farm.step(60);
    expect(farm.main.volumeL - volumeL).toBeCloseTo(flowLPerMin, 9);
  });

  it('wets the irrigated zone and dries the others', () => {
    const farm = farmOf({ skySpeed: 120, startMs: Date.UTC(2026, 5, 1, 1) });
    const before = new Map([...farm.zones].map(([id, zone]) => [id, zone.soil.moisturePct]));
    farm.zone('north').valve.send(true);
    farm.step(90);
    expect(farm.zone('north').soil.moisturePct).toBeGreaterThan(before.get('north')! + 1);
    expect(farm.zone('south').soil.moisturePct).toBeLessThan(before.get('south')!);
  });
});

/** Equal but for rounding: within 10⁻⁹ of the amount. */
function expectSame(value: number, expected: number): void {
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
}
