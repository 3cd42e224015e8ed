import type { Static } from 'typebox';
import type { DeviceSurroundings, SlaveDevice } from './device.ts';
import { MeasuringDevice } from './measuring-device.ts';
import { lookAtSoil, type SoilSensorOptions } from './soil-sensor.ts';
import { signed16, unsigned16 } from './words.ts';

/** Shares of nitrogen, phosphorus and potassium in the salts that a fertilised soil holds dissolved. */
const SHARES = { nitrogen: 0.15, phosphorus: 0.05, potassium: 0.2 } as const;
/** A limed loam: its buffer outweighs what irrigation brings within a season. */
const SOIL_PH = 6.5;

/**
 * Holding registers: 0 moisture ×10 %, 1 temperature ×10 °C (signed), 2 conductivity µS/cm, 3 pH ×10, 4 nitrogen,
 * 5 phosphorus, 6 potassium, all three mg/kg. As the cheap probes do, it reckons the nutrients from the salts.
 */
export function createSoil7in1(
  { zone }: Static<typeof SoilSensorOptions>,
  surroundings: DeviceSurroundings,
): SlaveDevice {
  const { farm, random } = surroundings;
  const { soil } = farm.zone(zone);
  const lookAt = lookAtSoil(zone, surroundings);
  const look = () => ({
    ...lookAt(),
    ph: SOIL_PH + 0.02 * random.gaussian(),
    nitrogen: SHARES.nitrogen * soil.saltMgPerKg,
    phosphorus: SHARES.phosphorus * soil.saltMgPerKg,
    potassium: SHARES.potassium * soil.saltMgPerKg,
  });
  return new MeasuringDevice(surroundings.faultRandom, look, (seen) => ({
    holding: [
      unsigned16(10 * seen.moisture),
      signed16(10 * seen.temperature),
      unsigned16(seen.ec),
      unsigned16(10 * seen.ph),
      unsigned16(seen.nitrogen),
      unsigned16(seen.phosphorus),
      unsigned16(seen.potassium),
    ],
  }));
}
