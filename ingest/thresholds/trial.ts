import { setImmediate } from 'node:timers/promises';
import { SluiceError } from '../../core/errors.ts';
import { type SeriesKey, setTags, TAGS, type Tags } from '../../core/reading.ts';
import type { Threshold, ThresholdWish } from '../../core/thresholds/threshold.ts';
import type { Aggregate, SeriesData, Store } from '../stores/store.ts';
import type { JudgeInput } from './assess.ts';
import { Assignments, type CropOf } from './assign.ts';
import { checkWish } from './check-wish.ts';
import { CALM } from './judge-state.ts';
import { dueMs, stepJudge } from './step-judge.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Windows of minutes that make up whole hours, so that they and hours never hold the same reading. */
const PARTS_OF_HOUR = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30];
/** Points that are judged and drawn of one series. */
const MOST_POINTS = 2_000;
const MOST_SERIES = 200;
const MOST_SHOWN = 20;

interface Raised {
  readonly fromMs: number;
  readonly toMs?: number;
  readonly worst: number;
}

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
  readonly leftOut: number;
}

interface TrialParts {
  readonly store: Pick<Store, 'query' | 'series'>;
  readonly cropOf: CropOf;
  readonly nowMs: number;
  readonly sees: (series: SeriesKey) => boolean;
}

/**
 * What a threshold would have told over the last days: the same state machine over what is stored, from roll-ups where readings are
 * gone. The store reads aside, and between series others have their turn. Throws `REQUEST_INVALID`, and what `Store.query` throws.
 */
export async function runTrial(wish: ThresholdWish, days: number, parts: TrialParts): Promise<Trial> {
  checkWish(wish);
  if (wish.rule.kind === 'neighbours')
    throw new SluiceError('REQUEST_INVALID', {
      field: 'rule.kind',
      problem: { en: 'neighbours cannot be tried over what was', zh: '邻近比较规则不能用历史数据试算' },
    });
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
  const all = (await store.series({ measurement, field })).filter(
    (key) => sees(key) && assignments.of(key).length > 0,
  );
  const fromMs = nowMs - days * DAY_MS;
  const everyMs = everyMsOf(days);
  const window = { everyMs, fn: fnOf(wish) };
  const tried: { key: SeriesKey; series: TrialSeries }[] = [];
  for (const key of all.slice(0, MOST_SERIES)) {
    const where = Object.fromEntries(TAGS.map((tag) => [tag, [key[tag]]]));
    const query = { measurement, field, where, fromMs, toMs: nowMs, window, maxPoints: 2 * MOST_POINTS };
    const [data] = await store.query(query);
    const finestMs = data?.timeMs[0] ?? nowMs;
    // Of the time before, only roll-ups of whole hours may be left.
    const [hourly] =
      everyMs < HOUR_MS && finestMs - fromMs > HOUR_MS
        ? await store.query({
            ...{ ...query, toMs: Math.floor(finestMs / HOUR_MS) * HOUR_MS },
            window: { everyMs: HOUR_MS, fn: window.fn },
          })
        : [];
    const parts = [hourly && { data: hourly, everyMs: HOUR_MS }, data && { data, everyMs }];
    const found = parts.filter((one) => one !== undefined);
    if (found.length > 0) tried.push({ key, series: tryOne(wish, found, nowMs) });
    await setImmediate();
  }
  const shown = [...tried]
    .sort((a, b) => b.series.raised.length - a.series.raised.length)
    .slice(0, MOST_SHOWN);
  return {
    ...{ fromMs, toMs: nowMs, everyMs, fn: window.fn, ...eventsOf(tried, nowMs) },
    ...{ series: shown.map(({ series }) => series), leftOut: all.length - shown.length },
  };
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

interface Part {
  readonly data: SeriesData;
  readonly everyMs: number;
}

/** Oldest part first. */
function tryOne(wish: ThresholdWish, parts: readonly Part[], nowMs: number): TrialSeries {
  const raised: { fromMs: number; toMs?: number; worst: number }[] = [];
  let state = CALM;
  let heardMs = parts[0]!.data.timeMs[0]!;
  const put = (input: JudgeInput) => {
    const step = stepJudge(wish, state, input);
    state = step.state;
    const last = raised.at(-1);
    if (step.effect && last && last.toMs === undefined) last.toMs = input.timeMs;
    if (state.phase !== 'raised') return;
    if (step.effect) raised.push({ fromMs: input.timeMs, worst: state.value ?? 0 });
    else if (last && input.kind === 'value') last.worst = worse(state.side, last.worst, input.value);
  };
  const pass = (untilMs: number) => {
    for (let next = dueMs(wish, state, heardMs); next <= untilMs; next = dueMs(wish, state, heardMs)) {
      const before = state;
      put({ kind: 'time', timeMs: next, heardMs });
      if (state === before) return;
    }
  };
  const points: { timeMs: number[]; value: number[] } = { timeMs: [], value: [] };
  for (const { data, everyMs } of parts)
    for (const [index, time] of data.timeMs.entries()) {
      const number = Number(data.value[index]);
      pass(time);
      // It may have spoken until the end of that time: nothing is called silent that was not.
      heardMs = time + everyMs - MINUTE_MS;
      put({ kind: 'value', timeMs: time, value: number });
      points.timeMs.push(time);
      points.value.push(number);
    }
  pass(nowMs);
  return { tags: setTags({ ...EMPTY, ...parts[0]!.data.tags }), raised, points };
}

const EMPTY: Tags = { site: '', gateway: '', device: '', point: '', zone: '', link: '', class: '' };

function worse(side: string | undefined, before: number, value: number): number {
  if (side === 'low') return Math.min(before, value);
  return side === 'high' ? Math.max(before, value) : before;
}

/** Series of one zone that are wrong at the same time are one event. */
function eventsOf(
  tried: readonly { key: SeriesKey; series: TrialSeries }[],
  nowMs: number,
): Pick<Trial, 'events' | 'wrongMs'> {
  const groups = new Map<string, Raised[]>();
  for (const { key, series } of tried) {
    const place =
      key.zone === '' ? [key.site, key.gateway, key.device, key.link].join('/') : `${key.site}/${key.zone}`;
    groups.set(place, [...(groups.get(place) ?? []), ...series.raised]);
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
