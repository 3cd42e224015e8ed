import type { Registers, SlaveDevice } from './device.ts';

/** Sensors look at the world once a second, however often they are asked. */
const SAMPLE_S = 1;
const EMPTY: Registers = { coils: [], discreteInputs: [], holding: [], input: [] };

/** A device that only measures: `measure` gives the tables that it has. */
export class SamplingDevice implements SlaveDevice {
  readonly #measure: () => Partial<Registers>;
  #registers: Registers;
  #sinceSampleS = 0;

  constructor(measure: () => Partial<Registers>) {
    this.#measure = measure;
    this.#registers = { ...EMPTY, ...measure() };
  }

  get registers(): Registers {
    return this.#registers;
  }

  step(durationS: number): void {
    this.#sinceSampleS += durationS;
    if (this.#sinceSampleS < SAMPLE_S) return;
    this.#sinceSampleS %= SAMPLE_S;
    this.#registers = { ...EMPTY, ...this.#measure() };
  }
}
