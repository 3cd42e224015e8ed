import { expect, it } from 'vitest';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { coverageOf, type Span } from './coverage.ts';
import { coverageUntilNow } from './judged-pieces.ts';

const span = (fromMs: number, toMs: number): Span => ({ fromMs, toMs });

it('tells each hole, before, between and after what there is', () => {
  expect(coverageOf([[span(100, 300), span(500, 900)]], 0, 1_000)).toEqual({
    share: 0.6,
    fromMs: 100,
    toMs: 900,
    holes: [span(0, 100), span(300, 500), span(900, 1_000)],
    holesLeftOut: 0,
  });
});

it('of no evidence is none, and of no time is not known', () => {
  expect(coverageOf([[]], 0, 1_000)).toMatchObject({
    ...{ share: 0, fromMs: null, toMs: null },
    holes: [span(0, 1_000)],
  });
  expect(coverageOf([[]], 1_000, 1_000)).toMatchObject({ share: null, holes: [] });
});

it('counts what overlaps once, and nothing beyond the time that was asked for', () => {
  const spans = [span(0, 600), span(200, 300), span(500, 2_000)];
  expect(coverageOf([spans], 100, 1_000)).toMatchObject({ share: 1, holes: [] });
});

it('does not call a hole what is still to come', () => {
  const clock = new FakeClock(500);
  expect(coverageUntilNow({ clock }, [[span(0, 400)]], { fromMs: 0, toMs: 1_000 })).toMatchObject({
    share: 0.8,
    holes: [span(400, 500)],
  });
  expect(coverageUntilNow({ clock }, [[]], { fromMs: 600, toMs: 1_000 })).toMatchObject({
    share: null,
    holes: [],
  });
});

it('of several links is the mean: one without evidence is not hidden by one that has it', () => {
  const all = [span(0, 1_000)];
  expect(coverageOf([all, []], 0, 1_000)).toMatchObject({ share: 0.5, holes: [] });
  expect(coverageOf([all, [span(500, 1_000)]], 0, 1_000)).toMatchObject({ share: 0.75, holes: [] });
});

it('names a hundred holes, the longest, in order, and how many others there are', () => {
  // One short hole after each of 120 records, and a long one in the middle.
  const spans = Array.from({ length: 120 }, (_, n) =>
    span(n * 10 + (n >= 60 ? 500 : 0), n * 10 + 9 + (n >= 60 ? 500 : 0)),
  );
  const { holes, holesLeftOut } = coverageOf([spans], 0, 1_700);
  expect(holes).toHaveLength(100);
  expect(holesLeftOut).toBe(20);
  expect(holes).toContainEqual(span(599, 1_100));
  expect(holes).toEqual(holes.toSorted((a, b) => a.fromMs - b.fromMs));
});
