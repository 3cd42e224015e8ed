import type { Rule } from '../../core/thresholds/threshold.ts';
import type { JudgeState, RateMemory, Side, StuckMemory } from './judge-state.ts';

/**
 * What is put to a threshold. A value with bad quality is no value, but says that the series is bad. `time`: nothing has come, and
 * time has passed; `heardMs` is when the series last spoke, `median` that of its neighbours and `value` its own.
 */
export type JudgeInput =
  | { readonly kind: 'value'; readonly timeMs: number; readonly value: number; readonly isBad?: boolean }
  /** A value that cannot be, and was not stored. */
  | { readonly kind: 'refused'; readonly timeMs: number; readonly value: number }
  | {
      readonly kind: 'time';
      readonly timeMs: number;
      readonly heardMs?: number;
      readonly median?: number;
      readonly value?: number;
    };

/** `right` ends what was wrong; `between` the bounds it stays as it is, and so it does where nothing is said of it. */
export type Verdict = 'right' | 'between' | Side;

export interface Assessment {
  readonly verdict: Verdict;
  /** When what is wrong began, where that is before the input. */
  readonly sinceMs?: number;
  readonly value?: number;
  readonly memory?: JudgeState['memory'];
}

const BETWEEN: Assessment = { verdict: 'between' };
/** Parts that the time of a rate is held in: values older than it are let go so many at a time. */
export const RATE_PARTS = 16;
/** What is no bound with a clear of its own ends at this share of it. */
const CLEAR_SHARE = 0.8;
/** Fewer values in a row say nothing of being stuck. */
const LEAST_STUCK = 3;

/** 20.1 − 20 is more than 0.1, in binary fractions. */
const ROUNDING = 1e-9;

/** What an input says by a rule. Values that are not finite are nobody's. */
export function assess(rule: Rule, state: JudgeState, input: JudgeInput): Assessment {
  if (input.kind === 'time') return ofTime(rule, input);
  if (rule.kind === 'no-data') return { verdict: 'right' };
  const { timeMs, value } = input;
  if (rule.kind === 'implausible') {
    if (input.kind === 'refused') return { verdict: 'range', value };
    return input.isBad ? { verdict: 'bad', value } : { verdict: 'right' };
  }
  if (input.kind === 'refused' || input.isBad) return BETWEEN;
  switch (rule.kind) {
    case 'bounds':
      return ofBounds(rule, value);
    case 'rate':
      return ofRate(rule, state, timeMs, value);
    case 'stuck':
      return ofStuck(rule, state, timeMs, value);
    case 'neighbours':
      return BETWEEN;
  }
}

function ofTime(
  rule: Rule,
  { timeMs, heardMs, median, value }: Extract<JudgeInput, { kind: 'time' }>,
): Assessment {
  if (rule.kind === 'no-data' && heardMs !== undefined) {
    const isSilent = timeMs - heardMs >= 1000 * rule.afterS;
    return isSilent ? { verdict: 'no-data', sinceMs: heardMs + 1000 * rule.afterS } : BETWEEN;
  }
  if (rule.kind === 'neighbours' && median !== undefined && value !== undefined) {
    const by = value - median;
    if (Math.abs(by) > rule.by) return { verdict: by > 0 ? 'above' : 'below', value };
    return Math.abs(by) <= CLEAR_SHARE * rule.by ? { verdict: 'right' } : BETWEEN;
  }
  return BETWEEN;
}

function ofBounds({ low, high }: Extract<Rule, { kind: 'bounds' }>, value: number): Assessment {
  if (low && value < low.raise) return { verdict: 'low', value };
  if (high && value > high.raise) return { verdict: 'high', value };
  const isIn = (!low || value >= low.clear) && (!high || value <= high.clear);
  return isIn ? { verdict: 'right' } : BETWEEN;
}

function ofRate(
  { overS, rise, fall }: Extract<Rule, { kind: 'rate' }>,
  state: JudgeState,
  timeMs: number,
  value: number,
): Assessment {
  const memory = withValue(
    state.memory?.kind === 'rate' ? state.memory : undefined,
    1000 * overS,
    timeMs,
    value,
  );
  let [min, max] = [value, value];
  for (const part of memory.parts) {
    if (part.min < min) min = part.min;
    if (part.max > max) max = part.max;
  }
  const [up, down] = [value - min, max - value];
  if (rise !== undefined && up >= rise) return { verdict: 'rise', value: up, memory };
  if (fall !== undefined && down >= fall) return { verdict: 'fall', value: down, memory };
  const isOver =
    (rise === undefined || up < CLEAR_SHARE * rise) && (fall === undefined || down < CLEAR_SHARE * fall);
  return { verdict: isOver ? 'right' : 'between', memory };
}

/**
 * What a rule that looks back knows by the values of its time, in parts oldest first. A run that is stuck is taken to have begun at the
 * end of its first part: nobody is told early.
 */
export function remembered(
  rule: Extract<Rule, { kind: 'rate' | 'stuck' }>,
  parts: readonly { readonly fromMs: number; readonly min: number; readonly max: number }[],
): JudgeState['memory'] {
  if (parts.length === 0) return undefined;
  const overMs = 1000 * rule.overS;
  if (rule.kind === 'rate') return { kind: 'rate', parts: parts.slice(-RATE_PARTS - 1) };
  let run: StuckMemory | undefined;
  for (const { fromMs, min, max } of parts) {
    const timeMs = fromMs + Math.ceil(overMs / RATE_PARTS);
    run = runWith(run, rule.band, overMs, timeMs, min);
    if (max !== min) run = runWith(run, rule.band, overMs, timeMs, max);
  }
  return run;
}

function withValue(
  memory: RateMemory | undefined,
  overMs: number,
  timeMs: number,
  value: number,
): RateMemory {
  const partMs = overMs / RATE_PARTS;
  const fromMs = Math.floor(timeMs / partMs) * partMs;
  const last = memory?.parts.at(-1);
  if (memory && last && fromMs <= last.fromMs) {
    if (value >= last.min && value <= last.max) return memory;
    const part = { ...last, min: Math.min(last.min, value), max: Math.max(last.max, value) };
    return { kind: 'rate', parts: [...memory.parts.slice(0, -1), part] };
  }
  const kept = (memory?.parts ?? []).filter((part) => part.fromMs + partMs > timeMs - overMs);
  return { kind: 'rate', parts: [...kept, { fromMs, min: value, max: value }] };
}

function ofStuck(
  { band, overS }: Extract<Rule, { kind: 'stuck' }>,
  state: JudgeState,
  timeMs: number,
  value: number,
): Assessment {
  const before = state.memory?.kind === 'stuck' ? state.memory : undefined;
  const memory = runWith(before, band, 1000 * overS, timeMs, value);
  const isStuck = memory.values >= LEAST_STUCK && timeMs - memory.sinceMs >= 1000 * overS;
  return { verdict: isStuck ? 'stuck' : 'right', memory, ...(isStuck && { value }) };
}

/** A silence as long as the rule's time says nothing of the values within it, so the run begins anew. */
function runWith(
  run: StuckMemory | undefined,
  band: number,
  overMs: number,
  timeMs: number,
  value: number,
): StuckMemory {
  const min = Math.min(run?.min ?? value, value);
  const max = Math.max(run?.max ?? value, value);
  if (!run || max - min > band + ROUNDING || timeMs - run.lastMs >= overMs)
    return { kind: 'stuck', sinceMs: timeMs, lastMs: timeMs, min: value, max: value, values: 1 };
  return { ...run, lastMs: timeMs, min, max, values: Math.min(run.values + 1, LEAST_STUCK) };
}
