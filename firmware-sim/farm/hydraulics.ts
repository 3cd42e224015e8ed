import type { Supply } from './farm-config.ts';

/** Pressure in the main at which a valve's flow is stated. */
const VALVE_RATING_KPA = 200;

/** Flow per √kPa, L/min, of an outlet that passes `flowLPerMin` at the rating pressure. */
export function conductance(flowLPerMin: number): number {
  return flowLPerMin / Math.sqrt(VALVE_RATING_KPA);
}

/**
 * Pressure in the main, kPa, while outlets of together `openConductance` are open. The supply loses k·Q², each
 * outlet passes c·√P (ISO 9261's emitter with exponent ½), so P = P₀ − k·C²·P and nothing needs iterating.
 */
export function mainPressureKPa(supply: Supply, openConductance: number): number {
  const lossPerFlow2 = (supply.pressureKPa - supply.pressureAtRatedFlowKPa) / supply.ratedFlowLPerMin ** 2;
  return supply.pressureKPa / (1 + lossPerFlow2 * openConductance ** 2);
}

/** A motor valve: it travels at a constant speed towards where it was last sent. */
export class Valve {
  readonly #travelS: number;
  #open = false;
  #openingRatio = 0;

  constructor(travelS: number) {
    this.#travelS = travelS;
  }

  send(open: boolean): void {
    this.#open = open;
  }

  step(durationS: number): void {
    const travel = durationS / this.#travelS;
    this.#openingRatio = this.#open
      ? Math.min(1, this.#openingRatio + travel)
      : Math.max(0, this.#openingRatio - travel);
  }

  /** 0 closed to 1 open, as the valve really stands. */
  get openingRatio(): number {
    return this.#openingRatio;
  }
}
