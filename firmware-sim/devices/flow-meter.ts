import { type Static, Type } from 'typebox';
import type { DeviceSurroundings, SlaveDevice } from './device.ts';
import { MeasuringDevice } from './measuring-device.ts';
import { MeterPlace, meterAt } from './metered.ts';
import { float32Words, unsigned16, unsigned32Words } from './words.ts';

export const FlowMeterOptions = Type.Object(MeterPlace);

/** Holding registers: 0–1 flow m³/h (float, ABCD), 2–3 volume m³ ×1000 (unsigned, ABCD), 4 pressure kPa. */
export function createFlowMeter(
  options: Static<typeof FlowMeterOptions>,
  { farm, random, faultRandom }: DeviceSurroundings,
): SlaveDevice {
  const line = farm.line(options.line);
  const meter = meterAt(farm, options);
  const look = () => ({
    flow: ((meter.flowLPerMin * 60) / 1000) * (1 + 0.003 * random.gaussian()),
    volume: meter.volumeL,
    pressure: line.pressureKPa + 0.4 * random.gaussian(),
  });
  return new MeasuringDevice(faultRandom, look, ({ flow, volume, pressure }) => ({
    holding: [...float32Words(flow), ...unsigned32Words(Math.max(0, volume)), unsigned16(pressure)],
  }));
}
