import { type Static, Type } from 'typebox';
import { ILLEGAL_DATA_VALUE } from '../../core/modbus/pdu.ts';
import type { Dosing } from '../farm/dosing.ts';
import type { Fault } from '../faults.ts';
import type { DeviceSurroundings, Registers, SlaveDevice } from './device.ts';
import { HoldTimer } from './hold-timer.ts';
import { MeasuringDevice } from './measuring-device.ts';
import { MeterPlace } from './metered.ts';
import { signed16, unsigned16 } from './words.ts';

export const FertigationControllerOptions = Type.Object({
  line: MeterPlace.line,
  maxRunS: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 65_535,
      description: 'Longest dosing on one command; 3600 where not set.',
    }),
  ),
});

const LONGEST_RUN_S = 3600;
const PH_RANGE = [0, 1400] as const;

/**
 * Input registers: 0 conductivity µS/cm and 1 pH ×100 of the water behind it, 2 its temperature ×10 °C (signed).
 * Coil 0 lets it dose, discrete input 0 tells whether it does. Holding registers: 0 conductivity and 1 pH ×100 to dose
 * to, 2 the hold time of the coil in seconds.
 */
export function createFertigationController(
  { line, maxRunS = LONGEST_RUN_S }: Static<typeof FertigationControllerOptions>,
  { farm, random, faultRandom }: DeviceSurroundings,
): SlaveDevice {
  const { dosing } = farm.line(line);
  const look = () => ({
    ec: dosing.ecUsPerCm + 2 * random.gaussian(),
    ph: dosing.ph + 0.005 * random.gaussian(),
    // Well water keeps the year's mean, and a pipe in the sun brings it half way to the air.
    temperature: (18 + farm.weather.temperatureC) / 2 + 0.03 * random.gaussian(),
  });
  const probe = new MeasuringDevice(faultRandom, look, ({ ec, ph, temperature }) => ({
    input: [unsigned16(ec), unsigned16(100 * ph), signed16(10 * temperature)],
  }));
  return new FertigationController(dosing, probe, new HoldTimer(maxRunS));
}

class FertigationController implements SlaveDevice {
  readonly #dosing: Dosing;
  readonly #probe: SlaveDevice;
  readonly #timer: HoldTimer;

  constructor(dosing: Dosing, probe: SlaveDevice, timer: HoldTimer) {
    this.#dosing = dosing;
    this.#probe = probe;
    this.#timer = timer;
  }

  get registers(): Registers {
    const { setEcUsPerCm, setPh, isOn } = this.#dosing;
    return {
      coils: [this.#timer.isOn],
      discreteInputs: [isOn],
      holding: [unsigned16(setEcUsPerCm), unsigned16(100 * setPh), unsigned16(this.#timer.registerS)],
      input: this.#probe.registers.input,
    };
  }

  setFaults(faults: readonly Fault[]): void {
    this.#probe.setFaults?.(faults);
  }

  writeCoil(_address: number, on: boolean): void {
    this.#timer.switch(on);
    this.#dosing.isOn = this.#timer.isOn;
  }

  writeRegisters(address: number, values: readonly number[]): number | undefined {
    const at = (register: number) => values[register - address];
    const ph = at(1);
    if (ph !== undefined && (ph < PH_RANGE[0] || ph > PH_RANGE[1])) return ILLEGAL_DATA_VALUE;
    this.#dosing.setEcUsPerCm = at(0) ?? this.#dosing.setEcUsPerCm;
    if (ph !== undefined) this.#dosing.setPh = ph / 100;
    const holdS = at(2);
    if (holdS !== undefined) this.#timer.write(holdS);
    this.#dosing.isOn = this.#timer.isOn;
    return undefined;
  }

  step(durationS: number): void {
    this.#timer.step(durationS);
    this.#dosing.isOn = this.#timer.isOn;
    this.#probe.step(durationS);
  }
}
