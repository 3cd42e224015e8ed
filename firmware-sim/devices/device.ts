import type { Farm } from '../farm/farm.ts';
import type { Random } from '../farm/random.ts';
import type { Fault } from '../faults.ts';

/** The four tables of a Modbus slave, each from address 0; an empty one means that the slave does not know it. */
export interface Registers {
  readonly coils: readonly boolean[];
  readonly discreteInputs: readonly boolean[];
  /** 0 to 65535 each. */
  readonly holding: readonly number[];
  readonly input: readonly number[];
}

/** What stands behind one unit number of a bus. */
export interface SlaveDevice {
  /** As they read at this moment. */
  readonly registers: Registers;
  /** Lets the device's own time pass: its timers, and its sampling of the farm. */
  step(durationS: number): void;
  /** Absent where coils are read-only. */
  writeCoil?(address: number, on: boolean): void;
  /**
   * Writes holding registers from `address` on, all or none, and answers `undefined`; or writes nothing and answers
   * the exception that says why not. Absent where they are read-only.
   */
  writeRegisters?(address: number, values: readonly number[]): number | undefined;
  /** Takes the faults of its sensors, and passes over those of the line. Throws `CONFIG_INVALID` for an unknown channel. */
  setFaults?(faults: readonly Fault[]): void;
}

/** What a device is built upon. */
export interface DeviceSurroundings {
  readonly farm: Farm;
  /** For its noise. */
  readonly random: Random;
  /** For its faults, so that a fault changes nothing but what it strikes. */
  readonly faultRandom: Random;
}
