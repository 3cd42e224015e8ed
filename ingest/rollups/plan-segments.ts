import { HOUR_MS, MINUTE_MS } from './roll-up.ts';

/** Part of a range, end not included, and what a window query reads it from where all is rolled up and kept. */
export interface Segment {
  readonly fromMs: number;
  readonly toMs: number;
  readonly source: 'raw' | 'minute' | 'hour';
}

/**
 * Divides a range so that as much as possible comes from the longest roll-ups that fit into windows of `everyMs`:
 * whole hours from hours, whole minutes before and after from minutes, what is left at the edges from readings.
 * In order of time, without empty parts.
 */
export function planSegments(fromMs: number, toMs: number, everyMs: number): Segment[] {
  if (everyMs % MINUTE_MS !== 0) return parts([[fromMs, toMs, 'raw']]);
  const [minuteFrom, minuteTo] = wholeWindows(fromMs, toMs, MINUTE_MS);
  if (minuteFrom >= minuteTo) return parts([[fromMs, toMs, 'raw']]);
  const [hourFrom, hourTo] = wholeWindows(minuteFrom, minuteTo, HOUR_MS);
  const isHourly = everyMs % HOUR_MS === 0 && hourFrom < hourTo;
  return parts([
    [fromMs, minuteFrom, 'raw'],
    ...(isHourly
      ? ([
          [minuteFrom, hourFrom, 'minute'],
          [hourFrom, hourTo, 'hour'],
          [hourTo, minuteTo, 'minute'],
        ] as const)
      : ([[minuteFrom, minuteTo, 'minute']] as const)),
    [minuteTo, toMs, 'raw'],
  ]);
}

/**
 * The same with readings in place of roll-ups for the hours in `staleHours` (start of each, in order): they are to be
 * rolled up yet, or again. Neighbours of one source become one.
 */
export function withoutStale(segments: readonly Segment[], staleHours: readonly number[]): Segment[] {
  const result: Segment[] = [];
  const add = (fromMs: number, toMs: number, source: Segment['source']) => {
    if (fromMs >= toMs) return;
    const before = result.at(-1);
    if (before?.source === source && before.toMs === fromMs) result[result.length - 1] = { ...before, toMs };
    else result.push({ fromMs, toMs, source });
  };
  let next = 0;
  for (const { fromMs, toMs, source } of segments) {
    let at = fromMs;
    while (next < staleHours.length && staleHours[next]! + HOUR_MS <= at) next++;
    for (
      let index = next;
      source !== 'raw' && index < staleHours.length && staleHours[index]! < toMs;
      index++
    ) {
      const staleFrom = Math.max(at, staleHours[index]!);
      const staleTo = Math.min(toMs, staleHours[index]! + HOUR_MS);
      add(at, staleFrom, source);
      add(staleFrom, staleTo, 'raw');
      at = staleTo;
    }
    add(at, toMs, source);
  }
  return result;
}

function wholeWindows(fromMs: number, toMs: number, everyMs: number): [number, number] {
  return [Math.ceil(fromMs / everyMs) * everyMs, Math.floor(toMs / everyMs) * everyMs];
}

function parts(all: readonly (readonly [number, number, Segment['source']])[]): Segment[] {
  return all.flatMap(([fromMs, toMs, source]) => (fromMs < toMs ? [{ fromMs, toMs, source }] : []));
}
