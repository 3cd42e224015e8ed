import { Type } from 'typebox';
import type { DeviceSurroundings, SlaveDevice } from './device.ts';
import { MeasuringDevice } from './measuring-device.ts';
import { unsigned16, unsigned32Words } from './words.ts';

export const RainGaugeOptions = Type.Object({});

/** Rain that tips the bucket once. */
const TIP_MM = 0.2;

/** What a tipping bucket has counted of `rainMm`. */
export function tippedMm(rainMm: number): number {
  return TIP_MM * Math.floor(rainMm / TIP_MM);
}

/** Holding registers: 0–1 rain ×10 mm counted up (unsigned, ABCD), 2 rain rate ×10 mm/h. */
export function createRainGauge(_options: object, { farm, faultRandom }: DeviceSurroundings): SlaveDevice {
  const look = () => ({ rain: tippedMm(farm.rainMm), rate: farm.weather.rainMmPerH });
  return new MeasuringDevice(faultRandom, look, ({ rain, rate }) => ({
    holding: [...unsigned32Words(Math.max(0, Math.round(10 * rain))), unsigned16(10 * rate)],
  }));
}
