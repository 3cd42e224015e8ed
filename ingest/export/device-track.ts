import { qualityOf, TAGS } from '../../core/reading.ts';
import type { Series } from '../../core/reading-batch.ts';
import { compareSeries, type ScanBatch } from '../stores/scan.ts';
import type { LastReading, SeriesFilter, Store } from '../stores/store.ts';
import type { ExportRows } from './encoder.ts';

export type PlaceStore = Pick<Store, 'scan' | 'query' | 'last'>;

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Fix {
  readonly timeMs: number;
  readonly longitude: number;
  readonly latitude: number;
}

const DAY_MS = 86_400_000;
/** How long before the range a fix is looked for, unless it is the device's newest: that one always counts. */
const LOOK_BACK_MS = 30 * DAY_MS;
const GNSS = 'gnss';

/** The newest latitude of every device that has told any; of a device with several receivers, that of the first. */
export type Receivers = ReadonlyMap<string, LastReading>;

export async function findReceivers(store: PlaceStore): Promise<Receivers> {
  const found = await store.last({ measurement: GNSS, field: 'latitude' });
  found.sort((a, b) => compareSeries(b.series, a.series));
  return new Map(found.map((one) => [deviceOf(one.series), one]));
}

function deviceOf({ site, gateway, device }: Series): string {
  return `${site}/${gateway}/${device}`;
}

/**
 * Where a device was at the times of its readings: at each its last fix before or then. Reads the fixes along with
 * the readings, so it holds one batch of them however many there are.
 */
export class DeviceTrack {
  readonly #fixes: AsyncGenerator<Fix[]>;
  #batch: Fix[] = [];
  #next = 0;
  #isEnded = false;
  #longitude: number;
  #latitude: number;

  private constructor(fixes: AsyncGenerator<Fix[]>, start: Fix | undefined) {
    this.#fixes = fixes;
    this.#longitude = start?.longitude ?? Number.NaN;
    this.#latitude = start?.latitude ?? Number.NaN;
  }

  /** Of the device that `series` belongs to; undefined where it has never told a position. */
  static async of(
    store: PlaceStore,
    receivers: Receivers,
    series: Series,
    range: Range,
  ): Promise<DeviceTrack | undefined> {
    const newest = receivers.get(deviceOf(series));
    if (!newest) return undefined;
    const receiver = Object.fromEntries(TAGS.map((tag) => [tag, [newest.series[tag]]]));
    const isOver = newest.timeMs < range.fromMs;
    const start =
      (isOver ? await newestFix(store, receiver) : undefined) ??
      (await fixBefore(store, receiver, range.fromMs));
    return new DeviceTrack(isOver ? none() : fixesOf(store, receiver, range), start);
  }

  /** For times in order, which do not go back from one call to the next. */
  async places(timeMs: Float64Array): Promise<NonNullable<ExportRows['place']>> {
    const longitude = new Float64Array(timeMs.length);
    const latitude = new Float64Array(timeMs.length);
    for (let row = 0; row < timeMs.length; row++) {
      while (!this.#isEnded) {
        if (this.#next === this.#batch.length) await this.#read();
        const fix = this.#batch[this.#next];
        if (!fix || fix.timeMs > timeMs[row]!) break;
        this.#longitude = fix.longitude;
        this.#latitude = fix.latitude;
        this.#next++;
      }
      longitude[row] = this.#longitude;
      latitude[row] = this.#latitude;
    }
    return { longitude, latitude };
  }

  async close(): Promise<void> {
    await this.#fixes.return(undefined);
  }

  async #read(): Promise<void> {
    const { value, done } = await this.#fixes.next();
    this.#batch = done ? [] : value;
    this.#next = 0;
    this.#isEnded = done === true;
  }
}

async function* none(): AsyncGenerator<Fix[]> {}

/** Moments at which both coordinates are known, and neither is bad. */
async function* fixesOf(
  store: PlaceStore,
  where: SeriesFilter['where'],
  { fromMs, toMs }: Range,
): AsyncGenerator<Fix[]> {
  const of = (field: string) =>
    store.scan({ measurement: GNSS, field, fromMs, toMs, ...(where && { where }) });
  const latitudes = of('latitude')[Symbol.asyncIterator]();
  try {
    let latitude: ScanBatch | undefined = await nextOf(latitudes);
    let row = 0;
    for await (const longitude of of('longitude')) {
      const fixes: Fix[] = [];
      for (const [index, timeMs] of longitude.timeMs.entries()) {
        while (latitude && latitude.timeMs[row]! < timeMs) {
          if (++row < latitude.timeMs.length) continue;
          latitude = await nextOf(latitudes);
          row = 0;
        }
        if (!latitude) break;
        if (latitude.timeMs[row] !== timeMs || !isGood(latitude, row) || !isGood(longitude, index)) continue;
        fixes.push({ timeMs, longitude: longitude.value[index]!, latitude: latitude.value[row]! });
      }
      if (fixes.length > 0) yield fixes;
      if (!latitude) return;
    }
  } finally {
    await latitudes.return?.();
  }
}

async function nextOf(batches: AsyncIterator<ScanBatch>): Promise<ScanBatch | undefined> {
  const { value, done } = await batches.next();
  return done ? undefined : value;
}

function isGood({ status, value }: ScanBatch, row: number): boolean {
  return qualityOf(status[row]!) !== 'bad' && !Number.isNaN(value[row]!);
}

async function newestFix(store: PlaceStore, where: SeriesFilter['where']): Promise<Fix | undefined> {
  const found = await store.last({ measurement: GNSS, ...(where && { where }) });
  const of = (field: string) =>
    found.find(({ series, status }) => series.field === field && qualityOf(status) !== 'bad');
  return fixOf(of('longitude'), of('latitude'));
}

/** Looks through the days before, from the newest on, that have any. */
async function fixBefore(
  store: PlaceStore,
  where: SeriesFilter['where'],
  toMs: number,
): Promise<Fix | undefined> {
  const fromMs = toMs - LOOK_BACK_MS;
  const window = { everyMs: DAY_MS, fn: 'count' } as const;
  const query = { measurement: GNSS, field: 'latitude', fromMs, toMs, window, maxPoints: 100 };
  const [days] = await store.query({ ...query, ...(where && { where }) });
  for (const dayMs of days?.timeMs.toReversed() ?? []) {
    const day = { fromMs: Math.max(fromMs, dayMs), toMs: Math.min(toMs, dayMs + DAY_MS) };
    let newest: Fix | undefined;
    for await (const fixes of fixesOf(store, where, day)) newest = fixes.at(-1);
    if (newest) return newest;
  }
  return undefined;
}

function fixOf(
  longitude: { timeMs: number; value: number | string } | undefined,
  latitude: { timeMs: number; value: number | string } | undefined,
): Fix | undefined {
  if (!longitude || longitude.timeMs !== latitude?.timeMs) return undefined;
  return { timeMs: longitude.timeMs, longitude: Number(longitude.value), latitude: Number(latitude.value) };
}
