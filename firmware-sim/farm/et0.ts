/** The air over the reference grass for one moment. */
export interface Air {
  readonly temperatureC: number;
  readonly humidityPct: number;
  /** At 2 m above the ground. */
  readonly windMPerS: number;
  readonly radiationWPerM2: number;
  /** Radiation over that of a clear sky, 0 to 1; at night that of the day's end. */
  readonly clearness: number;
  readonly pressureKPa: number;
}

const STEFAN_BOLTZMANN_MJ_PER_M2_H_K4 = 4.903e-9 / 24;
const ALBEDO = 0.23;

/** Reference evapotranspiration for hourly periods, mm/h: FAO Penman–Monteith, FAO-56 eq. 53. Never below 0. */
export function referenceEtMmPerH(air: Air): number {
  const { temperatureC, windMPerS } = air;
  const saturationKPa = saturationVapourKPa(temperatureC);
  const actualKPa = (saturationKPa * air.humidityPct) / 100;
  const slope = (4098 * saturationKPa) / (temperatureC + 237.3) ** 2;
  const gamma = 0.665e-3 * air.pressureKPa;
  const net = netRadiationMjPerM2H(air, actualKPa);
  // Eq. 45 and 46: the ground takes a tenth of it by day and gives half of it by night.
  const available = net * (air.radiationWPerM2 > 0 ? 0.9 : 0.5);
  const drying = ((gamma * 37) / (temperatureC + 273)) * windMPerS * (saturationKPa - actualKPa);
  return Math.max(0, (0.408 * slope * available + drying) / (slope + gamma * (1 + 0.34 * windMPerS)));
}

/** What the grass keeps of sun and sky, MJ/m² in an hour: FAO-56 eq. 38 to 40. */
export function netRadiationMjPerM2H(air: Omit<Air, 'pressureKPa'>, actualVapourKPa: number): number {
  const incoming = (1 - ALBEDO) * air.radiationWPerM2 * 3600e-6;
  const emitted = STEFAN_BOLTZMANN_MJ_PER_M2_H_K4 * (air.temperatureC + 273.16) ** 4;
  const outgoing = emitted * (0.34 - 0.14 * Math.sqrt(actualVapourKPa)) * (1.35 * air.clearness - 0.35);
  return incoming - outgoing;
}

/** FAO-56 eq. 11. */
export function saturationVapourKPa(temperatureC: number): number {
  return 0.6108 * Math.exp((17.27 * temperatureC) / (temperatureC + 237.3));
}

/** Mean air pressure at a height above the sea, FAO-56 eq. 7. */
export function meanPressureKPa(elevationM: number): number {
  return 101.3 * ((293 - 0.0065 * elevationM) / 293) ** 5.26;
}
