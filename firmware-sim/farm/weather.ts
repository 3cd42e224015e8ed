import { type Air, meanPressureKPa, referenceEtMmPerH, saturationVapourKPa } from './et0.ts';
import type { Climate } from './farm-config.ts';
import { Random, seedFor, smoothNoise } from './random.ts';
import { clearSkyShare, DAY_MS, dayOfYear, extraterrestrialWPerM2, type Place, solarHour } from './sun.ts';

export interface Weather extends Air {
  readonly windDirectionDeg: number;
  readonly rainMmPerH: number;
  readonly et0MmPerH: number;
}

const HOUR_MS = 3_600_000;
/** Depth at which a daily temperature wave has faded to 1/e in moist loam. */
const DAMPING_DEPTH_M = 0.12;
/** The air is warmest about three hours after the sun stands highest. */
const WARMEST_SOLAR_HOUR = 15;

/**
 * The weather of one place as a function of time and seed alone: nothing is stepped, so asking twice, or in any
 * order, gives the same answer.
 */
export class Sky {
  readonly #place: Place;
  readonly #climate: Climate;
  readonly #seed: number;
  readonly #stream: Readonly<
    Record<'warmth' | 'dryness' | 'cloud' | 'wind' | 'direction' | 'pressure', number>
  >;

  constructor(place: Place, climate: Climate, seed: number) {
    this.#place = place;
    this.#climate = climate;
    this.#seed = seed;
    this.#stream = {
      warmth: seedFor(seed, 'warmth'),
      dryness: seedFor(seed, 'dryness'),
      cloud: seedFor(seed, 'cloud'),
      wind: seedFor(seed, 'wind'),
      direction: seedFor(seed, 'direction'),
      pressure: seedFor(seed, 'pressure'),
    };
  }

  at(timeMs: number): Weather {
    const hour = timeMs / HOUR_MS;
    const rainMmPerH = this.#rainMmPerH(timeMs);
    const clearness = this.#clearness(timeMs, rainMmPerH);
    const temperatureC = this.#airTemperatureC(timeMs);
    const solar = solarHour(timeMs, this.#place);
    const breeze = 0.7 + 0.3 * Math.cos((2 * Math.PI * (solar - 14)) / 24);
    const gusts = 1 + 0.5 * smoothNoise(this.#stream.wind, hour * 4);
    const tideHPa = Math.cos((4 * Math.PI * (solar - 10)) / 24);
    const air: Air = {
      temperatureC,
      humidityPct: this.#humidityPct(timeMs, temperatureC, rainMmPerH),
      windMPerS: this.#climate.meanWindMPerS * breeze * gusts,
      radiationWPerM2: extraterrestrialWPerM2(timeMs, this.#place) * clearSkyShare(this.#place) * clearness,
      clearness,
      pressureKPa:
        meanPressureKPa(this.#place.elevationM) +
        (6 * smoothNoise(this.#stream.pressure, hour / 36) + tideHPa) / 10,
    };
    const windDirectionDeg = (540 + 200 * smoothNoise(this.#stream.direction, hour / 8)) % 360;
    return { ...air, windDirectionDeg, rainMmPerH, et0MmPerH: referenceEtMmPerH(air) };
  }

  /**
   * The daily wave at a depth: e^(−z/d) of the air's, and z/d radians later (the harmonic solution of the heat
   * equation, as in Campbell and Norman, Environmental Biophysics, ch. 8).
   */
  soilTemperatureC(timeMs: number, depthM: number): number {
    const phase = depthM / DAMPING_DEPTH_M;
    const earlierMs = timeMs - (phase / (2 * Math.PI)) * DAY_MS;
    const meanC = this.#meanTemperatureC(earlierMs);
    return meanC + Math.exp(-phase) * (this.#airTemperatureC(earlierMs) - meanC);
  }

  #meanTemperatureC(timeMs: number): number {
    const { meanTemperatureC, seasonalSwingC } = this.#climate;
    const warmestDay = this.#place.latitudeDeg >= 0 ? 200 : 17;
    const season = Math.cos((2 * Math.PI * (dayOfYear(timeMs) - warmestDay)) / 365);
    return (
      meanTemperatureC + seasonalSwingC * season + 3 * smoothNoise(this.#stream.warmth, timeMs / DAY_MS / 2)
    );
  }

  #airTemperatureC(timeMs: number): number {
    const angle = (2 * Math.PI * (solarHour(timeMs, this.#place) - WARMEST_SOLAR_HOUR)) / 24;
    return this.#meanTemperatureC(timeMs) + this.#climate.dailySwingC * Math.cos(angle);
  }

  /** The dew point keeps close to the night's lowest temperature (FAO-56 p. 36), so the air is driest after noon. */
  #humidityPct(timeMs: number, temperatureC: number, rainMmPerH: number): number {
    const drynessC = 2 + 2 * smoothNoise(this.#stream.dryness, timeMs / DAY_MS);
    const dewPointC = this.#meanTemperatureC(timeMs) - this.#climate.dailySwingC - drynessC;
    const humidity = (100 * saturationVapourKPa(dewPointC)) / saturationVapourKPa(temperatureC);
    return Math.min(100, rainMmPerH > 0 ? Math.max(humidity, 92) : humidity);
  }

  #clearness(timeMs: number, rainMmPerH: number): number {
    const days = smoothNoise(this.#stream.cloud, timeMs / DAY_MS);
    const hours = smoothNoise(this.#stream.cloud, 1e6 + timeMs / (2 * HOUR_MS));
    const clearness = 0.75 + 0.2 * days + 0.15 * hours;
    return Math.min(1, rainMmPerH > 0 ? Math.min(clearness, 0.35) : Math.max(0.35, clearness));
  }

  /** At most one shower begins on each day; it may last into the next. */
  #rainMmPerH(timeMs: number): number {
    const today = Math.floor(timeMs / DAY_MS);
    return this.#showerMmPerH(today - 1, timeMs) + this.#showerMmPerH(today, timeMs);
  }

  #showerMmPerH(day: number, timeMs: number): number {
    const random = new Random(this.#seed, `rain ${day}`);
    if (!random.chance(this.#climate.rainyDayShare)) return 0;
    const startMs = (day + random.next()) * DAY_MS;
    const durationMs = (1 + 4 * random.next()) * HOUR_MS;
    const depthMm = -Math.log(1 - random.next()) * this.#climate.meanRainMm;
    const progress = (timeMs - startMs) / durationMs;
    if (progress < 0 || progress > 1) return 0;
    // sin² swells and fades, and its mean over the shower is a half.
    return ((2 * depthMm * HOUR_MS) / durationMs) * Math.sin(Math.PI * progress) ** 2;
  }
}
