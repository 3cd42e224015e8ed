import { Dosing } from './dosing.ts';
import type { LineConfig } from './farm-config.ts';
import { conductance, mainPressureKPa } from './hydraulics.ts';
import { Pump } from './pump.ts';
import type { Tank } from './tank.ts';
import type { Zone } from './zone.ts';

/** A supply line: its source, its pump where it has one, and the zones behind its meter. */
export class Line {
  readonly id: string;
  readonly pump: Pump | undefined;
  readonly tank: Tank | undefined;
  readonly dosing: Dosing;
  readonly zones: Zone[] = [];
  flowLPerMin = 0;
  /** Through the meter since the start. */
  volumeL = 0;
  pressureKPa: number;
  /** Water that leaves the line itself, as the flow at rating pressure. */
  leakLPerMin = 0;
  /** Well or tank give nothing. */
  isDry = false;
  readonly #config: LineConfig;

  constructor(config: LineConfig, tank: Tank | undefined, notice: (event: 'started' | 'stopped') => void) {
    this.id = config.id;
    this.#config = config;
    this.pump = config.pump && new Pump(config.pump, notice);
    this.tank = tank;
    this.dosing = new Dosing(config.supply.ecUsPerCm);
    this.pressureKPa = mainPressureKPa(config.supply, 0, this.#headRatio);
  }

  /** Moves pump and water; answers the litres that went into each zone's soil. */
  step(durationS: number): Map<Zone, number> {
    this.pump?.step(durationS);
    const leak = conductance(this.leakLPerMin);
    const open = this.zones.reduce((sum, zone) => sum + zone.openConductance, leak);
    this.pressureKPa = mainPressureKPa(this.#config.supply, open, this.#headRatio);
    const root = Math.sqrt(this.pressureKPa);
    const before = this.volumeL;
    this.flowLPerMin = leak * root;
    this.volumeL += (this.flowLPerMin * durationS) / 60;
    const appliedL = new Map<Zone, number>();
    for (const zone of this.zones) {
      appliedL.set(zone, zone.pass(root, durationS));
      this.flowLPerMin += zone.flowLPerMin;
      this.volumeL += (zone.flowLPerMin * durationS) / 60;
    }
    this.tank?.draw(this.volumeL - before);
    this.dosing.step(durationS, this.flowLPerMin);
    return appliedL;
  }

  get currentA(): number {
    return this.pump?.currentA(this.flowLPerMin / this.#config.supply.ratedFlowLPerMin) ?? 0;
  }

  get #headRatio(): number {
    if (this.isDry || this.tank?.isEmpty) return 0;
    return this.pump ? this.pump.headRatio : 1;
  }
}
