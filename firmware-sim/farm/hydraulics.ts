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
 * `headRatio` is the share of P₀ that is there: (n/n₀)² of a pump (affinity laws), 0 of a dry one.
 */
export function mainPressureKPa(supply: Supply, openConductance: number, headRatio = 1): number {
  const lossPerFlow2 = (supply.pressureKPa - supply.pressureAtRatedFlowKPa) / supply.ratedFlowLPerMin ** 2;
  return (headRatio * supply.pressureKPa) / (1 + lossPerFlow2 * openConductance ** 2);
}
