import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../core/clock.ts';
import { asSluiceError } from '../../core/errors.ts';
import { clockOf, qualityOf, type SeriesKey, seriesIdentity, seriesKey } from '../../core/reading.ts';
import type { ReadingBatch } from '../../core/reading-batch.ts';
import type { Threshold } from '../../core/thresholds/threshold.ts';
import { isSetBack, type Late } from '../pipeline/set-back.ts';
import type { JudgedNow } from '../self/threshold-points.ts';
import type { LastReading, Store } from '../stores/store.ts';
import type { JudgeInput } from '../thresholds/assess.ts';
import { Assignments, type CropOf } from '../thresholds/assign.ts';
import { CALM, FLAPS, type JudgeState } from '../thresholds/judge-state.ts';
import { dueMs, stepJudge } from '../thresholds/step-judge.ts';
import type { ThresholdBook } from '../thresholds/threshold-book.ts';
import type { Condition } from './condition.ts';
import { medians } from './medians.ts';
import { SeriesColumns } from './series-columns.ts';
import { wrongWords, type ZoneName } from './wrong-words.ts';

const BAD = 2;
const NEVER = Number.NEGATIVE_INFINITY;

interface Judge {
  readonly threshold: Threshold;
  state: JudgeState;
  condition: Condition | undefined;
  /** It is new or was changed, and has not judged what is known yet. */
  isFresh: boolean;
}

/** One series that somebody has set a threshold for. */
export interface JudgedSeries {
  readonly key: SeriesKey;
  /** When it last spoke, by this host's clock; undefined where it never has. */
  heardMs: number | undefined;
  /** The time of its newest reading in the store, when that was last asked. */
  storedMs: number;
  value: number | undefined;
  judges: readonly Judge[];
}

export interface WatchParts {
  readonly store: Pick<Store, 'last'>;
  readonly clock: Clock;
  readonly book: Pick<ThresholdBook, 'all' | 'revision'>;
  readonly cropOf: CropOf;
  readonly zoneName: ZoneName;
  readonly liveWithinS: number;
  /** Something may have to be told by `atMs`; now, where it is not later. */
  readonly due: (atMs: number) => void;
}

/** How far this host itself can say who is silent. */
export interface Listening {
  /** It hears nobody just now: its broker or store is away. */
  readonly isAway: boolean;
  /** Since when it has been listening without a break. */
  readonly sinceMs: number;
}

/**
 * Judges readings by thresholds as they are stored, batch by batch. What most readings are, calm and in order, costs a look at five
 * columns; all else goes to the state machine. Live is what `LiveListener` calls so, without births of before: history and what is older than
 * the newest of its series raises nothing, and an unsynced clock is judged by arrival.
 */
