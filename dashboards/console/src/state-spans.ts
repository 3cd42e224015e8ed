import type { Points } from './history.ts';

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** When a state was on between `fromMs` and `toMs`: each value holds until the next one comes. */
export function onSpans({ timeMs, value }: Points, fromMs: number, toMs: number): Span[] {
  const spans: { fromMs: number; toMs: number }[] = [];
  timeMs.forEach((startMs, index) => {
    const start = Math.max(startMs, fromMs);
    const end = Math.min(timeMs[index + 1] ?? toMs, toMs);
    if (!((value[index] ?? 0) > 0) || end <= start) return;
    const before = spans.at(-1);
    if (before?.toMs === start) before.toMs = end;
    else spans.push({ fromMs: start, toMs: end });
  });
  return spans;
}
