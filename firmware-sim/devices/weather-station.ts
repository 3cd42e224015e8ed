import { Type } from 'typebox';
import type { DeviceSurroundings, SlaveDevice } from './device.ts';
import { SamplingDevice } from './sampling-device.ts';
import { signed16, unsigned16 } from './words.ts';

export const WeatherStationOptions = Type.Object({});

/** Rain that tips the bucket once. */
const TIP_MM = 0.2;

/**
 * Input registers: 0 air temperature ×10 °C (signed), 1 humidity ×10 %, 2 wind ×10 m/s, 3 wind direction °,
 * 4 rain ×10 mm (counted up, from 0 again after 6553.5), 5 radiation W/m², 6 air pressure ×10 hPa.
 */
export function createWeatherStation(_options: object, { farm, random }: DeviceSurroundings): SlaveDevice {
  return new SamplingDevice(() => {
    const { weather } = farm;
    const humidityPct = Math.min(100, weather.humidityPct + 0.2 * random.gaussian());
    const directionDeg = (weather.windDirectionDeg + 5 * random.gaussian() + 360) % 360;
    const rainTenthsMm = Math.round(10 * TIP_MM * Math.floor(farm.rainMm / TIP_MM));
    return {
      input: [
        signed16(10 * (weather.temperatureC + 0.03 * random.gaussian())),
        unsigned16(10 * humidityPct),
        unsigned16(10 * weather.windMPerS * (1 + 0.1 * random.gaussian())),
        Math.floor(directionDeg),
        rainTenthsMm % 0x10000,
        unsigned16(weather.radiationWPerM2 * (1 + 0.01 * random.gaussian())),
        unsigned16(100 * weather.pressureKPa + random.gaussian()),
      ],
    };
  });
}
