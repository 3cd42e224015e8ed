import { describe, expect, test } from 'vitest';
import {
  acknowledge,
  blocks,
  isBlind,
  judgeLine,
  type LineEffect,
  type LineRules,
  type LineView,
  newLine,
  type ValveView,
} from './judge.ts';

const RULES: LineRules = {
  leak: { above: 2, afterMs: 3_000 },
  noFlow: { below: 1, afterMs: 3_000 },
  flowAfterMs: 3_000,
  lowPressure: { below: 100, afterMs: 3_000 },
  holdOffMs: 10_000,
  staleAfterMs: 5_000,
  refusesWhenBlind: true,
};

/** A line as a table row gives it; all meters speak each second unless said otherwise. */
interface Scene {
  readonly v1?: Partial<ValveView>;
  readonly v2?: Partial<ValveView>;
  readonly pump?: Partial<NonNullable<LineView['pump']>>;
  readonly flow?: number | 'never' | 'silent';
  readonly pressure?: number | 'never';
}

const SHUT: Partial<ValveView> = { mayBeOpen: false, isOpen: false };
const OPEN: Partial<ValveView> = { mayBeOpen: true, isOpen: true };
const UNSETTLED = { isSettled: false };
const DOUBTFUL: Partial<ValveView> = { mayBeOpen: true, isOpen: false };

function viewOf({ v1 = SHUT, v2 = SHUT, pump, flow, pressure }: Scene, nowMs: number): LineView {
  const valve = (key: string, zone: string, one: Partial<ValveView>): ValveView => {
    return { key, zone, mayBeOpen: false, isOpen: false, isSettled: true, low: 20, high: 40, ...one };
  };
  return {
    valves: [valve('v1', 'north', v1), valve('v2', 'south', v2)],
    ...(pump ? { pump: { key: 'pump', isOn: false, isSettled: true, ...pump } } : {}),
    flow:
      typeof flow === 'number'
        ? { value: flow, atMs: nowMs }
        : flow === 'silent'
          ? { value: 9, atMs: -9_000 }
          : flow,
    pressure: typeof pressure === 'number' ? { value: pressure, atMs: nowMs } : pressure,
  };
}

/** Each scene for so many seconds, judged each second. Says what was raised and cleared, and when. */
function watch(...scenes: readonly (readonly [number, Scene])[]) {
  let state = newLine(0);
  let nowMs = 0;
  const said: string[] = [];
  let view = viewOf({}, 0);
  const effects: LineEffect[] = [];
  for (const [seconds, scene] of scenes) {
    for (let second = 0; second < seconds; second++) {
      nowMs += 1_000;
      view = viewOf(scene, nowMs);
      const step = judgeLine(RULES, state, view, nowMs);
      state = step.state;
      effects.push(...step.effects);
      for (const effect of step.effects) {
        if (effect.kind === 'cleared') said.push(`${nowMs / 1_000} ${effect.rule} over`);
        else
          said.push(`${nowMs / 1_000} ${effect.raised.rule} closes ${effect.raised.closes.join(' ') || '-'}`);
      }
    }
  }
  return { said, state, view, nowMs, effects };
}

