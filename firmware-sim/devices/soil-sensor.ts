import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';
import type { DeviceSurroundings, SlaveDevice } from './device.ts';
import { MeasuringDevice } from './measuring-device.ts';
import { signed16, unsigned16 } from './words.ts';

export const SoilSensorOptions = Type.Object({
  zone: Type.String({ pattern: ID_PATTERN, description: 'The zone it stands in.' }),
});

/** What a probe in `zone` sees, each value a little off. */
export function lookAtSoil(zone: string, { farm, random }: DeviceSurroundings) {
  const place = farm.zone(zone);
  return () => ({
    moisture: place.soil.moisturePct + 0.03 * random.gaussian(),
    temperature: place.temperatureC + 0.03 * random.gaussian(),
    ec: place.soil.ecUsPerCm + random.gaussian(),
  });
}

/** Input registers: 0 moisture ×10 %, 1 temperature ×10 °C (signed), 2 conductivity µS/cm. */
export function createSoilSensor(
  { zone }: Static<typeof SoilSensorOptions>,
  surroundings: DeviceSurroundings,
): SlaveDevice {
  return new MeasuringDevice(
    surroundings.faultRandom,
    lookAtSoil(zone, surroundings),
    ({ moisture, temperature, ec }) => ({
      input: [unsigned16(10 * moisture), signed16(10 * temperature), unsigned16(ec)],
    }),
  );
}
