import type { Random } from '../farm/random.ts';
import type { Fault } from '../faults.ts';
import type { Registers, SlaveDevice } from './device.ts';
import { Measured } from './measured.ts';

/** Sensors look at the world once a second, however often they are asked. */
const SAMPLE_S = 1;
export const NO_REGISTERS: Registers = { coils: [], discreteInputs: [], holding: [], input: [] };

/** A device that only measures: `look` gives its values, `layOut` puts them into its tables. */
export class MeasuringDevice<Channel extends string> implements SlaveDevice {
  readonly #measured: Measured<Channel>;
  readonly #layOut: (values: Readonly<Record<Channel, number>>) => Partial<Registers>;
  #registers: Registers;
  #sinceSampleS = 0;

  constructor(
    random: Random,
    look: () => Record<Channel, number>,
    layOut: (values: Readonly<Record<Channel, number>>) => Partial<Registers>,
  ) {
    this.#measured = new Measured(look, random);
    this.#layOut = layOut;
    this.#registers = this.#read();
  }

  get registers(): Registers {
    return this.#registers;
  }

  setFaults(faults: readonly Fault[]): void {
    this.#measured.setFaults(faults);
  }

  step(durationS: number): void {
    this.#sinceSampleS += durationS;
    // A hair of tolerance: ten ticks of a tenth are a little less than one.
    const dueS = SAMPLE_S * Math.floor(this.#sinceSampleS / SAMPLE_S + 1e-6);
    if (dueS === 0) return;
    this.#sinceSampleS -= dueS;
    this.#measured.sample(dueS);
    this.#registers = this.#read();
  }

  #read(): Registers {
    return { ...NO_REGISTERS, ...this.#layOut(this.#measured.values) };
  }
}
