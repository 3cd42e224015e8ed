import type { TankConfig } from './farm-config.ts';

/** A tank that its well refills between two marks, and that runs over when it is full. */
export class Tank {
  /** The well has run dry, or its pump is broken. */
  isCutOff = false;
  readonly config: TankConfig;
  #volumeL: number;
  #isRefilling = false;

  constructor(config: TankConfig) {
    this.config = config;
    this.#volumeL = (config.capacityL * config.initialPct) / 100;
  }

  step(durationS: number): void {
    const { refillBelowPct, refillToPct, refillLPerMin, capacityL } = this.config;
    if (this.levelPct <= refillBelowPct) this.#isRefilling = true;
    if (this.levelPct >= refillToPct) this.#isRefilling = false;
    if (!this.#isRefilling || this.isCutOff) return;
    this.#volumeL = Math.min(capacityL, this.#volumeL + (refillLPerMin * durationS) / 60);
  }

  draw(volumeL: number): void {
    this.#volumeL = Math.max(0, this.#volumeL - volumeL);
  }

  fillTo(levelPct: number): void {
    this.#volumeL = (this.config.capacityL * levelPct) / 100;
  }

  get isEmpty(): boolean {
    return this.#volumeL === 0;
  }

  get levelPct(): number {
    return (100 * this.#volumeL) / this.config.capacityL;
  }

  get levelM(): number {
    return (this.config.heightM * this.#volumeL) / this.config.capacityL;
  }
}
