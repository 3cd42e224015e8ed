import { setImmediate } from 'node:timers/promises';
import { type SeriesKey, setTags, TAGS, type Tags } from '../../core/reading.ts';
import type { Threshold, ThresholdWish } from '../../core/thresholds/threshold.ts';
import type { Aggregate, Store } from '../stores/store.ts';
import { Assignments, type CropOf } from './assign.ts';
import { checkWish } from './check-wish.ts';
import { pointsOf, type Raised, type TrialPart, TriedSeries } from './tried-series.ts';
import { tryNeighbours } from './try-neighbours.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Windows of minutes that make up whole hours, so that they and hours never hold the same reading. */
const PARTS_OF_HOUR = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30];
/** Points that are judged and drawn of one series. */
const MOST_POINTS = 2_000;
const MOST_SERIES = 200;
const MOST_SHOWN = 20;

export interface TrialSeries {
  readonly tags: Partial<Tags>;
  readonly raised: readonly Raised[];
  readonly points: { readonly timeMs: readonly number[]; readonly value: readonly number[] };
}

export interface Trial {
  readonly fromMs: number;
  readonly toMs: number;
  /** Judged by one value of each such time, the one that is furthest out where the rule has one side. */
  readonly everyMs: number;
  readonly fn: Aggregate;
  /** Series of one zone that are wrong at the same time are one event, and their time counts once. */
  readonly events: number;
  readonly wrongMs: number;
  readonly series: readonly TrialSeries[];
  /** Tried and counted, and not among `series`. */
  readonly leftOut: number;
  /** Of which nothing is known: more than are tried at once. */
  readonly untried: number;
}

interface TrialParts {
  readonly store: Pick<Store, 'query' | 'series'>;
  readonly cropOf: CropOf;
  readonly nowMs: number;
  readonly sees: (series: SeriesKey) => boolean;
  /** Who has not spoken for longer is nobody's neighbour. */
  readonly liveWithinMs: number;
}

/**
 * What a threshold would have told over the last days: the same state machine over what is stored, from roll-ups where readings are
 * gone. The store reads aside, and between series others have their turn. Of `neighbours` only those that `sees` count, and a zone is
 * tried whole or not. Throws `REQUEST_INVALID`, and what `Store.query` throws.
 */
export async function runTrial(wish: ThresholdWish, days: number, parts: TrialParts): Promise<Trial> {
  checkWish(wish);
  const { store, cropOf, nowMs, sees } = parts;
  const { measurement, field } = wish;
  const threshold: Threshold = {
    ...wish,
    enabled: true,
    id: 'trial',
    version: 1,
    setBy: '',
    setMs: 0,
    why: '',
  };
  const assignments = new Assignments([threshold], cropOf);
  const seen = (await store.series({ measurement, field })).filter(sees);
  const all: ReadonlySet<SeriesKey> = new Set(seen.filter((key) => assignments.of(key).length > 0));
  const over = { fromMs: nowMs - days * DAY_MS, nowMs, everyMs: everyMsOf(days), fn: fnOf(wish) };
  const tried: TriedSeries[] = [];
  let untried = all.size;
  for (const keys of groupsOf(wish, seen, all)) {
    const group: TriedSeries[] = [];
    for (const key of keys) {
      group.push(new TriedSeries(wish, key, pointsOf(await pastOf(key, over, store))));
      await setImmediate();
    }
    const judged = group.filter(({ key }) => all.has(key));
    if (wish.rule.kind === 'neighbours')
      await tryNeighbours(group, new Set(judged), { ...over, liveWithinMs: parts.liveWithinMs });
    else for (const one of judged) tryOne(one, nowMs);
    untried -= judged.length;
    tried.push(...judged.filter(({ points }) => points.length > 0));
  }
  const { fromMs, everyMs, fn } = over;
  const shown = [...tried].sort((a, b) => b.raised.length - a.raised.length).slice(0, MOST_SHOWN);
  return {
    ...{ fromMs, toMs: nowMs, everyMs, fn, ...eventsOf(tried, nowMs) },
    ...{ series: shown.map(shownSeries), leftOut: tried.length - shown.length, untried },
  };
}

