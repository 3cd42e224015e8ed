import { describe, expect, it } from 'vitest';
import { meanPressureKPa, netRadiationMjPerM2H, referenceEtMmPerH, saturationVapourKPa } from './et0.ts';

/** FAO-56 example 19, N’Diaye (Senegal, 8 m), 1 October: measured air, and the evapotranspiration as published. */
const EXAMPLE_19 = {
  'the afternoon, 14:00 to 15:00': {
    air: { temperatureC: 38, humidityPct: 52, windMPerS: 3.3, radiationMjPerM2H: 2.45, clearness: 0.923 },
    publishedNet: 1.749,
    publishedMmPerH: 0.63,
  },
  'the night, 2:00 to 3:00': {
    air: { temperatureC: 28, humidityPct: 90, windMPerS: 1.9, radiationMjPerM2H: 0, clearness: 0.8 },
    publishedNet: -0.1,
    publishedMmPerH: 0,
  },
};

describe('hourly reference evapotranspiration', () => {
  it.each(Object.entries(EXAMPLE_19))(
    'agrees with FAO-56 example 19 in %s',
    (_, { air, publishedNet, publishedMmPerH }) => {
      const { radiationMjPerM2H, ...rest } = air;
      const measured = {
        ...rest,
        radiationWPerM2: radiationMjPerM2H / 3600e-6,
        pressureKPa: meanPressureKPa(8),
      };
      const vapourKPa = (saturationVapourKPa(air.temperatureC) * air.humidityPct) / 100;
      expect(netRadiationMjPerM2H(measured, vapourKPa)).toBeCloseTo(publishedNet, 2);
      const et0 = referenceEtMmPerH(measured);
      expect(Math.abs(et0 - publishedMmPerH)).toBeLessThan(0.01);
    },
  );

  it('takes the pressure of a height from FAO-56 example 2', () => {
    expect(meanPressureKPa(1800)).toBeCloseTo(81.8, 1);
  });
});
