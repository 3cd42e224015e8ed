import type { Link } from '../../core/links/mesh.ts';
import { findQuantity } from '../../core/quantities.ts';
import { seriesKey, type Tags } from '../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import { BOUND_SERIES, boundField } from '../../core/thresholds/threshold.ts';
import { BOUNDED } from '../../dashboards/grafana/source/rules/bounded.ts';
import { counterPoints, gatewayPoints } from '../../ingest/self/gateway-points.ts';
import { budgetPoints, linkBoundPoints, linkPoints } from '../../ingest/self/link-points.ts';
import type { SelfPoint } from '../../ingest/self/self-point.ts';
import type { Store } from '../../ingest/stores/store.ts';

const MINUTE_MS = 60_000;
export const DAYS = 3;
const DAY_MS = 86_400_000;

/** What a series says at each time; the tags are those of the demo farm and the demo backbone. */
interface Said {
  readonly measurement: string;
  readonly field: string;
  readonly tags: Partial<Tags>;
  readonly at: (timeMs: number) => number;
}

const FARM = { site: 'demo-farm', gateway: 'pump-house' };
const SOIL = [
  { ...FARM, device: 'soil-north', zone: 'north' },
  { ...FARM, device: 'soil-south', zone: 'south' },
];
const VALVES = [
  { ...FARM, device: 'valves', point: 'v1', zone: 'north' },
  { ...FARM, device: 'valves', point: 'v2', zone: 'south' },
];
const FLOW = { ...FARM, device: 'flow-main' };
const WEATHER = { ...FARM, device: 'weather' };
const NODE = { site: 'demo-farm', gateway: 'nb-field', device: 'node-1', zone: 'north' };
const POPS = { cq1: 'west', cq2: 'west', sh1: 'east' } as const;

export const LINKS: readonly Link[] = Object.keys(POPS).flatMap((from) =>
  Object.keys(POPS)
    .filter((to) => to !== from)
    .map((to) => linkOf(from as keyof typeof POPS, to as keyof typeof POPS)),
);

function linkOf(from: keyof typeof POPS, to: keyof typeof POPS): Link {
  const pop = (id: keyof typeof POPS) => {
    return { id, network: POPS[id], site: 'backbone', gateway: id, name: { en: id, zh: id } };
  };
  const isIntra = POPS[from] === POPS[to];
  const objective = {
    latencyMs: 30,
    latencyQuantile: 0.95,
    loss: isIntra ? 0.0003 : 0.003,
    confidence: 0.95,
  };
  const id = `${from}_${to}`;
  return {
    id,
    from: pop(from),
    to: pop(to),
    class: isIntra ? 'intra' : 'inter',
    objective,
    probes: [],
    behind: [],
  };
}

const said = (
  measurement: string,
  field: string,
  tags: Partial<Tags>,
  at: number | ((timeMs: number) => number),
): Said => {
  return { measurement, field, tags, at: typeof at === 'number' ? () => at : at };
};
const wave = (middle: number, by: number) => (timeMs: number) =>
  middle + by * Math.sin((2 * Math.PI * timeMs) / DAY_MS);
/** 1.5 a day. */
const counter = (timeMs: number) => ((timeMs / DAY_MS) % 1_000) * 1.5;

const READINGS: readonly Said[] = [
  ...SOIL.flatMap((tags, index) => [
    said('soil', 'moisture', tags, wave(24 + index, 2)),
    said('soil', 'temperature', tags, wave(18, 4)),
    said('soil', 'ec', tags, wave(800, 50)),
  ]),
  ...VALVES.map((tags, index) =>
    said('irrigation', 'valve_state', tags, (timeMs) =>
      Number(Math.floor(timeMs / (20 * MINUTE_MS)) % 3 === index),
    ),
  ),
  said('irrigation', 'flow', FLOW, wave(20, 10)),
  said('irrigation', 'pressure', FLOW, wave(250, 10)),
  said('irrigation', 'volume', FLOW, counter),
  ...(['air_temperature', 'humidity', 'wind_speed', 'pressure', 'solar_radiation'] as const).map(
    (field, index) => said('weather', field, WEATHER, wave([20, 60, 3, 1_010, 400][index]!, 2)),
  ),
  said('weather', 'rain', WEATHER, counter),
  said('gnss', 'latitude', FARM, 22.5),
  said('gnss', 'longitude', FARM, 113.4),
  said('gateway', 'backlog', FARM, 12),
  said('gateway', 'dropped', FARM, 0),
  said('gateway', 'bus_timeouts', { ...FARM, point: 'field-bus' }, (timeMs) =>
    Math.floor(counter(timeMs) * 10),
  ),
  said('power', 'battery_level', NODE, 61),
  said('radio', 'signal', NODE, wave(-105, 6)),
  said('radio', 'bytes_received', NODE, (timeMs) => Math.floor(counter(timeMs) * 1_000)),
  said('radio', 'bytes_sent', NODE, (timeMs) => Math.floor(counter(timeMs) * 400)),
  said('radio', 'bytes_per_reading', NODE, 41),
  ...LINKS.flatMap(({ id, from, class: className }) => {
    const tags = {
      site: 'backbone',
      gateway: from.id,
      device: id,
      point: 'stamp',
      link: id,
      class: className,
    };
    const values = {
      latency: 8,
      latency_p95: 11,
      latency_p99: 14,
      loss: 0.001,
      jitter: 0.4,
      received: 1_199,
      lost: 1,
      late: 0,
      not_sent: 0,
      invalid: 0,
    };
    return Object.entries(values).map(([field, value]) => said('link', field, tags, value));
  }),
];

