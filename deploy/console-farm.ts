import { type SeriesKey, seriesKey } from '../core/reading.ts';
import type { FakeSources } from '../ingest/http/testing/fake-sources.ts';

const MINUTE_MS = 60_000;
const HISTORY_MS = 8 * 86_400_000;
const UNITS: Record<string, string> = {
  moisture: '%',
  temperature: '°C',
  ec: 'µS/cm',
  lease_remaining: 's',
  latitude: '°',
  bus_load: '%',
  flow: 'L/min',
  volume: 'm³',
  pressure: 'kPa',
  air_temperature: '°C',
  humidity: '%',
  wind_speed: 'm/s',
  wind_direction: '°',
  rain: 'mm',
  solar_radiation: 'W/m²',
};

export function key(path: string, tags: Partial<SeriesKey>): SeriesKey {
  const [measurement = '', field = ''] = path.split('/');
  const unit = tags.unit ?? UNITS[field] ?? '';
  return seriesKey({ site: 'demo-farm', gateway: 'pump-house', ...tags, measurement, field, unit });
}

export const SERIES = {
  northMoisture: key('soil/moisture', { device: 'soil-north', zone: 'north' }),
  northTemperature: key('soil/temperature', { device: 'soil-north', zone: 'north' }),
  northEc: key('soil/ec', { device: 'soil-north', zone: 'north' }),
  southMoisture: key('soil/moisture', { device: 'soil-south', zone: 'south' }),
  southTemperature: key('soil/temperature', { device: 'soil-south', zone: 'south' }),
  southEc: key('soil/ec', { device: 'soil-south', zone: 'south' }),
  northValve: key('irrigation/valve_state', { device: 'valves', point: 'v1', zone: 'north' }),
  southValve: key('irrigation/valve_state', { device: 'valves', point: 'v2', zone: 'south' }),
  northLease: key('irrigation/lease_remaining', { device: 'valves', point: 'v1', zone: 'north' }),
  southLease: key('irrigation/lease_remaining', { device: 'valves', point: 'v2', zone: 'south' }),
  lock: key('irrigation/interlock', { point: 'main' }),
  latitude: key('gnss/latitude', {}),
  busLoad: key('gateway/bus_load', { point: 'field-bus' }),
  flow: key('irrigation/flow', { device: 'flow-main' }),
  volume: key('irrigation/volume', { device: 'flow-main' }),
  pressure: key('irrigation/pressure', { device: 'flow-main' }),
  air: key('weather/air_temperature', { device: 'weather' }),
  humidity: key('weather/humidity', { device: 'weather' }),
  wind: key('weather/wind_speed', { device: 'weather' }),
  windDirection: key('weather/wind_direction', { device: 'weather' }),
  rain: key('weather/rain', { device: 'weather' }),
  sun: key('weather/solar_radiation', { device: 'weather' }),
  foreign: key('acme/spin_rate', { gateway: 'third-party', device: 'pump-7', unit: 'rpm' }),
};

const DEVICES = ['soil-north', 'soil-south', 'valves', 'flow-main', 'weather'];

/** A week of the demo farm, with valve v1 open since twelve minutes before `nowMs`. */
export function growFarm(sources: FakeSources, nowMs: number): void {
  for (let timeMs = nowMs - HISTORY_MS; timeMs < nowMs; timeMs += stepMs(nowMs - timeMs)) {
    readFarm(sources, timeMs, nowMs);
  }
  readFarm(sources, nowMs - 1_000, nowMs);
  reportPresence(sources, nowMs, []);
}

/** Fine in the last hour and coarse before, as retention would leave it. */
function stepMs(ageMs: number): number {
  return ageMs > 3_600_000 ? 5 * MINUTE_MS : 10_000;
}

function readFarm(sources: FakeSources, timeMs: number, nowMs: number): void {
  const ageMin = (nowMs - timeMs) / MINUTE_MS;
  const day = Math.sin((2 * Math.PI * (timeMs % 86_400_000)) / 86_400_000 - 2);
  const isOpen = ageMin < 12 || (ageMin % 480 > 200 && ageMin % 480 < 245);
  const dryness = (ageMin % 480) / 480;
  const put = (name: keyof typeof SERIES, value: number) => sources.put(SERIES[name], timeMs, value);
  put('northMoisture', 21 + 7 * dryness + (ageMin < 12 ? (12 - ageMin) * 0.3 : 0));
  put('southMoisture', 31.4 - day * 0.8);
  put('northTemperature', 19.2 + 3 * day);
  put('southTemperature', 18.4 + 2.6 * day);
  put('northEc', 640 + 20 * day);
  put('southEc', 712 + 12 * day);
  put('northValve', isOpen ? 1 : 0);
  put('southValve', ageMin % 1440 > 700 && ageMin % 1440 < 760 ? 1 : 0);
  put('northLease', isOpen ? 1_500 - 60 * Math.min(ageMin, 12) : 0);
  put('southLease', 0);
  put('lock', 0);
  put('latitude', 22.499997);
  put('busLoad', 8);
  put('flow', isOpen ? 62.4 + day : 0);
  put('volume', 1284.372 - ageMin * 0.01);
  put('pressure', isOpen ? 238 : 262);
  put('air', 24.6 + 6 * day);
  put('humidity', 61 - 15 * day);
  put('wind', 2.3);
  put('windDirection', 228);
  put('rain', 132.4);
  put('sun', Math.max(0, 640 * day));
  put('foreign', 1480);
}

export function reportPresence(sources: FakeSources, nowMs: number, offline: readonly string[]): void {
  const presence = (name: string) => ({
    online: !offline.includes(name),
    presence: offline.includes(name) ? ('offline' as const) : ('online' as const),
    sinceMs: nowMs - 3 * 3_600_000,
    lastSeenMs: nowMs - 1_000,
  });
  const devices = DEVICES.map((device) => ({ device, ...presence(device) }));
  const gateway = { site: 'demo-farm', gateway: 'pump-house' };
  sources.gatewayStatuses = [{ ...gateway, ...presence('pump-house'), devices, missedMessages: 0 }];
  const counts = {
    received: 48_213,
    repeated: 0,
    deferred: 0,
    stored: 48_201,
    rejected: 12,
    dropped: 0,
    inFlight: 0,
  };
  const details = { rejectedByCode: new Map(), droppedFromMs: 0, droppedToMs: 0 };
  sources.gatewayCounters = [{ ...gateway, ...counts, ...details }];
}
