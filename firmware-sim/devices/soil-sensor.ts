import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';
import type { DeviceSurroundings, SlaveDevice } from './device.ts';
import { SamplingDevice } from './sampling-device.ts';
import { signed16, unsigned16 } from './words.ts';

export const SoilSensorOptions = Type.Object({
  zone: Type.String({ pattern: ID_PATTERN, description: 'The zone it stands in.' }),
});

/** Input registers: 0 moisture ×10 %, 1 temperature ×10 °C (signed), 2 conductivity µS/cm. */
export function createSoilSensor(
  { zone }: Static<typeof SoilSensorOptions>,
  { farm, random }: DeviceSurroundings,
): SlaveDevice {
  const place = farm.zone(zone);
  return new SamplingDevice(() => ({
    input: [
      unsigned16(10 * (place.soil.moisturePct + 0.03 * random.gaussian())),
      signed16(10 * (place.temperatureC + 0.03 * random.gaussian())),
      unsigned16(place.soil.ecUsPerCm + random.gaussian()),
    ],
  }));
}
