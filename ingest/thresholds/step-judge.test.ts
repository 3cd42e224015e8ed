import { expect, it } from 'vitest';
import type { Rule } from '../../core/thresholds/threshold.ts';
import type { JudgeInput } from './assess.ts';
import { CALM, FLAPS, type JudgeState } from './judge-state.ts';
import { dueMs, stepJudge } from './step-judge.ts';

const S = 1_000;
const MIN = 60 * S;
const DRY: Rule = { kind: 'bounds', low: { raise: 20, clear: 22 } };

/** Puts `[second, value]` or a bare second (time) to a rule, and tells what came of it, by second. */
function play(
  rule: Rule,
  forS: number,
  inputs: readonly (readonly [number, number] | number | JudgeInput)[],
  from: JudgeState = CALM,
) {
  const told: string[] = [];
  let state = from;
  for (const one of inputs) {
    const input: JudgeInput = Array.isArray(one)
      ? { kind: 'value', timeMs: one[0] * S, value: one[1] }
      : typeof one === 'number'
        ? { kind: 'time', timeMs: one * S }
        : (one as JudgeInput);
    const step = stepJudge({ rule, forS }, state, input);
    state = step.state;
    if (step.effect) told.push(`${input.timeMs / S} ${step.effect} ${state.side ?? ''}`.trim());
  }
  return { told, state };
}

it('raises beyond the one bound and clears past the other', () => {
  expect(
    play(DRY, 0, [
      [0, 21],
      [1, 19.9],
      [2, 21.9],
      [3, 22],
      [4, 20],
    ]).told,
  ).toEqual(['1 raised low', '3 cleared']);
});

it('raises a high one above its bound, and not at it', () => {
  const rule: Rule = { kind: 'bounds', high: { raise: 40, clear: 38 } };
  expect(
    play(rule, 0, [
      [0, 40],
      [1, 40.1],
      [2, 38.1],
      [3, 38],
    ]).told,
  ).toEqual(['1 raised high', '3 cleared']);
});

it('waits for as long as the threshold says, by values', () => {
  expect(
    play(DRY, 600, [
      [0, 19],
      [300, 18],
      [599, 18],
      [600, 18],
    ]).told,
  ).toEqual(['600 raised low']);
});

it('goes on waiting while nothing comes, and while it is between the bounds', () => {
  expect(play(DRY, 600, [[0, 19], [300, 21], 599, 600]).told).toEqual(['600 raised low']);
});

it('begins anew where it was right in between', () => {
  expect(play(DRY, 600, [[0, 19], [300, 22], [400, 19], 600, 999, 1000]).told).toEqual(['1000 raised low']);
});

it('tells one that turns from low to high as another', () => {
  const rule: Rule = { kind: 'bounds', low: { raise: 20, clear: 22 }, high: { raise: 40, clear: 38 } };
  const { told, state } = play(rule, 0, [
    [0, 10],
    [1, 50],
  ]);
  expect(told).toEqual(['0 raised low', '1 raised high']);
  expect(state.sinceMs).toBe(S);
  expect(play(rule, 60, [[0, 10], 60, [61, 50]]).told).toEqual(['60 raised low', '61 cleared high']);
});

it('never judges bad values by bounds', () => {
  const bad: JudgeInput = { kind: 'value', timeMs: 1, value: 3, isBad: true };
  expect(play(DRY, 0, [bad]).told).toEqual([]);
  expect(play(DRY, 0, [[0, 19], { ...bad, timeMs: 5 * S, value: 50 }]).state.phase).toBe('raised');
});

it('tells bad and impossible values as implausible', () => {
  const rule: Rule = { kind: 'implausible' };
  const bad: JudgeInput = { kind: 'value', timeMs: S, value: 3, isBad: true };
  const refused: JudgeInput = { kind: 'refused', timeMs: 3 * S, value: 180 };
  expect(play(rule, 0, [[0, 3], bad, [2, 3], refused, [4, 3]]).told).toEqual([
    ...['1 raised bad', '2 cleared', '3 raised range', '4 cleared'],
  ]);
  expect(play(DRY, 0, [{ ...refused, value: -5 }]).told).toEqual([]);
});

it('tells a fall and a rise within the time, and no slower one', () => {
  const rule: Rule = { kind: 'rate', overS: 600, rise: 5, fall: 5 };
  expect(
    play(rule, 0, [
      [0, 20],
      [300, 18],
      [500, 14.9],
      [700, 15],
      [1300, 15],
    ]).told,
  ).toEqual(['500 raised fall', '700 cleared']);
  expect(
    play(rule, 0, [
      [0, 20],
      [100, 26],
    ]).told,
  ).toEqual(['100 raised rise']);
  const slow = Array.from({ length: 40 }, (_, n) => [n * 300, 20 + n] as const);
  expect(play(rule, 0, slow).told).toEqual([]);
});

it('tells a value that does not move, once it was seen not to for long enough', () => {
  const rule: Rule = { kind: 'stuck', band: 0.1, overS: 600 };
  expect(
    play(rule, 0, [
      [0, 20],
      [300, 20.05],
      [599, 20],
      [600, 20.1],
      [700, 20.2],
    ]).told,
  ).toEqual(['600 raised stuck', '700 cleared']);
  // Two values and a silence between them show nothing.
  expect(
    play(rule, 0, [
      [0, 20],
      [900, 20],
      [1_200, 20],
    ]).told,
  ).toEqual([]);
  expect(play(rule, 0, [[0, 20], 700]).told).toEqual([]);
});