describe('each rule at its edges', () => {
  test.each<[string, readonly (readonly [number, Scene])[], readonly string[]]>([
    ['leak: at its bound', [[20, { flow: 2 }]], []],
    ['leak: above it, not yet for long enough', [[3, { flow: 2.1 }]], []],
    ['leak: above it for long enough', [[4, { flow: 2.1 }]], ['4 leak closes v1 v2']],
    [
      'leak: broken by one second below',
      [
        [3, { flow: 9 }],
        [1, { flow: 2 }],
        [3, { flow: 9 }],
      ],
      [],
    ],
    ['leak: the pump as well', [[4, { flow: 9, pump: {} }]], ['4 leak closes pump v1 v2']],
    ['leak: not while a valve may be open', [[20, { flow: 9, v1: DOUBTFUL }]], []],
    ['leak: not while a valve still travels', [[20, { flow: 9, v1: { ...SHUT, ...UNSETTLED } }]], []],
    ['leak: not by a meter that is silent', [[20, { flow: 'silent' }]], ['5 meter-silent closes -']],
    [
      'leak: stays when the flow ends',
      [
        [4, { flow: 9 }],
        [60, { flow: 0 }],
      ],
      ['4 leak closes v1 v2'],
    ],

    ['no flow: at its bound', [[20, { flow: 20, v1: OPEN }]], []],
    ['no flow: below it', [[4, { flow: 0.9, v1: OPEN }]], ['4 no-flow closes v1']],
    [
      'no flow: what may be open is closed too',
      [[4, { flow: 0, v1: OPEN, v2: DOUBTFUL }]],
      ['4 no-flow closes v1 v2'],
    ],
    ['no flow: not with nothing open', [[20, { flow: 0 }]], []],
    ['no flow: not while a valve travels', [[20, { flow: 0, v1: { ...OPEN, ...UNSETTLED } }]], []],
    ['no flow: not while the pump stands', [[20, { flow: 0, v1: OPEN, pump: {} }]], []],
    [
      'no flow: not while the pump runs up',
      [[20, { flow: 0, v1: OPEN, pump: { isOn: true, isSettled: false } }]],
      [],
    ],
    [
      'no flow: the pump stops with it',
      [[4, { flow: 0, v1: OPEN, pump: { isOn: true } }]],
      ['4 no-flow closes pump v1'],
    ],
    [
      'no flow: over after the hold-off and not before',
      [
        [4, { flow: 0, v1: OPEN }],
        [20, { flow: 0 }],
      ],
      ['4 no-flow closes v1', '14 no-flow over'],
    ],
    [
      'no flow: held for as long as it lasts',
      [
        [20, { flow: 0, v1: OPEN }],
        [1, { flow: 30, v1: OPEN }],
      ],
      ['4 no-flow closes v1', '21 no-flow over'],
    ],

    ['low flow: at its bound', [[20, { flow: 20, v1: OPEN }]], []],
    ['low flow: below it', [[4, { flow: 19, v1: OPEN }]], ['4 low-flow closes -']],
    ['low flow: bounds add up', [[4, { flow: 39, v1: OPEN, v2: OPEN }]], ['4 low-flow closes -']],
    [
      'low flow: ends by itself',
      [
        [4, { flow: 19, v1: OPEN }],
        [1, { flow: 20, v1: OPEN }],
      ],
      ['4 low-flow closes -', '5 low-flow over'],
    ],

    ['high flow: at its bound', [[20, { flow: 40, v1: OPEN }]], []],
    ['high flow: above it', [[4, { flow: 41, v1: OPEN }]], ['4 high-flow closes v1']],
    ['high flow: bounds add up', [[20, { flow: 80, v1: OPEN, v2: OPEN }]], []],
    [
      'high flow: and are broken together',
      [[4, { flow: 81, v1: OPEN, v2: OPEN }]],
      ['4 high-flow closes v1 v2'],
    ],
    ['high flow: not while another closes', [[20, { flow: 60, v1: OPEN, v2: DOUBTFUL }]], []],
    ['high flow: nor has just closed', [[20, { flow: 60, v1: OPEN, v2: { ...SHUT, ...UNSETTLED } }]], []],
    [
      'high flow: but while it opens',
      [[4, { flow: 60, v1: { ...OPEN, ...UNSETTLED } }]],
      ['4 high-flow closes v1'],
    ],
    [
      'high flow: not where a valve has no bound',
      [[20, { flow: 999, v1: OPEN, v2: { ...OPEN, high: undefined as never } }]],
      [],
    ],
    [
      'high flow: stays when the flow ends',
      [
        [4, { flow: 90, v1: OPEN }],
        [60, { flow: 0 }],
      ],
      ['4 high-flow closes v1'],
    ],

    ['low pressure: at its bound', [[20, { pressure: 100, v1: OPEN }]], []],
    ['low pressure: below it', [[4, { pressure: 99, v1: OPEN }]], ['4 low-pressure closes v1']],
    ['low pressure: not with nothing open', [[20, { pressure: 0 }]], []],
    [
      'low pressure: over after the hold-off',
      [
        [4, { pressure: 9, v1: OPEN }],
        [20, { pressure: 9 }],
      ],
      ['4 low-pressure closes v1', '14 low-pressure over'],
    ],

    ['dry pump: at once', [[1, { pump: { isOn: true } }]], ['1 dry-pump closes pump']],
    ['dry pump: not behind what may be open', [[20, { pump: { isOn: true }, v1: DOUBTFUL }]], []],
    [
      'dry pump: ends by itself',
      [
        [1, { pump: { isOn: true } }],
        [1, { pump: {} }],
      ],
      ['1 dry-pump closes pump', '2 dry-pump over'],
    ],

    ['silent meter: not while the line is young', [[4, { flow: 'never' }]], []],
    ['silent meter: from then on', [[5, { flow: 'never' }]], ['5 meter-silent closes -']],
    ['silent meter: either of two', [[5, { flow: 0, pressure: 'never' }]], ['5 meter-silent closes -']],
    [
      'silent meter: over with the first value',
      [
        [5, { flow: 'never' }],
        [1, { flow: 0 }],
      ],
      ['5 meter-silent closes -', '6 meter-silent over'],
    ],
    ['a line without meters says nothing', [[60, { v1: OPEN }]], []],
  ])('%s', (_, scenes, said) => {
    expect(watch(...scenes).said).toEqual(said);
  });

  test('a value is of use for as long as it is fresh, to the millisecond', () => {
    const view = viewOf({ flow: 9 }, 1_000);
    expect(isBlind(RULES, view, 5_999)).toBe(false);
    expect(isBlind(RULES, view, 6_000)).toBe(true);
  });

  test('what was measured and which bound it broke are told, with the zone where only one is open', () => {
    const one = watch([4, { flow: 90, v1: OPEN }]).effects[0];
    expect(one).toMatchObject({ raised: { value: 90, bound: 40, zone: 'north', atMs: 4_000 } });
    const both = watch([4, { flow: 90, v1: OPEN, v2: OPEN }]).effects[0];
    expect(both).toMatchObject({ raised: { bound: 80 } });
    expect(both).not.toHaveProperty('raised.zone');
  });
});

