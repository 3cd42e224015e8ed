import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import { FarmConfig } from './farm-config.ts';
import { Soil, type SoilInput, stressCoefficient } from './soil.ts';

const HOUR: SoilInput = {
  durationS: 3600,
  irrigationMm: 0,
  irrigationEcUsPerCm: 600,
  rainMm: 0,
  et0Mm: 0,
};

function soilAt(initialMoisturePct: number): Soil {
  const zone = { id: 'north', areaM2: 20, valveFlowLPerMin: 30, initialMoisturePct, rootDepthM: 0.2 };
  return new Soil(checkConfig(FarmConfig, { zones: [zone] }).zones[0]!);
}

function run(soil: Soil, hours: number, input: Partial<SoilInput>): Soil {
  for (let hour = 0; hour < hours; hour++) soil.step({ ...HOUR, ...input });
  return soil;
}

describe('a root zone', () => {
  it('rises by what it is given: 4 mm in 200 mm of soil are 2 %', () => {
    expect(run(soilAt(20), 1, { irrigationMm: 4 }).moisturePct).toBeCloseTo(22, 9);
  });

  it('loses water above field capacity by drainage, and none below it', () => {
    const soaked = run(soilAt(38), 48, {});
    expect(soaked.moisturePct).toBeCloseTo(30, 1);
    expect(soaked.totals.drainageMm).toBeCloseTo(16, 1);
    expect(run(soilAt(29), 48, {}).totals.drainageMm).toBe(0);
  });

  it('dries to the wilting point and no further, ever more slowly', () => {
    const firstDay = soilAt(29).moisturePct - run(soilAt(29), 24, { et0Mm: 0.2 }).moisturePct;
    const lastDay = soilAt(15).moisturePct - run(soilAt(15), 24, { et0Mm: 0.2 }).moisturePct;
    expect(firstDay).toBeGreaterThan(3 * lastDay);
    const parched = run(soilAt(29), 24 * 365, { et0Mm: 0.2 });
    expect(parched.moisturePct).toBeGreaterThanOrEqual(13);
    expect(parched.moisturePct).toBeCloseTo(13, 3);
  });

  it('lets a cloudburst run off once it is full', () => {
    const flooded = run(soilAt(30), 10, { rainMm: 60 });
    expect(flooded.moisturePct).toBeLessThanOrEqual(45);
    expect(flooded.totals.runoffMm).toBeGreaterThan(300);
  });

  it('grows saltier as it dries, and is leached by rain', () => {
    const poreEc = (soil: Soil) => soil.ecUsPerCm / soil.moisturePct;
    const watered = run(soilAt(25), 300, { irrigationMm: 0.2, et0Mm: 0.2 });
    expect(watered.ecUsPerCm).toBeGreaterThan(soilAt(watered.moisturePct).ecUsPerCm);
    const leached = run(run(soilAt(30), 200, { rainMm: 3 }), 200, {});
    expect(poreEc(leached)).toBeLessThan(poreEc(soilAt(30)) / 2);
  });
});

describe('water stress', () => {
  /** FAO-56 example 37: tomato, TAW 160 mm, p = 0.4; depletion at the start of each day in mm, and Ks as printed. */
  it.each([
    [61, 1],
    [67, 0.97],
    [72.8, 0.91],
    [78.3, 0.85],
    [83.4, 0.8],
    [88.2, 0.75],
    [92.6, 0.7],
    [96.9, 0.66],
    [100.8, 0.62],
  ])('at %d mm of depletion is Ks = %d', (depletionMm, publishedKs) => {
    expect(Math.abs(stressCoefficient(depletionMm, 160, 0.4) - publishedKs)).toBeLessThan(0.006);
  });
});
