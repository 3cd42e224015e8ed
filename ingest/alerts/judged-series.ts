import { isDeepStrictEqual } from 'node:util';
import { type SeriesKey, seriesKey } from '../../core/reading.ts';
import type { Threshold } from '../../core/thresholds/threshold.ts';
import { CALM, FLAPS, type JudgeState } from '../thresholds/judge-state.ts';
import type { Condition } from './condition.ts';
import { wrongWords, type ZoneName } from './wrong-words.ts';

/** One threshold over one series, and how far that has come. */
export interface Judge {
  readonly threshold: Threshold;
  state: JudgeState;
  condition: Condition | undefined;
  /** It is new or was changed, and has not judged what is known yet. */
  isFresh: boolean;
}

/** One series that somebody has set a threshold for, or that others are compared with. */
export interface JudgedSeries {
  readonly key: SeriesKey;
  /** When it last spoke, by this host's clock; undefined where it never has. */
  heardMs: number | undefined;
  /** The time of its newest reading in the store, when that was last asked. */
  storedMs: number;
  /** The last that was not bad. */
  value: number | undefined;
  judges: readonly Judge[];
  /** Others in its zone are judged by how far they are from it. */
  isCompared: boolean;
}

/** What is raised stays so until a value says otherwise; what waits goes on waiting where nothing of the rule was changed. */
export function carriedOver(old: Judge | undefined, { rule, forS }: Threshold): JudgeState {
  if (!old) return CALM;
  const isSame = forS === old.threshold.forS && isDeepStrictEqual(rule, old.threshold.rule);
  if (isSame) return old.state;
  const { memory: _memory, ...state } = old.state;
  return state.phase === 'raised' && rule.kind === old.threshold.rule.kind ? state : CALM;
}

/** Whether time alone may change it although it is calm. */
export function isTimed({ threshold: { rule } }: Judge): boolean {
  return rule.kind === 'no-data' || rule.kind === 'neighbours';
}

/** It is calm, but came and went so lately that the next time may be flapping. */
export function isRemembered({ raises }: JudgeState, nowMs: number): boolean {
  return raises.some((one) => one > nowMs - FLAPS.withinMs);
}

export function conditionKeyOf(
  threshold: Threshold,
  { site, gateway, device, point, zone, link }: SeriesKey,
): string {
  return `${threshold.rule.kind}:${threshold.id}:${[site, gateway, device, point, zone, link].join('/')}`;
}

/** Without the id that a table gives it, which means nothing after a restart. */
export function plain(key: SeriesKey): SeriesKey {
  const { measurement, field, unit, ...tags } = key;
  return seriesKey({ ...tags, measurement, field, unit });
}

/** What is wrong with a series by a judge. `heardMs`: when it last spoke. */
export function conditionOf(
  { key, value }: JudgedSeries,
  { threshold, state, condition }: Judge,
  { nowMs, heardMs, zoneName }: { nowMs: number; heardMs: number | undefined; zoneName: ZoneName },
): Condition {
  const { site, zone, gateway, device, link } = key;
  const place = Object.fromEntries(
    Object.entries({ site, zone, gateway, device, link }).filter(([, tag]) => tag !== ''),
  );
  const isRaised = state.phase === 'raised';
  const isNew = condition?.judged?.state.phase !== 'raised' || condition.judged.state.side !== state.side;
  const isSilence = threshold.rule.kind === 'no-data';
  const latest = value === undefined || isSilence ? {} : { latest: value };
  return {
    ...{ key: conditionKeyOf(threshold, key), kind: threshold.rule.kind, severity: threshold.severity },
    ...{ place, subject: [site, gateway, device].filter((tag) => tag !== '').join('/') },
    sinceMs: isSilence ? (heardMs ?? threshold.setMs) : state.sinceMs,
    noticedMs: isRaised && isNew ? nowMs : (condition?.noticedMs ?? nowMs),
    explains: false,
    judged: { series: plain(key), threshold: threshold.id, version: threshold.version, state, ...latest },
    saidMs: nowMs,
    words: wrongWords(key, threshold, state, zoneName, latest.latest),
  };
}
