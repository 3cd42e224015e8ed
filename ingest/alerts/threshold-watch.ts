import type { Clock } from '../../core/clock.ts';
import { asSluiceError } from '../../core/errors.ts';
import { clockOf, qualityOf, type SeriesKey } from '../../core/reading.ts';
import type { ReadingBatch } from '../../core/reading-batch.ts';
import { isSetBack, type Late } from '../pipeline/set-back.ts';
import type { JudgedNow } from '../self/threshold-points.ts';
import type { LastReading, Store } from '../stores/store.ts';
import type { JudgeInput } from '../thresholds/assess.ts';
import type { CropOf } from '../thresholds/assign.ts';
import type { JudgeState } from '../thresholds/judge-state.ts';
import { medians } from '../thresholds/medians.ts';
import { type Past, readPast } from '../thresholds/read-past.ts';
import { dueMs, stepJudge } from '../thresholds/step-judge.ts';
import type { ThresholdBook } from '../thresholds/threshold-book.ts';
import type { Condition } from './condition.ts';
import { conditionOf, isRemembered, isTimed, type Judge, type JudgedSeries } from './judged-series.ts';
import { SeriesColumns } from './series-columns.ts';
import { SeriesRoster } from './series-roster.ts';
import type { ZoneName } from './wrong-words.ts';

const BAD = 2;
/** How often the figures in the words of what is raised are told anew. */
const RESAID_MS = 60_000;

export interface WatchParts {
  readonly store: Pick<Store, 'last' | 'query'>;
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
  readonly #late = new Map<number, Late & { readonly behindMs: number }>();
  readonly #roster: SeriesRoster;
  /** Those that time alone may change. */
  readonly #active = new Map<Judge, JudgedSeries>();
  #builtRevision = -1;
  #zonesChanged = 0;
  #builtZones = 0;
  #building = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#roster = new SeriesRoster(parts.cropOf, (one) => this.#forget(one));
  }

  /** What was wrong when this was last kept. */
  restore(conditions: Iterable<Condition>): void {
    this.#roster.restore(conditions);
  }

  /** What grows where has changed, so other thresholds may hold. */
  zonesChanged(): void {
    this.#zonesChanged++;
  }

  *judged(): Generator<JudgedNow> {
    for (const one of this.#roster.all())
      if (one.judges.length > 0)
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

  /** A live value of a series that cannot be; whoever says it is not silent. */
  refused(key: SeriesKey, timeMs: number, value: number): void {
    const one = this.#of(key);
    const nowMs = this.#parts.clock.nowMs();
    if (!one || timeMs < nowMs - 1000 * this.#parts.liveWithinS) return;
    one.heardMs = nowMs;
    this.#put(one, { kind: 'refused', timeMs: Math.min(timeMs, nowMs), value }, nowMs);
  }

  /** This host's clock was: whoever spoke at a time that is yet to come did so just now. */
  clockSetBack(): void {
    const nowMs = this.#parts.clock.nowMs();
    this.#columns.heardBy(nowMs);
    for (const one of this.#roster.all())
      if (one.heardMs !== undefined && one.heardMs > nowMs) one.heardMs = nowMs;
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
      const before = judge.state.phase;
      this.#step(one, judge, input, nowMs);
      if (before === 'calm' && judge.state.phase !== 'calm') this.#columns.forgetBoundsOf(one.key);
      this.#sayAnew(one, judge, nowMs);
      nextMs = Math.min(nextMs, dueMs(judge.threshold, judge.state, heardMs));
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#parts.due(Math.max(nextMs, nowMs + 1));
    const found = [...this.#roster.kept()];
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
      one = this.#of(key) ?? null;
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

  /** A run of late readings is over once a newer one came, also by the short way of `stored`. */
  #isSetBack(id: number, timeMs: number): boolean {
    const newestMs = this.#columns.newestMs[id]!;
    let late = this.#late.get(id);
    if (!late || late.behindMs !== newestMs) {
      late = { lateSinceMs: undefined, newestLateMs: 0, behindMs: newestMs };
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

  /** What is raised has become worse, or is another value by now. */
  #sayAnew(one: JudgedSeries, judge: Judge, nowMs: number): void {
    const { condition, state } = judge;
    if (state.phase !== 'raised' || !condition?.judged) return;
    if (Math.abs(nowMs - (condition.saidMs ?? 0)) < RESAID_MS) return;
    const said = condition.judged;
    const isSame = said.state.worst === state.worst && (said.latest ?? one.value) === one.value;
    if (!isSame) judge.condition = this.#conditionOf(one, judge, nowMs);
  }

  #conditionOf(one: JudgedSeries, judge: Judge, nowMs: number): Condition {
    const { zoneName } = this.#parts;
    return conditionOf(one, judge, { nowMs, heardMs: this.#heardOf(one), zoneName });
  }

  #heardOf(one: JudgedSeries): number | undefined {
    const heard = this.#columns.heardOf(one.key);
    return heard === undefined ? one.heardMs : Math.max(heard, one.heardMs ?? 0);
  }

  /** Between which values nothing can be wrong with it; NaN where each has to be looked at. */
  #setCalm(id: number, one: JudgedSeries | null): void {
    let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    if (one?.isCompared) low = high = Number.NaN;
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
    const fromMs = nowMs - 1000 * this.#parts.liveWithinS;
    const compared = [...this.#roster.all()].filter(({ isCompared }) => isCompared);
    return medians(compared.filter((one) => (this.#heardOf(one) ?? 0) >= fromMs));
  }

  /** Also one that spoke for the first time. */
  #of(key: SeriesKey): JudgedSeries | undefined {
    const one = this.#roster.of(key);
    for (const judge of one?.judges ?? []) if (isTimed(judge)) this.#active.set(judge, one!);
    return one;
  }

  #forget(gone: JudgedSeries): void {
    for (const judge of gone.judges) this.#active.delete(judge);
    this.#slots = this.#slots.map((slot) => (slot === gone ? undefined : slot));
    this.#columns.forgetBounds();
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
      const isFirst = this.#builtRevision === -1;
      const past = await readPast(isFirst ? book.all() : [], store, clock.nowMs());
      this.#rebuild(last, isFirst, past);
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

  #rebuild(last: readonly LastReading[], isFirst: boolean, past: Past): void {
    const nowMs = this.#parts.clock.nowMs();
    this.#active.clear();
    this.#slots = [];
    this.#columns.forgetBounds();
    const newest = this.#roster.rebuild(this.#parts.book.all(), last, nowMs);
    for (const [one, { value, status }] of newest)
      if (typeof value === 'number' && qualityOf(status) !== 'bad') one.value ??= value;
    for (const one of this.#roster.all())
      for (const judge of one.judges) {
        const { state, threshold } = judge;
        const memory = isFirst && !state.memory && past.of(one.key, threshold.rule);
        if (memory) judge.state = { ...state, memory };
        this.#judgeKnown(one, judge, newest.get(one), isFirst);
      }
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
}
