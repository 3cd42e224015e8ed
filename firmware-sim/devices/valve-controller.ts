import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';
import type { Zone } from '../farm/zone.ts';
import type { DeviceSurroundings, Registers, SlaveDevice } from './device.ts';
import { HoldTimer } from './hold-timer.ts';
import { unsigned16 } from './words.ts';

const OUTPUTS = 8;

const Opening = Type.Object(
  {
    valve: Type.Integer({ minimum: 1, maximum: OUTPUTS }),
    atS: Type.Number({ minimum: 0, description: 'Into the cycle.' }),
    forS: Type.Number({ exclusiveMinimum: 0, description: 'Never longer than maxRunS.' }),
  },
  { additionalProperties: false },
);

export const ValveControllerOptions = Type.Object({
  valves: Type.Array(Type.String({ pattern: ID_PATTERN }), {
    minItems: 1,
    maxItems: OUTPUTS,
    description: 'Zones whose valves are wired to outputs 1, 2, …; the other outputs stay free.',
  }),
  maxRunS: Type.Integer({
    minimum: 1,
    maximum: 65_535,
    description: 'A valve closes by itself at latest this long after it was last told to open.',
  }),
  holdTimer: Type.Optional(
    Type.Boolean({
      description:
        'true where not set. false: a plain relay board without timers, whose coils stay as they are written until power goes.',
    }),
  ),
  programme: Type.Optional(
    Type.Object(
      { cycleS: Type.Number({ exclusiveMinimum: 0 }), openings: Type.Array(Opening) },
      { additionalProperties: false, description: 'Openings that the controller repeats by itself.' },
    ),
  ),
});

type Options = Static<typeof ValveControllerOptions>;

/** Opening under which the switch at the valve's closed end is made. */
const CLOSED_END_RATIO = 0.02;

/**
 * Coils 0–7 command the outputs, discrete inputs 0–7 tell whether each valve has left its closed end, holding
 * registers 0–7 are the hold times: of an output that is on, the seconds until it closes by itself; of one that is
 * off, the seconds that its next opening by coil will last (0: the longest run). A time written while the output is on
 * runs from then; 0 closes it. Longer than maxRunS becomes maxRunS. A hold time stays until another is written.
 *
 * Nothing leaves a valve open: each opening, by its programme or by a coil, runs on a timer in the controller.
 * Writing a coil takes the rest of that opening out of the programme's hands: on starts the timer anew, off closes.
 * Without `holdTimer` it has no holding registers, and a coil stays as it was written.
 */
export function createValveController(options: Options, { farm }: DeviceSurroundings): SlaveDevice {
  return new ValveController(
    options,
    options.valves.map((zone) => farm.zone(zone)),
  );
}

class ValveController implements SlaveDevice {
  readonly #options: Options;
  readonly #zones: readonly Zone[];
  readonly #timers: readonly HoldTimer[];
  #runningS = 0;

  constructor(options: Options, zones: readonly Zone[]) {
    this.#options = options;
    this.#zones = zones;
    const maxRunS = this.#hasTimers ? options.maxRunS : Number.POSITIVE_INFINITY;
    this.#timers = Array.from({ length: OUTPUTS }, () => new HoldTimer(maxRunS));
  }

  get registers(): Registers {
    return {
      coils: this.#timers.map((timer) => timer.isOn),
      discreteInputs: this.#timers.map((_, output) => {
        return (this.#zones[output]?.valve.openingRatio ?? 0) > CLOSED_END_RATIO;
      }),
      holding: this.#hasTimers ? this.#timers.map((timer) => unsigned16(timer.registerS)) : [],
      input: [],
    };
  }

  writeCoil(output: number, on: boolean): void {
    this.#timers[output]!.switch(on);
    this.#drive(output);
  }

  writeRegisters(address: number, values: readonly number[]): undefined {
    for (const [index, holdS] of values.entries()) {
      this.#timers[address + index]!.write(holdS);
      this.#drive(address + index);
    }
  }

  step(durationS: number): void {
    for (const timer of this.#timers) timer.step(durationS);
    this.#runProgramme(durationS);
    for (let output = 0; output < OUTPUTS; output++) this.#drive(output);
  }

  get #hasTimers(): boolean {
    return this.#options.holdTimer ?? true;
  }

  #runProgramme(durationS: number): void {
    const fromS = this.#runningS;
    this.#runningS += durationS;
    const { programme, maxRunS } = this.#options;
    for (const { valve, atS, forS } of programme?.openings ?? []) {
      // How often the opening's moment has come since the start, before and after this step.
      const before = Math.ceil((fromS - atS) / programme!.cycleS);
      const after = Math.ceil((this.#runningS - atS) / programme!.cycleS);
      if (after <= before) continue;
      this.#timers[valve - 1]!.runAtLeast(Math.min(forS, maxRunS));
    }
  }

  #drive(output: number): void {
    this.#zones[output]?.valve.send(this.#timers[output]!.isOn);
  }
}
