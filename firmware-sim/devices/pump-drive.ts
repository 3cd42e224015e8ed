import { type Static, Type } from 'typebox';
import { ILLEGAL_DATA_VALUE } from '../../core/modbus/pdu.ts';
import type { Line } from '../farm/line.ts';
import type { Pump } from '../farm/pump.ts';
import type { DeviceSurroundings, Registers, SlaveDevice } from './device.ts';
import { HoldTimer } from './hold-timer.ts';
import { MeterPlace } from './metered.ts';
import { unsigned16 } from './words.ts';

export const PumpDriveOptions = Type.Object({
  line: MeterPlace.line,
  maxRunS: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 65_535,
      description: 'Longest run on one command; 3600 where not set.',
    }),
  ),
  dryRunTripS: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: 'It stops with a fault when it has run this long without pressure; never where not set.',
    }),
  ),
});

type Options = Static<typeof PumpDriveOptions>;

const LONGEST_RUN_S = 3600;
/** Its fault code for a motor that has nothing to do. */
const UNDERLOAD = 7;
const STATUS = { turns: 1, fault: 2 } as const;

/**
 * Input registers: 0 status (bit 0 turns, bit 1 fault), 1 frequency ×100 Hz, 2 current ×10 A, 3 fault code (7: runs
 * dry). Holding registers: 0 command (1 run, 0 stop; 0 clears a fault), 1 frequency to run at ×100 Hz, 2 the hold time of
 * the command in seconds.
 */
export function createPumpDrive(options: Options, { farm }: DeviceSurroundings): SlaveDevice {
  const line = farm.line(options.line);
  if (!line.pump) throw new RangeError(`line ${line.id} has no pump`);
  return new PumpDrive(options, line, line.pump);
}

class PumpDrive implements SlaveDevice {
  readonly #line: Line;
  readonly #pump: Pump;
  readonly #dryRunTripS: number;
  readonly #timer: HoldTimer;
  #dryS = 0;
  #faultCode = 0;

  constructor(options: Options, line: Line, pump: Pump) {
    this.#line = line;
    this.#pump = pump;
    this.#dryRunTripS = options.dryRunTripS ?? Number.POSITIVE_INFINITY;
    this.#timer = new HoldTimer(options.maxRunS ?? LONGEST_RUN_S);
  }

  get registers(): Registers {
    const { isRunning, frequencyHz, setHz } = this.#pump;
    const status = (isRunning ? STATUS.turns : 0) | (this.#faultCode > 0 ? STATUS.fault : 0);
    return {
      coils: [],
      discreteInputs: [],
      holding: [this.#timer.isOn ? 1 : 0, unsigned16(100 * setHz), unsigned16(this.#timer.registerS)],
      input: [status, unsigned16(100 * frequencyHz), unsigned16(10 * this.#line.currentA), this.#faultCode],
    };
  }

  writeRegisters(address: number, values: readonly number[]): number | undefined {
    const [command, frequency, holdS] = [0, 1, 2].map((register) => values[register - address]);
    if (command !== undefined && command > 1) return ILLEGAL_DATA_VALUE;
    if (frequency !== undefined && frequency > 100 * this.#pump.config.ratedHz) return ILLEGAL_DATA_VALUE;
    if (frequency !== undefined) this.#pump.setHz = frequency / 100;
    if (holdS !== undefined) this.#timer.write(holdS);
    if (command !== undefined) {
      this.#timer.switch(command === 1);
      if (command === 0) this.#faultCode = 0;
    }
    this.#drive();
    return undefined;
  }

  step(durationS: number): void {
    this.#timer.step(durationS);
    const runsDry = this.#pump.isRunning && this.#line.pressureKPa === 0;
    this.#dryS = runsDry ? this.#dryS + durationS : 0;
    if (this.#dryS > this.#dryRunTripS) this.#faultCode = UNDERLOAD;
    this.#drive();
  }

  #drive(): void {
    this.#pump.isToldToRun = this.#timer.isOn && this.#faultCode === 0;
  }
}
