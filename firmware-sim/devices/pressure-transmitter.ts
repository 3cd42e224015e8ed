import { type Static, Type } from 'typebox';
import type { DeviceSurroundings, SlaveDevice } from './device.ts';
import { MeasuringDevice } from './measuring-device.ts';
import { MeterPlace } from './metered.ts';
import { signed16 } from './words.ts';

export const PressureTransmitterOptions = Type.Object({ line: MeterPlace.line });

/** Input register 0: pressure ×10 kPa (signed). */
export function createPressureTransmitter(
  { line }: Static<typeof PressureTransmitterOptions>,
  { farm, random, faultRandom }: DeviceSurroundings,
): SlaveDevice {
  const place = farm.line(line);
  const look = () => ({ pressure: place.pressureKPa + 0.3 * random.gaussian() });
  return new MeasuringDevice(faultRandom, look, ({ pressure }) => ({ input: [signed16(10 * pressure)] }));
}
