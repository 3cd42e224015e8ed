import type { SeriesData, Store } from '../stores/store.ts';
import { type CounterPoints, countUp } from './count-water.ts';
import { type OpenTimes, openTimes, shareOut } from './share-water.ts';

/** What a main of 400 mm carries at some 2.6 m/s; a leap of more is no water of a farm. */
const MOST_M3_PER_MS = 20 / 60_000;
/** Cloudbursts reach a few mm in a minute. */
const MOST_MM_PER_MS = 20 / 60_000;
const STEP_MS = 60_000;
/** A meter may speak once a day: where it stood before the time begins is looked for so far back, all but the last hour coarsely. */
const LOOK_BACK_MS = 26 * 3_600_000;
const COARSE_MS = 3_600_000;
/** Every page that is looked at asks once a minute, and an answer takes a slow store some seconds. */
const KEPT_MS = 45_000;
const MOST_KEPT = 32;
const MOST_POINTS = 2_000_000;

export interface ZoneWater {
  readonly zone: string;
  readonly m3: number;
  /** `estimated`: of a meter that serves several, by how long whose valves were open. */
  readonly how: 'metered' | 'estimated' | 'both';
}

export interface SiteWater {
  readonly site: string;
  readonly m3: number;
  readonly zones: readonly ZoneWater[];
  /** Counted while no valve behind that meter was known to be open: taps, flushing, leaks. */
  readonly unassignedM3: number;
  /** Mean of its rain gauges; absent where none has spoken. */
  readonly rainMm?: number;
  /** Meters that went back or leapt; what they show then was left out where it cannot have passed. */
  readonly restarts: number;
}

interface Kept {
  readonly toMs: number;
  readonly answer: Promise<SiteWater[]>;
}

/** Water and rain over a time, from counters as they are stored. */
export class WaterDesk {
  readonly #store: Pick<Store, 'query'>;
  readonly #kept = new Map<string, Kept>();

  constructor(store: Pick<Store, 'query'>) {
    this.#store = store;
  }

  /**
   * In order of sites and zones. Who asks for the same again, up to a little later, gets what there is or is under way. Throws what `Store.query`
   * throws.
   */
  over(fromMs: number, toMs: number, sites?: readonly string[]): Promise<SiteWater[]> {
    const key = JSON.stringify([fromMs, sites]);
    const known = this.#kept.get(key);
    if (known && toMs >= known.toMs && toMs - known.toMs < KEPT_MS) return known.answer;
    const answer = this.#count(fromMs, toMs, sites);
    const kept = { toMs, answer };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    // Whoever asked is told; the next one asks anew.
    answer.catch(() => this.#kept.get(key) === kept && this.#kept.delete(key));
    return answer;
  }

  async #count(fromMs: number, toMs: number, sites?: readonly string[]): Promise<SiteWater[]> {
    const ask = async (measurement: string, field: string, fn: 'last' | 'mean') => {
      const over = (startMs: number, endMs: number, everyMs: number) =>
        this.#store.query({
          ...{ measurement, field, fromMs: startMs, toMs: endMs, maxPoints: MOST_POINTS },
          window: { everyMs, fn },
          ...(sites && { where: { site: sites } }),
        });
      // Whole hours: a window that is cut by what follows it would begin before what is in it.
      const fineMs = Math.floor((fromMs - COARSE_MS) / COARSE_MS) * COARSE_MS;
      const coarse = await over(fineMs + COARSE_MS - LOOK_BACK_MS, fineMs, COARSE_MS);
      return joined(coarse, await over(fineMs, toMs, STEP_MS));
    };
    const [meters, gauges] = await Promise.all([
      ask('irrigation', 'volume', 'last'),
      ask('weather', 'rain', 'last'),
    ]);
    // Only what serves several zones is shared by their valves.
    const isShared = meters.some(({ tags }) => !tags.zone);
    const [last, mean] = isShared
      ? await Promise.all([
          ask('irrigation', 'valve_state', 'last'),
          ask('irrigation', 'valve_state', 'mean'),
        ])
      : [[], []];
    const valves = openTimes(last, mean, { fromMs, toMs, stepMs: STEP_MS });
    const known = new Set([...meters, ...gauges].map(({ tags }) => tags.site ?? ''));
    return [...known].sort().map((site) => {
      const isHere = ({ tags }: { readonly tags: SeriesData['tags'] }) => (tags.site ?? '') === site;
      return waterOf(site, meters.filter(isHere), gauges.filter(isHere), valves.filter(isHere), fromMs);
    });
  }
}

