import { expect, it } from 'vitest';
import { stateSpans } from './state-spans.ts';
import { stateSince } from './valve-since.ts';

const points = { timeMs: [0, 10, 20, 30, 40, 50], value: [0, 1, 1, 0, 0, 1] };
/** On until it fell silent at 20, and on again when it came back. */
const silenced = { timeMs: [0, 10, 20, 100, 110, 120, 130], value: [1, 1, 1, 1, 1, 1, 1] };

it('a value holds until the next, neighbours join, and nothing is drawn outside of the time shown', () => {
  expect(stateSpans(points, 0, 70, 10)).toEqual([
    { fromMs: 0, toMs: 10, isOn: false },
    { fromMs: 10, toMs: 30, isOn: true },
    { fromMs: 30, toMs: 50, isOn: false },
    { fromMs: 50, toMs: 70, isOn: true },
  ]);
  expect(stateSpans(points, 15, 25, 10)).toEqual([{ fromMs: 15, toMs: 25, isOn: true }]);
});

it('claims nothing before the first value, while a device is silent, nor long after its last', () => {
  expect(stateSpans(silenced, -50, 400, 10)).toEqual([
    { fromMs: 0, toMs: 30, isOn: true },
    { fromMs: 100, toMs: 140, isOn: true },
  ]);
});

it('a state holds since the first window after the last other value', () => {
  expect(stateSince(points, 1, 55, 10)).toEqual({ sinceMs: 50, atLeast: false });
  expect(stateSince({ timeMs: [5, 15], value: [1, 1] }, 1, 17, 10)).toEqual({ sinceMs: 5, atLeast: true });
});

it('a state that the history has not caught up with holds since its own reading', () => {
  expect(stateSince(points, 0, 65, 10)).toEqual({ sinceMs: 65, atLeast: false });
  expect(stateSince(undefined, 0, 65, 10)).toEqual({ sinceMs: 65, atLeast: true });
});

it('is not said to have held while nothing was heard of it', () => {
  expect(stateSince(silenced, 1, 135, 10)).toEqual({ sinceMs: 100, atLeast: true });
  expect(stateSince(silenced, 1, 400, 10)).toEqual({ sinceMs: 400, atLeast: true });
});
