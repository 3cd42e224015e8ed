/** What fertiliser and acid a line may add, and how fast its mixing tank follows. */
const MOST_DOSE_EC_US_PER_CM = 4000;
const WATER_PH = 7.2;
const LOWEST_PH = 4.5;
const MIXING_S = 15;

/** A fertigation controller's pumps: they pull the line's water towards the set-points while water flows. */
export class Dosing {
  isOn = false;
  setEcUsPerCm: number;
  setPh = 6;
  readonly #waterEcUsPerCm: number;
  #ecUsPerCm: number;
  #ph = WATER_PH;

  constructor(waterEcUsPerCm: number) {
    this.#waterEcUsPerCm = waterEcUsPerCm;
    this.#ecUsPerCm = waterEcUsPerCm;
    this.setEcUsPerCm = waterEcUsPerCm;
  }

  step(durationS: number, flowLPerMin: number): void {
    if (flowLPerMin <= 0) return;
    const follow = -Math.expm1(-durationS / MIXING_S);
    this.#ecUsPerCm += follow * (this.#reachableEc() - this.#ecUsPerCm);
    this.#ph += follow * (this.#reachablePh() - this.#ph);
  }

  get ecUsPerCm(): number {
    return this.#ecUsPerCm;
  }

  get ph(): number {
    return this.#ph;
  }

  /** Fertiliser adds salt and takes none away. */
  #reachableEc(): number {
    const water = this.#waterEcUsPerCm;
    return this.isOn ? Math.min(water + MOST_DOSE_EC_US_PER_CM, Math.max(water, this.setEcUsPerCm)) : water;
  }

  /** Acid lowers and never raises. */
  #reachablePh(): number {
    return this.isOn ? Math.max(LOWEST_PH, Math.min(WATER_PH, this.setPh)) : WATER_PH;
  }
}