/** Each series with what came before it in front. */
function joined(before: readonly SeriesData[], after: readonly SeriesData[]): SeriesData[] {
  const byTags = new Map(before.map((one) => [JSON.stringify(one.tags), one]));
  const whole = after.map((one) => {
    const key = JSON.stringify(one.tags);
    const first = byTags.get(key);
    byTags.delete(key);
    if (!first) return one;
    return { ...one, timeMs: [...first.timeMs, ...one.timeMs], value: [...first.value, ...one.value] };
  });
  return [...whole, ...byTags.values()];
}

function waterOf(
  site: string,
  meters: readonly SeriesData[],
  gauges: readonly SeriesData[],
  valves: readonly OpenTimes[],
  fromMs: number,
): SiteWater {
  const zones = new Map<string, { m3: number; hows: Set<'metered' | 'estimated'> }>();
  const give = (zone: string, m3: number, how: 'metered' | 'estimated') => {
    const found = zones.get(zone) ?? { m3: 0, hows: new Set() };
    zones.set(zone, found);
    found.m3 += m3;
    found.hows.add(how);
  };
  let [m3, unassignedM3, restarts] = [0, 0, 0];
  for (const meter of merged(meters)) {
    const counted = countUp(meter, fromMs, MOST_M3_PER_MS);
    m3 += counted.total;
    restarts += counted.restarts;
    if (meter.tags.zone) {
      give(meter.tags.zone, counted.total, 'metered');
      continue;
    }
    const behind = valves.filter(({ tags }) => tags.gateway === meter.tags.gateway);
    const { shares, rest } = shareOut(counted.steps, behind, STEP_MS);
    for (const [zone, share] of shares) give(zone, share, 'estimated');
    unassignedM3 += rest;
  }
  const rains = merged(gauges).map((gauge) => countUp(gauge, fromMs, MOST_MM_PER_MS).total);
  return {
    ...{ site, m3, unassignedM3, restarts },
    zones: [...zones]
      .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
      .map(([zone, one]) => ({
        ...{ zone, m3: one.m3 },
        how: one.hows.size > 1 ? 'both' : [...one.hows][0]!,
      })),
    ...(rains.length > 0 && { rainMm: rains.reduce((sum, mm) => sum + mm, 0) / rains.length }),
  };
}

/** A meter that was placed in a zone meanwhile goes on under another series: the zone that it has now counts for all of it. */
function merged(series: readonly SeriesData[]): (CounterPoints & { readonly tags: SeriesData['tags'] })[] {
  const byMeter = new Map<string, SeriesData[]>();
  for (const one of series) {
    const { gateway = '', device = '', point = '' } = one.tags;
    const key = `${gateway}/${device}/${point}`;
    byMeter.set(key, [...(byMeter.get(key) ?? []), one]);
  }
  return [...byMeter.values()].map((parts) => {
    const newest = parts.reduce((best, one) => (one.timeMs.at(-1)! > best.timeMs.at(-1)! ? one : best));
    const points = parts
      .flatMap(({ timeMs, value }) => timeMs.map((time, at) => ({ time, value: Number(value[at]) })))
      .sort((a, b) => a.time - b.time);
    return {
      tags: newest.tags,
      timeMs: points.map(({ time }) => time),
      value: points.map((one) => one.value),
    };
  });
}
