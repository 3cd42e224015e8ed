import type { SeriesKey } from '../../core/reading.ts';
import type { ThresholdWish } from '../../core/thresholds/threshold.ts';
import type { SeriesData } from '../stores/store.ts';
import type { JudgeInput } from './assess.ts';
import { CALM } from './judge-state.ts';
import { dueMs, stepJudge } from './step-judge.ts';

const MINUTE_MS = 60_000;

export interface Raised {
  readonly fromMs: number;
  readonly toMs?: number;
  readonly worst: number;
}

/** What is stored of a series, one value each `everyMs`. */
export interface TrialPart {
  readonly data: SeriesData;
  readonly everyMs: number;
}

/** One value of the past, and until when its series may have spoken. */
export interface TrialPoint {
  readonly timeMs: number;
  readonly value: number;
  readonly heardMs: number;
}

/** In order of time, where the oldest part is first. */
export function pointsOf(parts: readonly TrialPart[]): TrialPoint[] {
  return parts.flatMap(({ data, everyMs }) =>
    data.timeMs.map((timeMs, index) => ({
      ...{ timeMs, value: Number(data.value[index]) },
      // It may have spoken until the end of that time: nothing is called silent that was not.
      heardMs: timeMs + everyMs - MINUTE_MS,
    })),
  );
}

/** A series that is judged again as it was live, and when it would have been raised. */
export class TriedSeries {
  readonly key: SeriesKey;
  readonly points: readonly TrialPoint[];
  readonly raised: { fromMs: number; toMs?: number; worst: number }[] = [];
  /** The last value until where the past has been gone through. */
  value: number | undefined;
  heardMs: number;
  readonly #wish: ThresholdWish;
  #state = CALM;

  constructor(wish: ThresholdWish, key: SeriesKey, points: readonly TrialPoint[]) {
    this.#wish = wish;
    this.key = key;
    this.points = points;
    this.heardMs = points[0]?.timeMs ?? 0;
  }

  speak({ timeMs, value, heardMs }: TrialPoint): void {
    this.heardMs = heardMs;
    this.value = value;
    this.put({ kind: 'value', timeMs, value });
  }

  put(input: JudgeInput): void {
    const { state, effect } = stepJudge(this.#wish, this.#state, input);
    this.#state = state;
    const last = this.raised.at(-1);
    if (effect && last && last.toMs === undefined) last.toMs = input.timeMs;
    if (state.phase !== 'raised') return;
    const worst = state.worst ?? state.value ?? 0;
    if (effect) this.raised.push({ fromMs: input.timeMs, worst });
    else if (last) last.worst = worst;
  }

  /** What time alone changes until then; `knownAt` is what else there is to know at a time. */
  pass(untilMs: number, knownAt: (timeMs: number) => { readonly median?: number } = () => ({})): void {
    for (let next = this.#dueMs(); next <= untilMs; next = this.#dueMs()) {
      const before = this.#state;
      this.look(next, knownAt(next));
      if (this.#state === before) return;
    }
  }

  look(timeMs: number, known: { readonly median?: number } = {}): void {
    const { heardMs, value } = this;
    this.put({ kind: 'time', timeMs, heardMs, ...(value !== undefined && { value }), ...known });
  }

  #dueMs(): number {
    return dueMs(this.#wish, this.#state, this.heardMs);
  }
}
