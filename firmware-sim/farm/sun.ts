/** Where the farm lies; longitude is positive to the east. */
export interface Place {
  readonly latitudeDeg: number;
  readonly longitudeDeg: number;
  readonly elevationM: number;
}

export const DAY_MS = 86_400_000;
const SOLAR_CONSTANT_W_PER_M2 = 0.082 * (1e6 / 60);

/** Hours of local solar time, 12 when the sun is highest (FAO-56 eq. 31 to 33). */
export function solarHour(timeMs: number, place: Place): number {
  const b = (2 * Math.PI * (dayOfYear(timeMs) - 81)) / 364;
  const seasonalCorrectionH = 0.1645 * Math.sin(2 * b) - 0.1255 * Math.cos(b) - 0.025 * Math.sin(b);
  const utcHour = (timeMs % DAY_MS) / 3_600_000;
  return (((utcHour + place.longitudeDeg / 15 + seasonalCorrectionH) % 24) + 24) % 24;
}

/** Radiation on a level surface above the air, W/m² (FAO-56 eq. 23, 24, and 28 for an instant); 0 at night. */
export function extraterrestrialWPerM2(timeMs: number, place: Place): number {
  const yearAngle = (2 * Math.PI * dayOfYear(timeMs)) / 365;
  const inverseDistance = 1 + 0.033 * Math.cos(yearAngle);
  const declination = 0.409 * Math.sin(yearAngle - 1.39);
  const latitude = (place.latitudeDeg * Math.PI) / 180;
  const hourAngle = (Math.PI / 12) * (solarHour(timeMs, place) - 12);
  const sineOfElevation =
    Math.sin(latitude) * Math.sin(declination) +
    Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle);
  return SOLAR_CONSTANT_W_PER_M2 * inverseDistance * Math.max(0, sineOfElevation);
}

/** Share of it that reaches the ground under a clear sky (FAO-56 eq. 37). */
export function clearSkyShare(place: Place): number {
  return 0.75 + 2e-5 * place.elevationM;
}

/** 1 on the first of January. */
export function dayOfYear(timeMs: number): number {
  const yearStartMs = Date.UTC(new Date(timeMs).getUTCFullYear(), 0, 1);
  return Math.floor((timeMs - yearStartMs) / DAY_MS) + 1;
}
