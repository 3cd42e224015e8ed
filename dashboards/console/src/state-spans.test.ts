import { expect, it } from 'vitest';
import { onSpans } from './state-spans.ts';
import { stateSince } from './valve-since.ts';

const points = { timeMs: [0, 10, 20, 30, 60], value: [0, 1, 1, 0, 1] };

it('a value holds until the next, neighbours join, and nothing is drawn outside of the time shown', () => {
  expect(onSpans(points, 0, 80)).toEqual([
    { fromMs: 10, toMs: 30 },
    { fromMs: 60, toMs: 80 },
  ]);
  expect(onSpans(points, 15, 25)).toEqual([{ fromMs: 15, toMs: 25 }]);
  expect(onSpans(points, 0, 50)).toEqual([{ fromMs: 10, toMs: 30 }]);
});

it('a state holds since the first window after the last other value', () => {
  expect(stateSince(points, 1, 65)).toEqual({ sinceMs: 60, atLeast: false });
  expect(stateSince({ timeMs: [5, 10], value: [1, 1] }, 1, 12)).toEqual({ sinceMs: 5, atLeast: true });
});

it('a state that the history has not caught up with holds since its own reading', () => {
  expect(stateSince(points, 0, 65)).toEqual({ sinceMs: 65, atLeast: false });
  expect(stateSince(undefined, 0, 65)).toEqual({ sinceMs: 65, atLeast: true });
});
