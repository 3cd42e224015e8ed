import { describe, expect, it } from 'vitest';
import { dayOfYear, extraterrestrialWPerM2, solarHour } from './sun.ts';

const MINUTE_MS = 60_000;

function dailyMjPerM2(dayMs: number, latitudeDeg: number): number {
  const place = { latitudeDeg, longitudeDeg: 0, elevationM: 0 };
  let joules = 0;
  for (let minute = 0; minute < 1440; minute++) {
    joules += 60 * extraterrestrialWPerM2(dayMs + minute * MINUTE_MS, place);
  }
  return joules / 1e6;
}

describe('the sun', () => {
  it.each([
    ['Bangkok, 15 April', Date.UTC(2025, 3, 15), 13.7333, 38.06],
    ['Uccle, 6 July', Date.UTC(2025, 6, 6), 50.8, 41.09],
    ['20° south, 3 September', Date.UTC(2025, 8, 3), -20, 32.2],
  ])('sends over %s as much in a day as FAO-56 prints', (_, dayMs, latitudeDeg, publishedMjPerM2) => {
    expect(Math.abs(dailyMjPerM2(dayMs, latitudeDeg) - publishedMjPerM2)).toBeLessThan(0.15);
  });

  it('stands highest at noon by the sun and not by the clock', () => {
    const zhongshan = { latitudeDeg: 22.5, longitudeDeg: 113.4, elevationM: 10 };
    const noonUtcMs = Date.UTC(2026, 5, 1, 12 - 113.4 / 15, 26);
    expect(Math.abs(solarHour(noonUtcMs, zhongshan) - 12)).toBeLessThan(0.2);
    expect(extraterrestrialWPerM2(Date.UTC(2026, 5, 1, 17), zhongshan)).toBe(0);
  });

  it('counts days from the first of January', () => {
    expect([dayOfYear(Date.UTC(2026, 0, 1)), dayOfYear(Date.UTC(2024, 11, 31, 23))]).toEqual([1, 366]);
  });
});