describe('acknowledging', () => {
  test('clears what waits for a person and is over, and nothing else', () => {
    const { state } = watch([4, { flow: 9 }], [1, { flow: 0 }]);
    expect(acknowledge(state).effects).toEqual([{ kind: 'cleared', rule: 'leak' }]);
    expect(acknowledge(acknowledge(state).state).effects).toEqual([]);
    expect(acknowledge(watch([6, { flow: 9 }]).state).effects).toEqual([]);
    expect(acknowledge(watch([4, { flow: 0, v1: OPEN }], [1, { flow: 0 }]).state).effects).toEqual([]);
  });

  test('what waited before a restart still blocks, and can be acknowledged', () => {
    const { state } = watch([4, { flow: 9 }]);
    const next = newLine(0, Object.values(state.raised));
    expect(blocks(RULES, next).map(({ rule }) => rule)).toEqual(['leak']);
    expect(blocks(RULES, acknowledge(next).state)).toEqual([]);
  });
});

test.each<[string, Scene, readonly string[]]>([
  ['a leak', { flow: 9 }, ['leak']],
  ['a burst', { flow: 90, v1: OPEN }, ['high-flow']],
  ['no flow', { flow: 0, v1: OPEN }, ['no-flow']],
  ['low pressure', { pressure: 0, v1: OPEN }, ['low-pressure']],
  ['a silent meter', { flow: 'never' }, ['meter-silent']],
  ['little flow', { flow: 19, v1: OPEN }, []],
  ['a dry pump', { pump: { isOn: true } }, []],
])('%s: what it keeps shut', (_, scene, rules) => {
  const { state } = watch([8, scene]);
  expect(Object.keys(state.raised)).toHaveLength(1);
  expect(blocks(RULES, state).map(({ rule }) => rule)).toEqual(rules);
  const lenient = { ...RULES, refusesWhenBlind: false };
  expect(blocks(lenient, state).map(({ rule }) => rule)).toEqual(
    rules.filter((rule) => rule !== 'meter-silent'),
  );
});
