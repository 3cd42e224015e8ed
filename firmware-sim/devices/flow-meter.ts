import { Type } from 'typebox';
import type { DeviceSurroundings, SlaveDevice } from './device.ts';
import { SamplingDevice } from './sampling-device.ts';
import { float32Words, unsigned16, unsigned32Words } from './words.ts';

export const FlowMeterOptions = Type.Object({});

/** Holding registers: 0–1 flow m³/h (float, ABCD), 2–3 volume m³ ×1000 (unsigned, ABCD), 4 pressure kPa. */
export function createFlowMeter(_options: object, { farm, random }: DeviceSurroundings): SlaveDevice {
  return new SamplingDevice(() => {
    const { flowLPerMin, volumeL, pressureKPa } = farm.main;
    const flowM3PerH = (flowLPerMin * 60) / 1000;
    return {
      holding: [
        ...float32Words(flowM3PerH * (1 + 0.003 * random.gaussian())),
        ...unsigned32Words(volumeL),
        unsigned16(pressureKPa + 0.4 * random.gaussian()),
      ],
    };
  });
}
