import { Type } from 'typebox';
import type { DeviceSurroundings, SlaveDevice } from './device.ts';
import { MeasuringDevice } from './measuring-device.ts';
import { tippedMm } from './rain-gauge.ts';
import { signed16, unsigned16 } from './words.ts';

export const WeatherStationOptions = Type.Object({});

/**
 * Input registers: 0 air temperature ×10 °C (signed), 1 humidity ×10 %, 2 wind ×10 m/s, 3 wind direction °,
 * 4 rain ×10 mm (counted up, from 0 again after 6553.5), 5 radiation W/m², 6 air pressure ×10 hPa.
 */
export function createWeatherStation(
  _options: object,
  { farm, random, faultRandom }: DeviceSurroundings,
): SlaveDevice {
  const look = () => {
    const { weather } = farm;
    return {
      temperature: weather.temperatureC + 0.03 * random.gaussian(),
      humidity: Math.min(100, weather.humidityPct + 0.2 * random.gaussian()),
      wind: weather.windMPerS * (1 + 0.1 * random.gaussian()),
      direction: (weather.windDirectionDeg + 5 * random.gaussian() + 360) % 360,
      rain: tippedMm(farm.rainMm),
      radiation: weather.radiationWPerM2 * (1 + 0.01 * random.gaussian()),
      pressure: 10 * weather.pressureKPa + 0.1 * random.gaussian(),
    };
  };
  return new MeasuringDevice(faultRandom, look, (seen) => ({
    input: [
      signed16(10 * seen.temperature),
      unsigned16(10 * seen.humidity),
      unsigned16(10 * seen.wind),
      unsigned16(Math.floor(seen.direction)) % 360,
      Math.max(0, Math.round(10 * seen.rain)) % 0x10000,
      unsigned16(seen.radiation),
      unsigned16(10 * seen.pressure),
    ],
  }));
}
