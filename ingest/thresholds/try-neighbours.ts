import { setImmediate } from 'node:timers/promises';
import { medians } from './medians.ts';
import type { TrialPoint, TriedSeries } from './tried-series.ts';

/** Looks between which others have their turn. */
const LOOKS_AT_ONCE = 200;

interface Over {
  readonly nowMs: number;
  /** It is looked at so often, whether somebody speaks or not: who has been silent for long is no neighbour. */
  readonly everyMs: number;
  readonly liveWithinMs: number;
}

/** Goes through the past of all series of one zone together: each beside the median of those that had spoken lately, as it is live. */
export async function tryNeighbours(
  all: readonly TriedSeries[],
  judged: ReadonlySet<TriedSeries>,
  { nowMs, everyMs, liveWithinMs }: Over,
): Promise<void> {
  const spoken = new Map<number, [TriedSeries, TrialPoint][]>();
  for (const one of all)
    for (const point of one.points) {
      const at = spoken.get(point.timeMs);
      if (at) at.push([one, point]);
      else spoken.set(point.timeMs, [[one, point]]);
    }
  const times = new Set(spoken.keys());
  const firstMs = Math.min(...times, nowMs);
  for (let timeMs = firstMs; timeMs <= nowMs; timeMs += everyMs) times.add(timeMs);
  times.add(nowMs);

  const near = (timeMs: number) => medians(all.filter(({ heardMs }) => heardMs >= timeMs - liveWithinMs));
  const look = (timeMs: number) => {
    const found = near(timeMs);
    for (const one of judged) one.look(timeMs, known(found.get(one)));
  };
  let looks = 0;
  for (const timeMs of [...times].sort((a, b) => a - b)) {
    for (const one of judged) one.pass(timeMs, (dueMs) => known(near(dueMs).get(one)));
    look(timeMs);
    const now = spoken.get(timeMs);
    for (const [one, point] of now ?? []) one.speak(point);
    if (now) look(timeMs);
    if (++looks % LOOKS_AT_ONCE === 0) await setImmediate();
  }
}

function known(median: number | undefined): { readonly median?: number } {
  return median === undefined ? {} : { median };
}
