import { type SeriesKey, seriesIdentity, seriesKey } from '../../core/reading.ts';
import type { Threshold } from '../../core/thresholds/threshold.ts';
import type { LastReading } from '../stores/store.ts';
import { Assignments, type CropOf } from '../thresholds/assign.ts';
import type { Condition } from './condition.ts';
import { carriedOver, conditionKeyOf, type Judge, type JudgedSeries, plain } from './judged-series.ts';

const NEVER = Number.NEGATIVE_INFINITY;

/** Which series are judged by what. What was wrong before is carried over to whoever judges the same now. */
export class SeriesRoster {
  readonly #cropOf: CropOf;
  readonly #gone: (one: JudgedSeries) => void;
  #judged = new Map<string, JudgedSeries>();
  /** The same by all but the zone. */
  readonly #byDevice = new Map<string, JudgedSeries>();
  #assignments: Assignments;
  /** By key of the condition: what was wrong at the end of the run before, until its series is judged again. */
  readonly #kept = new Map<string, Condition>();

  /** `gone`: a series is not judged any more, as its device was placed elsewhere. */
  constructor(cropOf: CropOf, gone: (one: JudgedSeries) => void) {
    this.#cropOf = cropOf;
    this.#gone = gone;
    this.#assignments = new Assignments([], cropOf);
  }

  /** What was wrong when this was last kept. */
  restore(conditions: Iterable<Condition>): void {
    for (const one of conditions) if (one.judged) this.#kept.set(one.key, one);
  }

  kept(): Iterable<Condition> {
    return this.#kept.values();
  }

  all(): Iterable<JudgedSeries> {
    return this.#judged.values();
  }

  /** Also one that spoke for the first time; undefined where nobody judges it. */
  of(key: SeriesKey): JudgedSeries | undefined {
    return this.#judged.get(seriesIdentity(key)) ?? this.#again(key, new Map());
  }

  /** Works it out anew by what is stored of each series; the answer is the newest reading of each that is judged. */
  rebuild(
    thresholds: Iterable<Threshold>,
    last: readonly LastReading[],
    nowMs: number,
  ): Map<JudgedSeries, LastReading> {
    this.#assignments = new Assignments(thresholds, this.#cropOf);
    const before = this.#judged;
    this.#judged = new Map();
    this.#byDevice.clear();
    const newest = new Map<JudgedSeries, LastReading>();
    for (const reading of [...last].sort((a, b) => a.timeMs - b.timeMs)) {
      const one = this.#again(reading.series, before);
      if (!one) continue;
      const heardMs = Math.min(reading.timeMs, nowMs);
      one.heardMs = Math.max(one.heardMs ?? heardMs, heardMs);
      one.storedMs = reading.timeMs;
      newest.set(one, reading);
    }
    for (const one of before.values()) if (!this.#hasMoved(one.key)) this.#again(one.key, before);
    for (const { judged } of [...this.#kept.values()])
      if (!this.#hasMoved(judged!.series)) this.#again(judged!.series, before);
    for (const threshold of this.#assignments.expecting()) this.#expect(threshold);
    this.#kept.clear();
    return newest;
  }

  /** The same series under the thresholds of now. */
  #again(key: SeriesKey, before: ReadonlyMap<string, JudgedSeries>): JudgedSeries | undefined {
    if (!this.#assignments.has(key)) return undefined;
    const identity = seriesIdentity(key);
    const done = this.#judged.get(identity);
    if (done) return done;
    const one: JudgedSeries = before.get(identity) ?? {
      ...{ key: plain(key), heardMs: undefined, storedMs: NEVER, value: undefined },
      ...{ judges: [], isCompared: false },
    };
    one.judges = this.#judgesOf(one, new Map(one.judges.map((judge) => [judge.threshold.id, judge])));
    one.isCompared = this.#assignments.compares(key);
    if (one.judges.length === 0 && !one.isCompared) return undefined;
    this.#add(one);
    return one;
  }

  #judgesOf({ key }: JudgedSeries, before: ReadonlyMap<string, Judge>): Judge[] {
    return this.#assignments.of(key).map((threshold) => {
      const old = before.get(threshold.id);
      if (old?.threshold.version === threshold.version) return old;
      const name = conditionKeyOf(threshold, key);
      const kept = this.#kept.get(name);
      this.#kept.delete(name);
      if (kept?.judged?.version === threshold.version)
        return { threshold, state: kept.judged.state, condition: kept, isFresh: false };
      return { threshold, state: carriedOver(old, threshold), condition: undefined, isFresh: true };
    });
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
      this.#judged.delete(seriesIdentity(before.key));
      this.#gone(before);
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
