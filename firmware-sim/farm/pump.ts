import type { PumpConfig } from './farm-config.ts';

/** A centrifugal pump behind a variable-frequency drive. */
export class Pump {
  readonly config: PumpConfig;
  /** What the drive is told; it ramps towards it. */
  isToldToRun = false;
  setHz: number;
  readonly #notice: (event: 'started' | 'stopped') => void;
  #frequencyHz = 0;

  constructor(config: PumpConfig, notice: (event: 'started' | 'stopped') => void = () => {}) {
    this.config = config;
    this.setHz = config.ratedHz;
    this.#notice = notice;
  }

  step(durationS: number): void {
    const wasRunning = this.isRunning;
    const targetHz = this.isToldToRun ? this.setHz : 0;
    const mostHz = this.config.rampHzPerS * durationS;
    this.#frequencyHz += Math.max(-mostHz, Math.min(mostHz, targetHz - this.#frequencyHz));
    if (wasRunning !== this.isRunning) this.#notice(this.isRunning ? 'started' : 'stopped');
  }

  get isRunning(): boolean {
    return this.#frequencyHz > 0;
  }

  get frequencyHz(): number {
    return this.#frequencyHz;
  }

  /** Pressure goes with the square of the speed (affinity laws). */
  get headRatio(): number {
    return (this.#frequencyHz / this.config.ratedHz) ** 2;
  }

  /** Motor current: magnetising, and load with speed³ and flow; a dry pump takes little. */
  currentA(flowRatio: number): number {
    if (!this.isRunning) return 0;
    const speed = this.#frequencyHz / this.config.ratedHz;
    return this.config.ratedCurrentA * (0.3 + 0.7 * speed ** 2 * (0.4 + 0.6 * Math.min(1.5, flowRatio)));
  }
}
