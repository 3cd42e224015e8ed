import type { ZoneConfig } from './farm-config.ts';

type SoilConfig = Omit<ZoneConfig, 'id' | 'areaM2' | 'valveFlowLPerMin' | 'valveTravelS'>;

/** What falls on the zone, and what the air asks of it, during one step. */
export interface SoilInput {
  readonly durationS: number;
  readonly irrigationMm: number;
  readonly irrigationEcUsPerCm: number;
  readonly rainMm: number;
  readonly et0Mm: number;
}

/** Water that came and went since the start, mm over the zone: in − out = change of what is stored. */
export interface SoilTotals {
  irrigationMm: number;
  rainMm: number;
  evapotranspirationMm: number;
  drainageMm: number;
  runoffMm: number;
}

/** Water that stands on the surface before it runs off. */
const POND_MM = 5;
const RAIN_EC_US_PER_CM = 20;

/** One root zone as a bucket: filled through its surface, emptied by crop and drainage (FAO-56 ch. 8). */
export class Soil {
  readonly totals: SoilTotals = {
    irrigationMm: 0,
    rainMm: 0,
    evapotranspirationMm: 0,
    drainageMm: 0,
    runoffMm: 0,
  };
  readonly #config: SoilConfig;
  readonly #depthMm: number;
  #waterMm: number;
  #pondMm = 0;
  /** Salt as conductivity × depth of its water, in µS/cm·mm: a quantity that mixing and flow keep. */
  #salt: number;
  #pondSalt = 0;

  constructor(config: SoilConfig) {
    this.#config = config;
    this.#depthMm = config.rootDepthM * 1000;
    this.#waterMm = this.#mm(Math.min(config.initialMoisturePct, config.saturationPct));
    this.#salt = this.#waterMm * 2500;
  }

  step(input: SoilInput): void {
    this.#wet(input);
    this.#infiltrate(input.durationS);
    this.#evaporate(input.et0Mm);
    this.#drain(input.durationS);
  }

  /** In the root zone and on its surface. */
  get storedMm(): number {
    return this.#waterMm + this.#pondMm;
  }

  get moisturePct(): number {
    return (100 * this.#waterMm) / this.#depthMm;
  }

  /** Bulk conductivity as a probe sees it: Rhoades, Raats and Prather (1976) with coefficients for loam. */
  get ecUsPerCm(): number {
    const moisture = this.#waterMm / this.#depthMm;
    const porewaterEc = this.#salt / this.#waterMm;
    return porewaterEc * moisture * Math.max(0.02, 1.3 * moisture - 0.06);
  }

  /** Dissolved salts to dry soil, mg/kg: 0.64 mg/L for each µS/cm of the water in the pores, loam of 1.35 kg/L. */
  get saltMgPerKg(): number {
    return (0.64 * this.#salt) / this.#depthMm / 1.35;
  }

  #wet({ irrigationMm, irrigationEcUsPerCm, rainMm }: SoilInput): void {
    this.totals.irrigationMm += irrigationMm;
    this.totals.rainMm += rainMm;
    this.#pondMm += irrigationMm + rainMm;
    this.#pondSalt += irrigationMm * irrigationEcUsPerCm + rainMm * RAIN_EC_US_PER_CM;
  }

  #infiltrate(durationS: number): void {
    const roomMm = this.#mm(this.#config.saturationPct) - this.#waterMm;
    const rateMm = (this.#config.infiltrationMmPerH * durationS) / 3600;
    const infiltratedMm = Math.max(0, Math.min(this.#pondMm, roomMm, rateMm));
    if (infiltratedMm > 0) {
      const salt = this.#pondSalt * (infiltratedMm / this.#pondMm);
      this.#pondSalt -= salt;
      this.#salt += salt;
      this.#pondMm -= infiltratedMm;
      this.#waterMm += infiltratedMm;
    }
    const runoffMm = Math.max(0, this.#pondMm - POND_MM);
    if (runoffMm > 0) {
      this.#pondSalt *= POND_MM / this.#pondMm;
      this.#pondMm -= runoffMm;
      this.totals.runoffMm += runoffMm;
    }
  }

  /** Takes water and leaves its salt behind. */
  #evaporate(et0Mm: number): void {
    const { fieldCapacityPct, wiltingPointPct, cropCoefficient, depletionFraction } = this.#config;
    const availableMm = Math.max(0, this.#waterMm - this.#mm(wiltingPointPct));
    const totalAvailableMm = this.#mm(fieldCapacityPct) - this.#mm(wiltingPointPct);
    const stress = stressCoefficient(totalAvailableMm - availableMm, totalAvailableMm, depletionFraction);
    const takenMm = Math.min(availableMm, cropCoefficient * stress * et0Mm);
    this.#waterMm -= takenMm;
    this.totals.evapotranspirationMm += takenMm;
  }

  #drain(durationS: number): void {
    const excessMm = this.#waterMm - this.#mm(this.#config.fieldCapacityPct);
    if (excessMm <= 0) return;
    const drainedMm = excessMm * -Math.expm1(-durationS / (this.#config.drainageH * 3600));
    this.#salt -= this.#salt * (drainedMm / this.#waterMm);
    this.#waterMm -= drainedMm;
    this.totals.drainageMm += drainedMm;
  }

  #mm(moisturePct: number): number {
    return (moisturePct / 100) * this.#depthMm;
  }
}

/**
 * Ks of FAO-56 eq. 84, 1 without stress to 0 at the wilting point: root-zone depletion against the total available
 * water, both in mm, of which the share `depletionFraction` is readily available.
 */
export function stressCoefficient(
  depletionMm: number,
  totalAvailableMm: number,
  depletionFraction: number,
): number {
  const ks = (totalAvailableMm - depletionMm) / ((1 - depletionFraction) * totalAvailableMm);
  return Math.min(1, Math.max(0, ks));
}
