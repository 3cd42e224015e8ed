import type { ZoneConfig } from './farm-config.ts';
import { conductance } from './hydraulics.ts';
import { Soil } from './soil.ts';
import { Valve, type ValveEvent } from './valve.ts';

/** A part of the field with its own valve. */
export class Zone {
  readonly id: string;
  readonly areaM2: number;
  readonly valve: Valve;
  readonly soil: Soil;
  /** At the depth of a soil probe. */
  temperatureC = 0;
  /** Through its valve, what a broken pipe behind it loses among it. */
  flowLPerMin = 0;
  volumeL = 0;
  /** Share of the drippers that pass no water. */
  cloggedShare = 0;
  /** Lost behind the valve, as the flow at rating pressure. */
  burstLPerMin = 0;
  readonly #conductance: number;

  constructor(config: ZoneConfig, notice: (event: ValveEvent) => void) {
    this.id = config.id;
    this.areaM2 = config.areaM2;
    this.valve = new Valve(config.valveTravelS, notice);
    this.soil = new Soil(config);
    this.#conductance = conductance(config.valveFlowLPerMin);
  }

  get openConductance(): number {
    return this.valve.openingRatio * (this.#drippers + conductance(this.burstLPerMin));
  }

  /** Lets water through at the root of the line's pressure; answers the litres that the drippers gave. */
  pass(rootPressure: number, durationS: number): number {
    this.flowLPerMin = this.openConductance * rootPressure;
    this.volumeL += (this.flowLPerMin * durationS) / 60;
    return (this.valve.openingRatio * this.#drippers * rootPressure * durationS) / 60;
  }

  get #drippers(): number {
    return this.#conductance * (1 - this.cloggedShare);
  }
}
