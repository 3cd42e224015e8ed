import { type Clock, delay } from '../../core/clock.ts';
import { asSluiceError, type ErrorCode, SluiceError } from '../../core/errors.ts';
import { gatewayName } from '../gateway-name.ts';
import { checkTime, checkValue, type Refusal } from '../pipeline/check-reading.ts';
import { bindMetric } from '../pipeline/metric-binding.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { GIVEN_UP, type Outcome } from '../pipeline/receipt.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { KeptLetter, RefusedReading } from './letter.ts';
import type { LetterFilter } from './letter-file.ts';
import { isReplayable, metricOf } from './refused-reading.ts';

/** Letters that are tried in one go, so that whoever asks hears of it soon; the rest goes on from `next`. */
const PAGE = 1_000;
const ANSWER_WITHIN_MS = 20_000;

export interface ReplayRequest extends Omit<LetterFilter, 'state'> {
  /** Added to the time of each reading. */
  readonly shiftMs: number;
  /** Judges, and changes nothing. */
  readonly isDryRun: boolean;
  /** The `next` of the answer before. */
  readonly after?: number;
}

/** looked at = replayed + refused + not replayable + unanswered */
export interface ReplayReport {
  readonly lookedAt: number;
  /** In the store now; in a dry run, what would be tried. */
  readonly replayed: number;
  /** Refused again, by reason; they stay, with that. */
  readonly refused: Readonly<Partial<Record<ErrorCode, number>>>;
  /** Messages that could not be read, and values that were no values. */
  readonly notReplayable: number;
  /** The store was away, or busy: they wait as before. */
  readonly unanswered: number;
  /** Where it goes on; absent at the end. */
  readonly next?: number;
}

interface Parts {
  readonly letters: Pick<DeadLetters, 'find' | 'tried' | 'flush'>;
  readonly pipeline: Pick<Pipeline, 'take' | 'trouble' | 'isCrowded'>;
  readonly clock: Clock;
  readonly maxAheadS: number;
}

/** A reading that is tried again. */
interface Trial {
  readonly letter: KeptLetter;
  readonly reading: RefusedReading;
}
type Result = Trial & { readonly outcome: 'replayed' | 'unanswered' | SluiceError };

/**
 * Brings letters the way of any reading, with their own time: the same judgement, the same store. What the store has is marked
 * as replayed after it has it, so that a process that dies in between does it once more, which changes nothing.
 */
export class Replayer {
  readonly #parts: Parts;
  /** One at a time, so that no two try the same. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Throws `LEDGER_UNAVAILABLE`; `STORE_UNAVAILABLE` where the pipeline has no room for it now. */
  replay(request: ReplayRequest): Promise<ReplayReport> {
    const done = this.#turn.then(() => this.#replay(request));
    this.#turn = done.catch(() => {});
    return done;
  }

  async #replay({ shiftMs, isDryRun, after = 0, ...filter }: ReplayRequest): Promise<ReplayReport> {
    const { letters } = this.#parts;
    letters.flush();
    const found = letters.find({ ...filter, state: 'waiting' }, { after, limit: PAGE });
    const trials = found.flatMap((letter): Trial[] => {
      const { reading } = letter.content;
      return reading && isReplayable(reading) ? [{ letter, reading }] : [];
    });
    const results = isDryRun
      ? trials.map((trial) => ({ ...trial, outcome: this.#judge(trial, shiftMs) }))
      : await this.#tryAll(trials, shiftMs);
    const last = found.length === PAGE ? found.at(-1) : undefined;
    return {
      ...{ lookedAt: found.length, notReplayable: found.length - trials.length },
      ...summed(results),
      ...(last ? { next: last.id } : {}),
    };
  }

  #judge({ letter, reading }: Trial, shiftMs: number): Result['outcome'] {
    const { metric, definition } = metricOf(reading, letter, shiftMs);
    const timeMs = reading.timeMs + shiftMs;
    try {
      const problem =
        checkTime(timeMs, this.#parts.clock.nowMs(), this.#parts.maxAheadS, letter.gateway) ??
        checkValue(bindMetric(definition), metric);
      return typeof problem === 'object' ? problem.describe() : 'replayed';
    } catch (thrown) {
      return asSluiceError(thrown);
    }
  }

  async #tryAll(trials: readonly Trial[], shiftMs: number): Promise<Result[]> {
    const { pipeline, letters } = this.#parts;
    if (trials.length > 0 && pipeline.isCrowded)
      throw pipeline.trouble() ?? noAnswer('too much is waiting for it');
    const groups = Map.groupBy(trials, ({ letter }) => gatewayName(letter));
    const results = await Promise.all(Array.from(groups.values(), (group) => this.#try(group, shiftMs)));
    const all = results.flat();
    const answered = all.filter(({ outcome }) => outcome !== 'unanswered');
    letters.tried(
      answered.map(({ letter, outcome }) =>
        typeof outcome === 'object' ? { letter, error: outcome } : { letter },
      ),
    );
    return all;
  }

  /** Letters of one gateway. */
  async #try(trials: readonly Trial[], shiftMs: number): Promise<Result[]> {
    const { pipeline, clock } = this.#parts;
    const incoming = trials.map(({ letter, reading }) => metricOf(reading, letter, shiftMs));
    const { site, gateway } = trials[0]!.letter;
    const waiting = new AbortController();
    let outcome: Outcome = GIVEN_UP;
    pipeline.take({
      ...{ site, gateway, defaultTimeMs: clock.nowMs(), isBirth: false },
      metrics: incoming.map(({ metric }) => metric),
      definitions: incoming.map(({ definition }) => definition),
      receipt: {
        keepsRefused: true,
        settled: (given) => {
          outcome = given;
          waiting.abort();
        },
      },
    });
    await delay(clock, ANSWER_WITHIN_MS, waiting.signal);
    const problems = new Map<number, Refusal>(
      outcome.rejected.map(({ position, problem }) => [position, problem]),
    );
    const { isWhole } = outcome;
    return trials.map((trial, position) => {
      const problem = problems.get(position);
      return { ...trial, outcome: problem ? problem.describe() : isWhole ? 'replayed' : 'unanswered' };
    });
  }
}

function summed(results: readonly Result[]): Pick<ReplayReport, 'replayed' | 'refused' | 'unanswered'> {
  const refused: Partial<Record<ErrorCode, number>> = {};
  for (const { outcome } of results)
    if (typeof outcome === 'object') refused[outcome.code] = (refused[outcome.code] ?? 0) + 1;
  const count = (wanted: string) => results.filter(({ outcome }) => outcome === wanted).length;
  return { replayed: count('replayed'), refused, unanswered: count('unanswered') };
}

function noAnswer(reason: string): SluiceError {
  return new SluiceError('STORE_UNAVAILABLE', { store: 'readings', reason, mend: '' });
}