export class ThresholdWatch {
  readonly #parts: WatchParts;
  readonly #columns = new SeriesColumns();
  /** By series id: null where nothing judges it, undefined where that is not worked out yet. */
  #slots: (JudgedSeries | null | undefined)[] = [];
  readonly #late = new Map<number, Late>();
  #judged = new Map<string, JudgedSeries>();
  /** The same by all but the zone. */
  readonly #byDevice = new Map<string, JudgedSeries>();
  #assignments: Assignments;
  /** Those that time alone may change. */
  readonly #active = new Map<Judge, JudgedSeries>();
  /** By key of the condition: what was wrong at the end of the run before, until its series is judged again. */
  #kept = new Map<string, Condition>();
  #builtRevision = -1;
  #zonesChanged = 0;
  #builtZones = 0;
  #building = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#assignments = new Assignments([], parts.cropOf);
  }

  /** What was wrong when this was last kept. */
  restore(conditions: Iterable<Condition>): void {
    for (const one of conditions) if (one.judged) this.#kept.set(one.key, one);
  }

  /** What grows where has changed, so other thresholds may hold. */
  zonesChanged(): void {
    this.#zonesChanged++;
  }

  *judged(): Generator<JudgedNow> {
    for (const one of this.#judged.values())
      yield {
        key: one.key,
        heardMs: this.#heardOf(one),
        thresholds: one.judges.map(({ threshold }) => threshold),
      };
  }

  /** When a gateway last spoke, by any of its series; and whether more than one of its devices did. */
  gatewayHeard(site: string, gateway: string): { readonly heardMs: number; readonly devices: number } {
    return this.#columns.gatewayHeard(site, gateway);
  }

  /** A batch is in the store. Never throws for what is in it. */
  stored(batch: ReadingBatch, isHistory: boolean): void {
    const { seriesId, timeMs, value, status, length, table } = batch;
    this.#columns.use(table);
    const { newestMs, heardMs, calmLow, calmHigh } = this.#columns;
    const nowMs = this.#parts.clock.nowMs();
    const liveFromMs = nowMs - 1000 * this.#parts.liveWithinS;
    if (isHistory) {
      for (let row = 0; row < length; row++) {
        const id = seriesId[row]!;
        if (timeMs[row]! > newestMs[id]!) newestMs[id] = timeMs[row]!;
      }
      return;
    }
    for (let row = 0; row < length; row++) {
      const id = seriesId[row]!;
      const time = timeMs[row]!;
      const number = value[row]!;
      // Quality good or uncertain and clock synced: bits 1 to 3 are 0. What is not worked out yet has NaN for its bounds.
      if (
        time > newestMs[id]! &&
        time >= liveFromMs &&
        number > calmLow[id]! &&
        number < calmHigh[id]! &&
        (status[row]! & 14) === 0
      ) {
        newestMs[id] = time;
        heardMs[id] = nowMs;
      } else this.#judge(batch, row, nowMs, liveFromMs);
    }
  }

  /** A live value of a series that cannot be. */
  refused(key: SeriesKey, timeMs: number, value: number): void {
    const one = this.#judged.get(seriesIdentity(key)) ?? this.#open(key);
    const nowMs = this.#parts.clock.nowMs();
    if (one && timeMs >= nowMs - 1000 * this.#parts.liveWithinS)
      this.#put(one, { kind: 'refused', timeMs: Math.min(timeMs, nowMs), value }, nowMs);
  }

  /** What is wrong now, also what is not told yet. Nothing is forgotten while it is not known which thresholds there are. */
  conditions(nowMs: number, listening: Listening): Condition[] {
    let nextMs = Number.POSITIVE_INFINITY;
    const near = this.#neighbours(nowMs);
    for (const [judge, one] of this.#active) {
      const heardMs = Math.max(this.#heardOf(one) ?? judge.threshold.setMs, listening.sinceMs);
      const isSilence = judge.threshold.rule.kind === 'no-data';
      if (isSilence && listening.isAway && judge.state.phase === 'calm') continue;
      const median = near.get(one);
      const input: JudgeInput = {
        ...{ kind: 'time', timeMs: nowMs },
        ...(isSilence ? { heardMs } : {}),
        ...(median === undefined || one.value === undefined ? {} : { median, value: one.value }),
      };
      this.#step(one, judge, input, nowMs);
      nextMs = Math.min(nextMs, dueMs(judge.threshold, judge.state, heardMs));
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#parts.due(Math.max(nextMs, nowMs + 1));
    const found = [...this.#kept.values()];
    for (const judge of this.#active.keys()) if (judge.condition) found.push(judge.condition);
    return found;
  }

  #judge(batch: ReadingBatch, row: number, nowMs: number, liveFromMs: number): void {
    const id = batch.seriesId[row]!;
    const time = batch.timeMs[row]!;
    const status = batch.status[row]!;
    const columns = this.#columns;
    let one = this.#slots[id];
    if (one === undefined) {
      const key = batch.table.get(id);
      one = this.#judged.get(seriesIdentity(key)) ?? this.#open(key) ?? null;
      this.#slots[id] = one;
      this.#setCalm(id, one);
      if (one && one.storedMs > columns.newestMs[id]! && columns.heardMs[id] === 0)
        columns.newestMs[id] = one.storedMs;
    }
    const isUnsynced = clockOf(status) === 'unsynced';
    if (!isUnsynced && time <= columns.newestMs[id]! && !this.#isSetBack(id, time)) return;
    columns.newestMs[id] = time;
    this.#late.delete(id);
    if (!isUnsynced && time < liveFromMs) return;
    columns.heardMs[id] = nowMs;
    if (!one) return;
    one.heardMs = nowMs;
    const value = batch.value[row]!;
    if (Number.isNaN(value)) return;
    const isBad = (status & 3) === BAD;
    if (!isBad) one.value = value;
    this.#put(
      one,
      { kind: 'value', timeMs: isUnsynced ? nowMs : Math.min(time, nowMs), value, isBad },
      nowMs,
    );
    this.#setCalm(id, one);
  }

  #isSetBack(id: number, timeMs: number): boolean {
    let late = this.#late.get(id);
    if (!late) {
      late = { lateSinceMs: undefined, newestLateMs: 0 };
      this.#late.set(id, late);
    }
    return isSetBack(late, timeMs, this.#parts.clock.monotonicMs());
  }

  #put(one: JudgedSeries, input: JudgeInput, nowMs: number): void {
    for (const judge of one.judges) {
      const before = judge.state.phase;
      this.#step(one, judge, input, nowMs);
      const { phase } = judge.state;
      if ((phase === 'raised') !== (before === 'raised')) this.#parts.due(nowMs);
      else if (phase === 'pending' && before !== 'pending')
        this.#parts.due(Math.max(nowMs, dueMs(judge.threshold, judge.state, nowMs)));
    }
  }

  #step(one: JudgedSeries, judge: Judge, input: JudgeInput, nowMs: number): void {
    const { state } = stepJudge(judge.threshold, judge.state, input);
    const before = judge.state;
    judge.state = state;
    const isSame = ['phase', 'side', 'sinceMs', 'flaps', 'quietMs'].every(
      (name) => before[name as keyof JudgeState] === state[name as keyof JudgeState],
    );
    const isOver = state.phase === 'calm' && !isRemembered(state, nowMs);
    if (isSame && (judge.condition !== undefined || state.phase === 'calm') && !(isOver && judge.condition))
      return;
    judge.condition = isOver ? undefined : this.#conditionOf(one, judge, nowMs);
    if (judge.condition || isTimed(judge)) this.#active.set(judge, one);
    else this.#active.delete(judge);
  }

  #conditionOf(one: JudgedSeries, { threshold, state, condition }: Judge, nowMs: number): Condition {
    const { key } = one;
    const { site, zone, gateway, device, link } = key;
    const place = Object.fromEntries(
      Object.entries({ site, zone, gateway, device, link }).filter(([, value]) => value !== ''),
    );
    const isRaised = state.phase === 'raised';
    const isNew = condition?.judged?.state.phase !== 'raised' || condition.judged.state.side !== state.side;
    const isSilence = threshold.rule.kind === 'no-data';
    return {
      ...{ key: keyOf(threshold, key), kind: threshold.rule.kind, severity: threshold.severity, place },
      subject: [site, gateway, device].filter((tag) => tag !== '').join('/'),
      sinceMs: isSilence ? (this.#heardOf(one) ?? threshold.setMs) : state.sinceMs,
      noticedMs: isRaised && isNew ? nowMs : (condition?.noticedMs ?? nowMs),
      explains: false,
      judged: { series: plain(key), threshold: threshold.id, version: threshold.version, state },
      words: wrongWords(key, threshold, state, this.#parts.zoneName),
    };
  }

  #heardOf(one: JudgedSeries): number | undefined {
    const heard = this.#columns.heardOf(one.key);
    return heard === undefined ? one.heardMs : Math.max(heard, one.heardMs ?? 0);
  }

  /** Between which values nothing can be wrong with it; NaN where each has to be looked at. */
  #setCalm(id: number, one: JudgedSeries | null): void {
    let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const { threshold, state } of one?.judges ?? []) {
      const { rule } = threshold;
      const isCalm = state.phase === 'calm' && ['bounds', 'no-data', 'implausible'].includes(rule.kind);
      if (!isCalm) low = high = Number.NaN;
      else if (rule.kind === 'bounds') {
        low = Math.max(low, rule.low?.raise ?? low);
        high = Math.min(high, rule.high?.raise ?? high);
      }
    }
    this.#columns.calmLow[id] = low;
    this.#columns.calmHigh[id] = high;
  }

  #neighbours(nowMs: number): Map<JudgedSeries, number> {
    const asked = [...this.#active].filter(([{ threshold }]) => threshold.rule.kind === 'neighbours');
    if (asked.length === 0) return new Map();
    const fromMs = nowMs - 1000 * this.#parts.liveWithinS;
    return medians(asked.map(([, one]) => one).filter((one) => (this.#heardOf(one) ?? 0) >= fromMs));
  }

  /** A series that spoke for the first time. */
  #open(key: SeriesKey): JudgedSeries | undefined {
    if (!this.#assignments.has(key)) return undefined;
    const one: JudgedSeries = {
      key: plain(key),
      heardMs: undefined,
      storedMs: NEVER,
      value: undefined,
      judges: [],
    };
    one.judges = this.#judgesOf(one, new Map());
    if (one.judges.length === 0) return undefined;
    this.#add(one);
    for (const judge of one.judges) if (isTimed(judge)) this.#active.set(judge, one);
    return one;
  }

  #judgesOf({ key }: JudgedSeries, before: ReadonlyMap<string, Judge>): Judge[] {
    return this.#assignments.of(key).map((threshold) => {
      const old = before.get(threshold.id);
      if (old?.threshold.version === threshold.version) return old;
      const kept = this.#kept.get(keyOf(threshold, key));
      this.#kept.delete(keyOf(threshold, key));
      if (kept?.judged?.version === threshold.version)
        return { threshold, state: kept.judged.state, condition: kept, isFresh: false };
      return { threshold, state: carriedOver(old, threshold), condition: undefined, isFresh: true };
    });
  }

  /** Works out anew who is judged by what, once thresholds or zones have changed, and again until the store has answered. */
  async build(): Promise<void> {
    const { book, store, clock, due } = this.#parts;
    const { revision } = book;
    const zones = this.#zonesChanged;
    if (this.#building || (revision === this.#builtRevision && zones === this.#builtZones)) return;
    this.#building = true;
    try {
      const last = await store.last({});
      this.#rebuild(last, this.#builtRevision === -1);
      this.#builtRevision = revision;
      this.#builtZones = zones;
      due(clock.nowMs());
    } catch (thrown) {
      // The store says itself what ails it; at the next look it is asked again.
      if (!asSluiceError(thrown).retryable) throw thrown;
    } finally {
      this.#building = false;
    }
  }

  #rebuild(last: readonly LastReading[], isFirst: boolean): void {
    const { clock, book, cropOf } = this.#parts;
    const nowMs = clock.nowMs();
    this.#assignments = new Assignments(book.all(), cropOf);
    const before = this.#judged;
    this.#judged = new Map();
    this.#byDevice.clear();
    this.#active.clear();
    this.#slots = [];
    this.#columns.forgetBounds();
    const newest = new Map<JudgedSeries, LastReading>();
    for (const reading of [...last].sort((a, b) => a.timeMs - b.timeMs)) {
      const one = this.#again(reading.series, before);
      if (!one) continue;
      const heardMs = Math.min(reading.timeMs, nowMs);
      one.heardMs = Math.max(one.heardMs ?? heardMs, heardMs);
      one.storedMs = reading.timeMs;
      if (typeof reading.value === 'number') one.value ??= reading.value;
      newest.set(one, reading);
    }
    for (const one of before.values()) if (!this.#hasMoved(one.key)) this.#again(one.key, before);
    for (const { judged } of [...this.#kept.values()])
      if (!this.#hasMoved(judged!.series)) this.#again(judged!.series, before);
    for (const threshold of this.#assignments.expecting()) this.#expect(threshold);
    this.#kept.clear();
    for (const one of this.#judged.values())
      for (const judge of one.judges) this.#judgeKnown(one, judge, newest.get(one), isFirst);
  }

  /** A bound that was moved judges what is known already, from now on; after a restart what was said last counts from when it was. */
  #judgeKnown(one: JudgedSeries, judge: Judge, reading: LastReading | undefined, isFirst: boolean): void {
    const { clock, liveWithinS } = this.#parts;
    const nowMs = clock.nowMs();
    if (judge.isFresh && judge.state.phase !== 'calm') judge.condition = this.#conditionOf(one, judge, nowMs);
    if (judge.condition || isTimed(judge)) this.#active.set(judge, one);
    const isKnown =
      reading && typeof reading.value === 'number' && reading.timeMs >= nowMs - 1000 * liveWithinS;
    if (judge.isFresh && isKnown) {
      const timeMs = isFirst ? Math.min(reading.timeMs, nowMs) : nowMs;
      const isBad = qualityOf(reading.status) === 'bad';
      this.#step(one, judge, { kind: 'value', timeMs, value: Number(reading.value), isBad }, nowMs);
    }
    judge.isFresh = false;
  }

  /** The same series under the thresholds of now. */
  #again(key: SeriesKey, before: ReadonlyMap<string, JudgedSeries>): JudgedSeries | undefined {
    if (!this.#assignments.has(key)) return undefined;
    const identity = seriesIdentity(key);
    const done = this.#judged.get(identity);
    if (done) return done;
    const old = before.get(identity);
    const one = old ?? { key: plain(key), heardMs: undefined, storedMs: NEVER, value: undefined, judges: [] };
    one.judges = this.#judgesOf(one, new Map(one.judges.map((judge) => [judge.threshold.id, judge])));
    if (one.judges.length === 0) return undefined;
    this.#add(one);
    return one;
  }

  #hasMoved(key: SeriesKey): boolean {
    const now = this.#byDevice.get(seriesIdentity({ ...key, zone: '' }));
    return now !== undefined && now.key.zone !== key.zone;
  }

  /** A device that was placed in another zone goes on as another series there, and is not silent where it was. */
  #add(one: JudgedSeries): void {
    const name = seriesIdentity({ ...one.key, zone: '' });
    const before = this.#byDevice.get(name);
    if (before && before !== one) {
      for (const judge of before.judges) this.#active.delete(judge);
      this.#judged.delete(seriesIdentity(before.key));
      this.#slots = this.#slots.map((slot) => (slot === before ? undefined : slot));
      this.#columns.forgetBounds();
    }
    this.#byDevice.set(name, one);
    this.#judged.set(seriesIdentity(one.key), one);
  }

  /** A device that is named by a threshold and has never said anything counts as silent from when that was set. */
  #expect({ measurement, field, scope }: Threshold): void {
    const { site = '', gateway = '', device = '', point = '' } = scope;
    for (const { key } of this.#judged.values())
      if (
        key.measurement === measurement &&
        key.field === field &&
        key.site === site &&
        key.gateway === gateway &&
        key.device === device &&
        (point === '' || key.point === point)
      )
        return;
    this.#again(seriesKey({ measurement, field, unit: '', site, gateway, device, point }), new Map());
  }
}

/** What is raised stays so until a value says otherwise; what waits goes on waiting where nothing of the rule was changed. */
function carriedOver(old: Judge | undefined, { rule, forS }: Threshold): JudgeState {
  if (!old) return CALM;
  const isSame = forS === old.threshold.forS && isDeepStrictEqual(rule, old.threshold.rule);
  if (isSame) return old.state;
  const { memory: _memory, ...state } = old.state;
  return state.phase === 'raised' && rule.kind === old.threshold.rule.kind ? state : CALM;
}

/** Whether time alone may change it although it is calm. */
function isTimed({ threshold: { rule } }: Judge): boolean {
  return rule.kind === 'no-data' || rule.kind === 'neighbours';
}

/** It is calm, but came and went so lately that the next time may be flapping. */
function isRemembered({ raises }: JudgeState, nowMs: number): boolean {
  return raises.some((one) => one > nowMs - FLAPS.withinMs);
}

function keyOf(threshold: Threshold, { site, gateway, device, point, zone, link }: SeriesKey): string {
  return `${threshold.rule.kind}:${threshold.id}:${[site, gateway, device, point, zone, link].join('/')}`;
}

/** Without the id that a table gives it, which means nothing after a restart. */
function plain(key: SeriesKey): SeriesKey {
  const { measurement, field, unit, ...tags } = key;
  return seriesKey({ ...tags, measurement, field, unit });
}
