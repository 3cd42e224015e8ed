import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';
import type { DeviceSurroundings, SlaveDevice } from './device.ts';
import { MeasuringDevice } from './measuring-device.ts';
import { signed16, unsigned16 } from './words.ts';

export const TankLevelOptions = Type.Object({
  tank: Type.String({ pattern: ID_PATTERN, description: 'The tank it hangs in.' }),
});

/** Input registers: 0 water above the probe in mm (signed), 1 level ×10 % of the tank. */
export function createTankLevel(
  { tank }: Static<typeof TankLevelOptions>,
  { farm, random, faultRandom }: DeviceSurroundings,
): SlaveDevice {
  const place = farm.tank(tank);
  const fullM = place.config.heightM;
  const look = () => ({ level: Math.max(0, place.levelM + 0.001 * random.gaussian()) });
  return new MeasuringDevice(faultRandom, look, ({ level }) => ({
    input: [signed16(1000 * level), unsigned16(Math.min(1000, (1000 * level) / fullM))],
  }));
}