/** Each series for itself, or each zone with its neighbours; as many as may be tried at once. */
function groupsOf(
  { rule }: ThresholdWish,
  seen: readonly SeriesKey[],
  judged: ReadonlySet<SeriesKey>,
): SeriesKey[][] {
  if (rule.kind !== 'neighbours') return [...judged].slice(0, MOST_SERIES).map((key) => [key]);
  const groups = new Map<string, SeriesKey[]>([...judged].map((key) => [zoneOf(key), []]));
  for (const key of seen) groups.get(zoneOf(key))?.push(key);
  let room = MOST_SERIES;
  return [...groups.values()].filter(({ length }) => {
    if (length > room) return false;
    room -= length;
    return true;
  });
}

function zoneOf({ site, zone }: SeriesKey): string {
  return `${site}/${zone}`;
}

interface Over {
  readonly fromMs: number;
  readonly nowMs: number;
  readonly everyMs: number;
  readonly fn: Aggregate;
}

/** What is stored of it, oldest first: of the time before the finest, only roll-ups of whole hours may be left. */
async function pastOf(
  key: SeriesKey,
  { fromMs, nowMs, everyMs, fn }: Over,
  store: TrialParts['store'],
): Promise<TrialPart[]> {
  const { measurement, field } = key;
  const where = Object.fromEntries(TAGS.map((tag) => [tag, [key[tag]]]));
  const query = { measurement, field, where, fromMs, toMs: nowMs, maxPoints: 2 * MOST_POINTS };
  const [data] = await store.query({ ...query, window: { everyMs, fn } });
  const finestMs = data?.timeMs[0] ?? nowMs;
  const [hourly] =
    everyMs < HOUR_MS && finestMs - fromMs > HOUR_MS
      ? await store.query({
          ...{ ...query, toMs: Math.floor(finestMs / HOUR_MS) * HOUR_MS },
          window: { everyMs: HOUR_MS, fn },
        })
      : [];
  const parts = [hourly && { data: hourly, everyMs: HOUR_MS }, data && { data, everyMs }];
  return parts.filter((one) => one !== undefined);
}

function everyMsOf(days: number): number {
  const least = (days * DAY_MS) / MOST_POINTS / MINUTE_MS;
  const part = PARTS_OF_HOUR.find((minutes) => minutes >= least);
  return part === undefined ? Math.ceil(least / 60) * HOUR_MS : part * MINUTE_MS;
}

/** The one that a rule with one side looks at. */
function fnOf({ rule }: ThresholdWish): Aggregate {
  if (rule.kind !== 'bounds') return 'last';
  if (!rule.high) return 'min';
  return rule.low ? 'last' : 'max';
}

function tryOne(one: TriedSeries, nowMs: number): void {
  for (const point of one.points) {
    one.pass(point.timeMs);
    one.speak(point);
  }
  if (one.points.length > 0) one.pass(nowMs);
}

function shownSeries({ key, raised, points }: TriedSeries): TrialSeries {
  return {
    ...{ tags: setTags(key), raised },
    points: { timeMs: points.map(({ timeMs }) => timeMs), value: points.map(({ value }) => value) },
  };
}

/** Series of one zone that are wrong at the same time are one event. */
function eventsOf(tried: readonly TriedSeries[], nowMs: number): Pick<Trial, 'events' | 'wrongMs'> {
  const groups = new Map<string, Raised[]>();
  for (const { key, raised } of tried) {
    const place = key.zone === '' ? [key.site, key.gateway, key.device, key.link].join('/') : zoneOf(key);
    groups.set(place, [...(groups.get(place) ?? []), ...raised]);
  }
  let events = 0;
  let wrongMs = 0;
  for (const raised of groups.values()) {
    let endMs = Number.NEGATIVE_INFINITY;
    for (const { fromMs, toMs = nowMs } of raised.sort((a, b) => a.fromMs - b.fromMs)) {
      if (fromMs > endMs) events++;
      wrongMs += Math.max(0, toMs - Math.max(fromMs, endMs));
      endMs = Math.max(endMs, toMs);
    }
  }
  return { events, wrongMs };
}
