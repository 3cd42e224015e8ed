import { Type } from 'typebox';
import type { DeviceSurroundings, SlaveDevice } from './device.ts';
import { MeasuringDevice } from './measuring-device.ts';
import { signed16, unsigned16 } from './words.ts';

export const LeafWetnessOptions = Type.Object({});

/** Holding registers: 0 leaf wetness ×10 %, 1 leaf temperature ×10 °C (signed). */
export function createLeafWetness(
  _options: object,
  { farm, random, faultRandom }: DeviceSurroundings,
): SlaveDevice {
  const look = () => ({
    wetness: Math.min(100, Math.max(0, farm.leaf.wetnessPct + 0.1 * random.gaussian())),
    temperature: farm.leaf.temperatureC(farm.weather) + 0.05 * random.gaussian(),
  });
  return new MeasuringDevice(faultRandom, look, ({ wetness, temperature }) => ({
    holding: [unsigned16(10 * wetness), signed16(10 * temperature)],
  }));
}
