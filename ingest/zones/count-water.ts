/** A counter over time, in order. */
export interface CounterPoints {
  readonly timeMs: readonly number[];
  readonly value: readonly number[];
}

export interface Counted {
  readonly total: number;
  /** How much was counted up to each time since the one before. */
  readonly steps: readonly { readonly timeMs: number; readonly amount: number }[];
  /** How often it went back or leapt: cleared, replaced, or misread. */
  readonly restarts: number;
}

/**
 * What a counter has counted from `fromMs` on; the last value before it is where it begins. A counter that goes back was cleared or replaced: what
 * it shows then counts only where it can have passed since, at most `perMs` (twice as fast as it was seen to run at other times). The same holds
 * for a leap forward of more than `mostPerMs`, which is another meter or a misread one: nothing of it counts.
 */
export function countUp({ timeMs, value }: CounterPoints, fromMs: number, mostPerMs: number): Counted {
  const perMs = 2 * fastest({ timeMs, value }, mostPerMs);
  const steps: { timeMs: number; amount: number }[] = [];
  let restarts = 0;
  let total = 0;
  for (let i = 1; i < timeMs.length; i++) {
    const lastedMs = timeMs[i]! - timeMs[i - 1]!;
    const change = value[i]! - value[i - 1]!;
    const isRestart = change < 0 || change > mostPerMs * lastedMs;
    const fromZero = change < 0 && value[i]! <= perMs * lastedMs ? value[i]! : 0;
    const amount = isRestart ? fromZero : change;
    if (timeMs[i]! < fromMs) continue;
    if (isRestart) restarts++;
    if (amount <= 0) continue;
    total += amount;
    steps.push({ timeMs: timeMs[i]!, amount });
  }
  return { total, steps, restarts };
}

function fastest({ timeMs, value }: CounterPoints, mostPerMs: number): number {
  let most = 0;
  for (let i = 1; i < timeMs.length; i++) {
    const perMs = (value[i]! - value[i - 1]!) / (timeMs[i]! - timeMs[i - 1]!);
    if (perMs > most && perMs <= mostPerMs) most = perMs;
  }
  return most;
}