it('tells silence from when it has lasted, and ends it with any value', () => {
  const rule: Rule = { kind: 'no-data', afterS: 300 };
  const at = (second: number): JudgeInput => ({ kind: 'time', timeMs: second * S, heardMs: 0 });
  const { told, state } = play(rule, 0, [[0, 1], at(299), at(310)]);
  expect(told).toEqual(['310 raised no-data']);
  expect(state.sinceMs).toBe(300 * S);
  expect(play(rule, 0, [[400, 1]], state).told).toEqual(['400 cleared']);
  // Silence is counted anew after an outage of ours: that ends nothing.
  expect(play(rule, 0, [{ kind: 'time', timeMs: 500 * S, heardMs: 499 * S }], state).told).toEqual([]);
});

it('tells one that differs from its neighbours, and ends it well within the bound', () => {
  const rule: Rule = { kind: 'neighbours', by: 5 };
  const at = (second: number, value: number): JudgeInput => ({
    ...{ kind: 'time', timeMs: second * S, median: 20, value },
  });
  expect(play(rule, 0, [at(0, 25), at(1, 25.1), at(2, 24.5), at(3, 24), at(4, 14)]).told).toEqual([
    ...['1 raised above', '3 cleared', '4 raised below'],
  ]);
});

it('holds what comes and goes as one, until it has been quiet', () => {
  const toggling = Array.from({ length: 2 * FLAPS.times + 6 }, (_, n) => [60 * n, n % 2 ? 25 : 15] as const);
  const { told, state } = play(DRY, 0, toggling);
  expect(told).toEqual([
    ...['0 raised low', '60 cleared', '120 raised low', '180 cleared', '240 raised low', '300 cleared'],
    '360 flaps low',
  ]);
  const lastRight = 60 * (toggling.length - 1);
  expect(state.quietMs).toBe(lastRight * S);
  expect(dueMs({ rule: DRY, forS: 0 }, state, 0)).toBe(lastRight * S + FLAPS.quietMs);
  const quiet = lastRight + FLAPS.quietMs / S;
  expect(play(DRY, 0, [quiet - 1, quiet], state).told).toEqual([`${quiet} cleared`]);
  expect(play(DRY, 0, [[quiet - 1, 15], quiet], state).told).toEqual([]);
  // And then it is told as any other.
  expect(play(DRY, 0, [quiet, [quiet + 1, 15]], state).told).toEqual([
    `${quiet} cleared`,
    `${quiet + 1} raised low`,
  ]);
});

it('takes what comes and goes slowly for what it is', () => {
  const hours = Array.from({ length: 40 }, (_, n) => [1_800 * n, n % 2 ? 25 : 15] as const);
  expect(play(DRY, 0, hours).told).not.toContain(expect.stringContaining('flaps'));
});

it('is the same object where nothing has changed, so that what is calm costs nothing', () => {
  const input: JudgeInput = { kind: 'value', timeMs: 0, value: 30 };
  expect(stepJudge({ rule: DRY, forS: 0 }, CALM, input).state).toBe(CALM);
  const raised = play(DRY, 0, [[0, 15]]).state;
  expect(stepJudge({ rule: DRY, forS: 0 }, raised, { ...input, timeMs: S, value: 15 }).state).toBe(raised);
});

it('remembers the worst value of what is wrong, also while it flaps, and forgets it with the event', () => {
  const { state } = play(DRY, 600, [[0, 19], [60, 12], [300, 18], 600, [700, 14]]);
  expect(state).toMatchObject({ phase: 'raised', value: 19, worst: 12 });
  const high: Rule = { kind: 'bounds', high: { raise: 40, clear: 38 } };
  const hot = [
    [0, 41],
    [1, 55],
    [2, 42],
  ] as const;
  expect(play(high, 0, hot).state).toMatchObject({ value: 41, worst: 55 });
  expect(play(DRY, 0, [[800, 25]], state).state.worst).toBeUndefined();
  const flapping = { ...state, flaps: true, quietMs: 800 * S };
  expect(play(DRY, 0, [[900, 17]], flapping).state).toMatchObject({ value: 17, worst: 12 });
});

it('waits no longer than the threshold says when the clock of this host is set back', () => {
  const { state } = play(DRY, 600, [[7_200, 19], 3_600]);
  expect(state.sinceMs).toBe(3_600 * S);
  expect(play(DRY, 600, [4_199, 4_200], state).told).toEqual(['4200 raised low']);
});

it('says when time alone would change something', () => {
  expect(dueMs({ rule: DRY, forS: 600 }, play(DRY, 600, [[5, 15]]).state, 0)).toBe(605 * S);
  expect(dueMs({ rule: { kind: 'no-data', afterS: 60 }, forS: 0 }, CALM, 7 * MIN)).toBe(8 * MIN);
  expect(dueMs({ rule: DRY, forS: 600 }, CALM, 0)).toBe(Number.POSITIVE_INFINITY);
});
