import fc from 'fast-check';
import { expect, it } from 'vitest';
import { availabilityOf, findOutages, type RecordSketch } from './find-outages.ts';

const MINUTE = 60_000;
const RANGE = { fromMs: 0, toMs: 10 * MINUTE, freshMs: 0 };

/** One probe a second; `lost` are the seconds of the minute whose probes were lost. */
function minute(n: number, lost: (second: number) => boolean = () => false): RecordSketch {
  const fromMs = n * MINUTE;
  const gaps: { fromMs: number; toMs: number; probes: number }[] = [];
  let run = 0;
  let all = 0;
  for (let second = 0; second <= 60; second++) {
    if (second < 60 && lost(second)) {
      run++;
      all++;
      continue;
    }
    // As agents tell them: three at least, or whatever reaches an edge of the record.
    if (run >= 3 || (run > 0 && (second === 60 || second === run)))
      gaps.push({ fromMs: fromMs + (second - run) * 1000, toMs: fromMs + second * 1000, probes: run });
    run = 0;
  }
  return { fromMs, toMs: fromMs + MINUTE, scheduled: 60, received: 60 - all, lost: all, useless: 0, gaps };
}

const useless = (n: number): RecordSketch => ({ ...minute(n), received: 0, useless: 60 });
const whole = (change: Partial<Record<number, RecordSketch | undefined>> = {}) =>
  Array.from({ length: 10 }, (_, n) => (n in change ? change[n] : minute(n))).filter(
    (one) => one !== undefined,
  );

it('lists nothing where nothing was lost but single probes and pairs', () => {
  const found = findOutages(whole({ 3: minute(3, (s) => s % 10 === 0 || s === 31) }), RANGE);
  expect(found).toEqual({ outages: [], unknown: [], knownMs: 10 * MINUTE, downMs: 0 });
  expect(availabilityOf(found)).toBe(1);
});

it('lists a run of losses with its start, end and probes', () => {
  const found = findOutages(whole({ 3: minute(3, (s) => s >= 10 && s < 25) }), RANGE);
  expect(found.outages).toEqual([
    { fromMs: 190_000, toMs: 205_000, probes: 15, end: 'answered', isStartKnown: true },
  ]);
  expect(availabilityOf(found)).toBeCloseTo(1 - 15 / 600, 9);
});

it('joins what goes on over adjoining records, whole ones without an answer between them', () => {
  const change = { 3: minute(3, (s) => s >= 50), 4: minute(4, () => true), 5: minute(5, (s) => s < 20) };
  expect(findOutages(whole(change), RANGE).outages).toEqual([
    { fromMs: 230_000, toMs: 320_000, probes: 90, end: 'answered', isStartKnown: true },
  ]);
});

it('keeps apart what was answered in between', () => {
  const change = { 3: minute(3, (s) => s >= 50), 4: minute(4, (s) => s >= 10 && s < 20) };
  const { outages } = findOutages(whole(change), RANGE);
  expect(outages.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
    [230_000, 240_000],
    [250_000, 260_000],
  ]);
});

it('finds the outage of a link that is probed once in each record', () => {
  const sparse = (n: number, received: number): RecordSketch => ({
    ...minute(n),
    ...{ scheduled: 1, received, lost: 1 - received, gaps: [] },
  });
  const down = whole({ 2: sparse(2, 0), 4: sparse(4, 0), 5: sparse(5, 0), 6: sparse(6, 0) });
  expect(findOutages(down, RANGE).outages).toEqual([
    { fromMs: 240_000, toMs: 420_000, probes: 3, end: 'answered', isStartKnown: true },
  ]);
});

it('knows nothing of the time without records, nor of probes that were all invalid', () => {
  const change = { 3: minute(3, (s) => s >= 50), 4: undefined, 5: undefined, 7: useless(7) };
  const found = findOutages(whole(change), RANGE);
  expect(found.outages).toMatchObject([{ toMs: 240_000, end: 'unknown' }]);
  expect(found.unknown).toEqual([
    { fromMs: 240_000, toMs: 360_000, why: 'agent-silent' },
    { fromMs: 420_000, toMs: 480_000, why: 'probe' },
  ]);
  expect(found.knownMs).toBe(7 * MINUTE);
});

it('says that one may have begun before there was evidence', () => {
  const found = findOutages(whole({ 3: undefined, 4: minute(4, (s) => s < 9) }), RANGE);
  expect(found.outages).toMatchObject([{ fromMs: 240_000, isStartKnown: false }]);
});

it('says that one lasts where the newest record ends in it, while that is fresh', () => {
  const records = whole({ 9: minute(9, (s) => s >= 40) });
  expect(findOutages(records, RANGE).outages).toMatchObject([{ end: 'lasting' }]);
  const later = { ...RANGE, toMs: 20 * MINUTE, freshMs: 3 * MINUTE };
  expect(findOutages(records, later).outages).toMatchObject([{ end: 'unknown' }]);
});

it('finds the same in any cut into records, with whatever losses', () => {
  const losses = fc.array(fc.boolean(), { minLength: 600, maxLength: 600 });
  fc.assert(
    fc.property(
      losses,
      fc.integer({ min: 0, max: 570 }),
      fc.integer({ min: 5, max: 200 }),
      (noise, at, lasts) => {
        // Single losses here and there, and one outage between two seconds that were answered.
        const isLost = (second: number) =>
          second >= at && second < at + lasts
            ? true
            : second > at - 10 && second < at + lasts + 10
              ? false
              : noise[second]! && second % 2 === 0;
        const records = Array.from({ length: 10 }, (_, n) => minute(n, (s) => isLost(60 * n + s)));
        const end = Math.min(600, at + lasts);
        const { outages, downMs } = findOutages(records, RANGE);
        expect(outages.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([[at * 1000, end * 1000]]);
        expect(downMs).toBe((end - at) * 1000);
      },
    ),
  );
});
