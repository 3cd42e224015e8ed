import type { SeriesData } from '../stores/store.ts';

/** A valve with a zone, and which part of each step from `fromMs` on it was open, 0 to 1. */
export interface OpenTimes {
  readonly tags: SeriesData['tags'];
  readonly zone: string;
  readonly fromMs: number;
  readonly open: Float64Array;
}

/**
 * From the last and the mean state in each step: the mean where something was read in it, and the last state before where nothing was, for a state
 * is sent when it changes.
 */
export function openTimes(
  last: readonly SeriesData[],
  mean: readonly SeriesData[],
  { fromMs, toMs, stepMs }: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
): OpenTimes[] {
  const startMs = fromMs - (fromMs % stepMs);
  const count = Math.ceil((toMs - startMs) / stepMs);
  const means = new Map(mean.map((one) => [JSON.stringify(one.tags), one]));
  return last
    .filter(({ tags }) => tags.zone)
    .map((states) => {
      const open = new Float64Array(count);
      const { timeMs, value } = means.get(JSON.stringify(states.tags)) ?? states;
      let next = 0;
      let state = 0;
      for (; next < timeMs.length && timeMs[next]! < startMs; next++) state = Number(states.value[next] ?? 0);
      for (let step = 0; step < count; step++) {
        const isRead = timeMs[next] === startMs + step * stepMs;
        open[step] = isRead ? Math.min(1, Math.max(0, Number(value[next]))) : state === 0 ? 0 : 1;
        if (isRead) state = Number(states.value[next++] ?? 0);
      }
      return { tags: states.tags, zone: states.tags.zone!, fromMs: startMs, open };
    });
}

/** Each step of water goes to the zones whose valves were open in it or in the step before, in proportion to how long. */
export function shareOut(
  steps: readonly { readonly timeMs: number; readonly amount: number }[],
  valves: readonly OpenTimes[],
  stepMs: number,
): { readonly shares: ReadonlyMap<string, number>; readonly rest: number } {
  const shares = new Map<string, number>();
  let rest = 0;
  for (const { timeMs, amount } of steps) {
    const weights = valves.map(({ fromMs, open }) => {
      const at = Math.floor((timeMs - fromMs) / stepMs);
      // A meter counts in whole litres or tens of them: what it shows may have passed a little before.
      return (open[at] ?? 0) + (open[at - 1] ?? 0);
    });
    const whole = weights.reduce((sum, one) => sum + one, 0);
    if (whole === 0) rest += amount;
    else
      valves.forEach(({ zone }, index) => {
        if (weights[index]! > 0)
          shares.set(zone, (shares.get(zone) ?? 0) + (amount * weights[index]!) / whole);
      });
  }
  return { shares, rest };
}
