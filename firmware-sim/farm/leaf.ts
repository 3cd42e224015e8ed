import type { Weather } from './weather.ts';

/** Water that a leaf holds before it drips. */
const FULL_FILM_MM = 0.25;
/** Dew of a clear humid night. */
const DEW_MM_PER_H = 0.04;
const DEW_HUMIDITY_PCT = 92;

/** The film of water on a leaf: rain and dew wet it, the air dries it as it would open water. */
export class Leaf {
  #filmMm = 0;

  step(durationS: number, { rainMmPerH, humidityPct, radiationWPerM2, et0MmPerH }: Weather): void {
    const isDewing = humidityPct > DEW_HUMIDITY_PCT && radiationWPerM2 < 1;
    const gainMmPerH = rainMmPerH + (isDewing ? DEW_MM_PER_H : 0);
    const filmMm = this.#filmMm + ((gainMmPerH - Math.max(0, et0MmPerH)) * durationS) / 3600;
    this.#filmMm = Math.min(FULL_FILM_MM, Math.max(0, filmMm));
  }

  get wetnessPct(): number {
    return (100 * this.#filmMm) / FULL_FILM_MM;
  }

  /** A dry leaf in the sun is warmer than the air, a wet one cooler. */
  temperatureC({ temperatureC, radiationWPerM2 }: Weather): number {
    return temperatureC + (radiationWPerM2 / 1000) * (3 - 0.05 * this.wetnessPct);
  }
}