/** Bounds of all that Grafana judges, raised 20 % beyond the usual and cleared at 10 %; a series is missed after ten minutes. */
const BOUNDS: readonly Said[] = BOUNDED.flatMap(({ quantity }) =>
  READINGS.filter((one) => one.measurement === quantity.measurement && one.field === quantity.field).flatMap(
    ({ tags, at }) =>
      BOUND_SERIES.map((what) => {
        const usual = at(0);
        const values = {
          low: 0.8 * usual,
          low_clear: 0.9 * usual,
          high: 1.2 * usual,
          high_clear: 1.1 * usual,
          no_data: 600,
        };
        return said('threshold', boundField(quantity, what), tags, values[what]);
      }),
  ),
);

const EXPECTED: readonly Said[] = BOUNDED.flatMap(({ quantity }) =>
  READINGS.filter((one) => one.measurement === quantity.measurement && one.field === quantity.field).map(
    ({ tags }) => said('expected', boundField(quantity, 'silent'), tags, 5),
  ),
);

/** What ingest writes of itself, by its own code. */
function ownPoints(nowMs: number): SelfPoint[] {
  const presence = { online: true, presence: 'online', sinceMs: 1, lastSeenMs: nowMs - 5_000 } as const;
  const gateways = [
    { ...FARM, devices: ['soil-north', 'flow-main'] },
    { site: 'demo-farm', gateway: 'nb-field', devices: ['node-1'] },
    ...Object.keys(POPS).map((gateway) => ({ site: 'backbone', gateway, devices: [] })),
  ];
  const bounds = { awayS: 60, completeness: { raisePct: 99, clearPct: 99.5 } };
  const day = { ledger: 'l', share: 0.9997, inFlight: 3, dropped: 0 };
  const count = Math.floor(nowMs / 1000) % 1_000_000;
  const counters = gateways.map(({ site, gateway }) => ({
    ...{
      site,
      gateway,
      received: count,
      stored: count - 3,
      rejected: Math.floor(count / 1e5),
      dropped: 0,
      repeated: 2,
    },
    ...{ deferred: 0, inFlight: 3, rejectedByCode: new Map(), droppedFromMs: 0, droppedToMs: 0 },
  }));
  const blocks = {
    probes: Array(60).fill(1_200),
    bad: Array.from({ length: 60 }, (_, n) => Number(n % 30 === 0)),
  };
  const share = { probes: 72_000, bad: 2, badRecords: 2, knownMs: 3_600_000 };
  return [
    ...gateways.flatMap(({ devices, ...one }) => {
      const status = {
        ...one,
        ...presence,
        missedMessages: 0,
        devices: devices.map((device) => ({ device, ...presence })),
      };
      return gatewayPoints(status, day, bounds, nowMs);
    }),
    ...counterPoints(counters, [{ site: 'demo-farm', gateway: 'pump-house', waiting: 2, more: 0 }]),
    ...LINKS.flatMap((link) => [
      ...linkPoints(link, { share: () => share, blocks: () => blocks }),
      ...budgetPoints(link, [
        { kind: 'loss', days30: { spent: 0.12 } as never },
        { kind: 'latency', days30: { spent: 0 } as never },
      ]),
      ...linkBoundPoints(link),
    ]),
  ];
}

/** Days of a farm and a backbone up to `nowMs`, through the store that ingest writes with. */
export async function fillStore(store: Pick<Store, 'write'>, nowMs: number): Promise<void> {
  const table = new SeriesTable();
  const all = [...READINGS, ...BOUNDS, ...EXPECTED];
  for (let dayMs = nowMs - DAYS * DAY_MS; dayMs < nowMs; dayMs += DAY_MS) {
    const batch = new ReadingBatch(table);
    for (let timeMs = dayMs + 5 * MINUTE_MS; timeMs <= dayMs + DAY_MS; timeMs += 5 * MINUTE_MS) {
      for (const { at, ...one } of all) push(batch, one, timeMs, at(timeMs));
      for (const { key, value } of ownPoints(timeMs)) batch.push(table.intern(key).id, timeMs, value, 0);
    }
    const { rejected } = await store.write(batch);
    if (rejected[0]) throw rejected[0].error;
  }
}

/** One reading more, such as one beyond its bound. */
export async function say(
  store: Pick<Store, 'write'>,
  one: Omit<Said, 'at'>,
  timeMs: number,
  value: number,
): Promise<void> {
  const batch = new ReadingBatch(new SeriesTable());
  push(batch, one, timeMs, value);
  await store.write(batch);
}

function push(
  batch: ReadingBatch,
  { measurement, field, tags }: Omit<Said, 'at'>,
  timeMs: number,
  value: number,
): void {
  const unit = findQuantity(measurement, field)?.unit ?? '';
  batch.push(batch.table.intern(seriesKey({ ...tags, measurement, field, unit })).id, timeMs, value, 0);
}

export { READINGS, SOIL };
