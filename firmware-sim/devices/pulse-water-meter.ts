import { type Static, Type } from 'typebox';
import type { DeviceSurroundings, SlaveDevice } from './device.ts';
import { MeasuringDevice } from './measuring-device.ts';
import { MeterPlace, meterAt } from './metered.ts';
import { unsigned16, unsigned32Words } from './words.ts';

export const PulseWaterMeterOptions = Type.Object(MeterPlace);

/** A lithium cell keeps its voltage for years. */
const BATTERY_V = 3.62;

/** Holding registers: 0–1 litres counted (unsigned, ABCD), 2 flow ×10 L/min, 3 battery ×100 V. */
export function createPulseWaterMeter(
  options: Static<typeof PulseWaterMeterOptions>,
  { farm, random, faultRandom }: DeviceSurroundings,
): SlaveDevice {
  const meter = meterAt(farm, options);
  const look = () => ({
    volume: Math.floor(meter.volumeL),
    flow: meter.flowLPerMin,
    battery: BATTERY_V + 0.003 * random.gaussian(),
  });
  return new MeasuringDevice(faultRandom, look, ({ volume, flow, battery }) => ({
    holding: [...unsigned32Words(Math.max(0, volume)), unsigned16(10 * flow), unsigned16(100 * battery)],
  }));
}
