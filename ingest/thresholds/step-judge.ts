import type { Rule } from '../../core/thresholds/threshold.ts';
import { type Assessment, assess, type JudgeInput } from './assess.ts';
import { FLAPS, type JudgeState, type Side } from './judge-state.ts';

/** What a threshold says that judging goes by. */
export interface Judging {
  readonly rule: Rule;
  readonly forS: number;
}

export interface JudgeStep {
  readonly state: JudgeState;
  readonly effect?: 'raised' | 'cleared' | 'flaps';
}

/**
 * One series by one threshold: what was known and what comes, to what is known then. It is raised once it has been wrong for as
 * long as the threshold says, by values or by time that passes: what was said last holds until something else is. It ends with the
 * first value past the other bound, or, where it has come and gone too often, when it has been right for a while.
 * Inputs come in order of time.
 */
export function stepJudge({ rule, forS }: Judging, before: JudgeState, input: JudgeInput): JudgeStep {
  const seen = assess(rule, before, input);
  const { timeMs } = input;
  const remembered =
    seen.memory && seen.memory !== before.memory ? { ...before, memory: seen.memory } : before;
  const moved = worsened(turned(withoutFuture(remembered, input), seen, timeMs), seen);
  const state = settled(moved, 1000 * forS, timeMs);
  // One that turns from low to high has ended, and is another from here on.
  const isOther = before.phase === 'raised' && state.side !== before.side;
  if (state.phase === 'raised' && (before.phase !== 'raised' || isOther))
    return { state, effect: state.flaps ? 'flaps' : 'raised' };
  if (before.phase === 'raised' && state.phase !== 'raised') return { state, effect: 'cleared' };
  return { state };
}

/** When a `time` would change something that is neither calm nor waits for a value; `heardMs` as in the input. */
export function dueMs({ rule, forS }: Judging, state: JudgeState, heardMs: number): number {
  if (state.phase === 'pending') return state.sinceMs + 1000 * forS;
  if (state.quietMs !== undefined) return state.quietMs + FLAPS.quietMs;
  if (rule.kind === 'no-data' && state.phase === 'calm') return heardMs + 1000 * rule.afterS;
  return Number.POSITIVE_INFINITY;
}

function turned(state: JudgeState, { verdict, sinceMs, value }: Assessment, timeMs: number): JudgeState {
  if (verdict === 'between') return state;
  if (verdict === 'right') return righted(state, timeMs);
  const isSame = state.side === verdict;
  if (state.phase === 'raised' && (isSame || state.flaps))
    return state.quietMs === undefined && isSame
      ? state
      : wrong(state, 'raised', verdict, state.sinceMs, value);
  if (state.phase === 'pending' && isSame) return state;
  return wrong(state, 'pending', verdict, sinceMs ?? timeMs, value);
}

/** What waits since a time to come does so by a clock that was set back since: it waits from now on, and not for as long as that. */
function withoutFuture(state: JudgeState, { kind, timeMs }: JudgeInput): JudgeState {
  if (kind !== 'time') return state;
  const isWaiting = state.phase === 'pending' && state.sinceMs > timeMs;
  const isQuiet = state.quietMs !== undefined && state.quietMs > timeMs;
  if (!isWaiting && !isQuiet) return state;
  return { ...state, ...(isWaiting && { sinceMs: timeMs }), ...(isQuiet && { quietMs: timeMs }) };
}

/** Of sides that have a further out. */
function worsened(state: JudgeState, { verdict, value }: Assessment): JudgeState {
  if (state.phase === 'calm' || state.side !== verdict || value === undefined) return state;
  const { worst = state.value ?? value } = state;
  const isLess = verdict === 'low' || verdict === 'below';
  const isMore = ['high', 'above', 'rise', 'fall'].includes(verdict);
  if ((isLess && value < worst) || (isMore && value > worst)) return { ...state, worst: value };
  return state;
}

function wrong(
  { quietMs: _quiet, value: before, worst: far = before, ...state }: JudgeState,
  phase: 'pending' | 'raised',
  side: Side,
  sinceMs: number,
  value: number | undefined,
): JudgeState {
  const isOn = state.phase === 'raised' && phase === 'raised' && state.side === side && far !== value;
  return {
    ...{ ...state, phase, side, sinceMs },
    ...(value === undefined ? {} : { value }),
    ...(isOn && far !== undefined ? { worst: far } : {}),
  };
}

function righted(state: JudgeState, timeMs: number): JudgeState {
  if (state.phase === 'calm') return state;
  if (state.phase === 'raised' && state.flaps)
    return state.quietMs === undefined ? { ...state, quietMs: timeMs } : state;
  return calm(state);
}

function calm({ raises, memory }: JudgeState): JudgeState {
  return { phase: 'calm', sinceMs: 0, raises, flaps: false, ...(memory && { memory }) };
}

function settled(state: JudgeState, forMs: number, timeMs: number): JudgeState {
  if (state.phase === 'pending' && timeMs - state.sinceMs >= forMs) {
    const recent = state.raises.filter((one) => one > timeMs - FLAPS.withinMs);
    const raises = [...recent, timeMs].slice(-FLAPS.times);
    return { ...state, phase: 'raised', raises, flaps: raises.length === FLAPS.times };
  }
  const isQuiet = state.quietMs !== undefined && timeMs - state.quietMs >= FLAPS.quietMs;
  return isQuiet ? { ...calm(state), raises: [] } : state;
}
