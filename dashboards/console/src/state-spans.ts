import type { Points } from './history.ts';
import { usualGapMs } from './usual-gap.ts';

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly isOn: boolean;
}

/**
 * What is known of a state between `fromMs` and `toMs`, from one value per window of `everyMs`: each holds until the next
 * one comes, or for its own window where those that should follow are missing. Times that no span covers are unknown.
 */
export function stateSpans(points: Points, fromMs: number, toMs: number, everyMs: number): Span[] {
  const { timeMs, value } = points;
  const gapMs = usualGapMs(points, everyMs);
  const spans: { fromMs: number; toMs: number; isOn: boolean }[] = [];
  timeMs.forEach((startMs, index) => {
    const nextMs = timeMs[index + 1] ?? toMs;
    const heldMs = nextMs - startMs > gapMs ? startMs + everyMs : nextMs;
    const [start, end] = [Math.max(startMs, fromMs), Math.min(heldMs, toMs)];
    if (end <= start) return;
    const isOn = value[index]! > 0;
    const before = spans.at(-1);
    if (before?.toMs === start && before.isOn === isOn) before.toMs = end;
    else spans.push({ fromMs: start, toMs: end, isOn });
  });
  return spans;
}
