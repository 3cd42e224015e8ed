import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import { FarmConfig } from './farm-config.ts';
import { DAY_MS } from './sun.ts';
import { Sky } from './weather.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 5, 1);
const config = checkConfig(FarmConfig, { zones: [{ id: 'north', areaM2: 20, valveFlowLPerMin: 30 }] });

function skyOf(seed: number): Sky {
  return new Sky(config.place, config.climate, seed);
}

function hours(count: number): number[] {
  return Array.from({ length: count }, (_, hour) => START_MS + hour * HOUR_MS);
}

describe('weather', () => {
  it('stays possible through a year, and brings rain on some days only', () => {
    const year = hours(365 * 24).map((timeMs) => skyOf(7).at(timeMs));
    for (const weather of year) {
      expect(weather.temperatureC).toBeGreaterThan(-5);
      expect(weather.temperatureC).toBeLessThan(45);
      expect(weather.humidityPct).toBeGreaterThan(5);
      expect(weather.humidityPct).toBeLessThanOrEqual(100);
      expect(weather.radiationWPerM2).toBeLessThan(1150);
      expect(weather.windMPerS).toBeGreaterThanOrEqual(0);
      expect(weather.windDirectionDeg).toBeGreaterThanOrEqual(0);
      expect(weather.windDirectionDeg).toBeLessThan(360);
      expect(weather.pressureKPa).toBeGreaterThan(98);
      expect(weather.pressureKPa).toBeLessThan(104);
    }
    const wetHours = year.filter((weather) => weather.rainMmPerH > 0).length;
    expect(wetHours).toBeGreaterThan(100);
    expect(wetHours).toBeLessThan(1500);
  });

  it('gives a summer day of the subtropics 1 to 8 mm of reference evapotranspiration, none of it at night', () => {
    for (let day = 0; day < 30; day++) {
      const ofDay = hours(24).map((timeMs) => skyOf(7).at(timeMs + day * DAY_MS));
      const dailyMm = ofDay.reduce((sum, { et0MmPerH }) => sum + et0MmPerH, 0);
      expect(dailyMm).toBeGreaterThan(1);
      expect(dailyMm).toBeLessThan(8);
      // 18:00 UTC is two in the morning there.
      expect(ofDay[18]!.radiationWPerM2).toBe(0);
      expect(ofDay[18]!.et0MmPerH).toBeLessThan(0.06);
    }
  });

  it('is the same for the same seed in any order of asking, and another for another seed', () => {
    const forward = hours(48).map((timeMs) => skyOf(3).at(timeMs));
    const backward = hours(48)
      .reverse()
      .map((timeMs) => skyOf(3).at(timeMs))
      .reverse();
    expect(backward).toEqual(forward);
    expect(hours(48).map((timeMs) => skyOf(4).at(timeMs))).not.toEqual(forward);
  });

  it('reaches the soil damped and late', () => {
    const sky = skyOf(7);
    const minutes = Array.from({ length: 1440 }, (_, minute) => START_MS + minute * 60_000);
    const air = minutes.map((timeMs) => sky.at(timeMs).temperatureC);
    const soil = minutes.map((timeMs) => sky.soilTemperatureC(timeMs, 0.1));
    const swing = (values: number[]) => Math.max(...values) - Math.min(...values);
    expect(swing(soil)).toBeLessThan(swing(air) * 0.7);
    expect(swing(soil)).toBeGreaterThan(swing(air) * 0.2);
    const lagMinutes = soil.indexOf(Math.max(...soil)) - air.indexOf(Math.max(...air));
    expect(lagMinutes).toBeGreaterThan(90);
    expect(lagMinutes).toBeLessThan(360);
  });
});
