import { expect, test } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { stepActuator } from './actuator.ts';
import {
  type ActuatorEffect,
  type ActuatorInput,
  type ActuatorRules,
  type ActuatorState,
  mayBeOpen,
  NEW_ACTUATOR,
  nextDueMs,
} from './actuator-state.ts';

const RULES: ActuatorRules = { safeValue: 0, maxRunMs: 60_000, settleMs: 5_000, unleased: 'close' };
const LOST = new SluiceError('MODBUS_TIMEOUT', { unit: 1, bus: 'b', timeoutMs: 1 });
const OPEN: ActuatorInput = { kind: 'open', command: 'a', value: 1, leaseMs: 10_000, notAfterMs: 10_000 };
const CLOSE: ActuatorInput = { kind: 'close', cause: 'closed' };
const done = (write: number, value: number): ActuatorInput => ({ kind: 'written', write, value });
const lost = (write: number): ActuatorInput => ({ kind: 'failed', write, error: LOST });
const seen = (value: number): ActuatorInput => ({ kind: 'seen', value });
const TIME: ActuatorInput = { kind: 'time' };

function inShort(effect: ActuatorEffect): string {
  switch (effect.kind) {
    case 'write':
      return `write ${effect.value} for ${effect.leaseMs}`;
    case 'outcome':
      return `${effect.command} ${effect.outcome}`;
    case 'lease-ended':
      return `${effect.cause} ${effect.command || '-'} ${effect.isConfirmed ? 'confirmed' : 'unconfirmed'}`;
    case 'trouble':
      return `${effect.isRaised ? 'raise' : 'clear'} ${effect.trouble}`;
  }
}

/** Takes the machine through inputs, each at its time, and says in short what it did after the last. */
function run(steps: readonly (readonly [number, ActuatorInput])[], rules = RULES) {
  let state: ActuatorState = NEW_ACTUATOR;
  let did: string[] = [];
  for (const [atMs, input] of steps) {
    const step = stepActuator(rules, state, input, atMs);
    state = step.state;
    did = step.effects.map(inShort);
  }
  return { phase: state.phase, did, dueMs: nextDueMs(rules, state), state };
}

const STARTED = [
  [0, { kind: 'close', cause: 'start' }],
  [10, done(1, 0)],
] as const;
const OPENING = [...STARTED, [100, OPEN]] as const;
const OPENED = [...OPENING, [150, done(2, 1)]] as const;
const CLOSING = [...OPENED, [1_000, CLOSE]] as const;
const SHUT = [...STARTED, [5_100, seen(0)]] as const;

test.each<[string, readonly (readonly [number, ActuatorInput])[], string, readonly string[]]>([
  ['unknown, start', STARTED.slice(0, 1), 'closing', ['write 0 for 0']],
  ['unknown, open', [[0, OPEN]], 'unknown', ['a refused']],
  ['start confirmed is no news', STARTED, 'closed', []],
  ['start, device silent', [STARTED[0], [10, lost(1)]], 'closing', ['start - unconfirmed']],
  [
    'start, silent twice',
    [STARTED[0], [10, lost(1)], [510, TIME], [520, lost(2)]],
    'closing',
    ['raise cannot-close'],
  ],
  [
    'start, silent twice, then there',
    [STARTED[0], [10, lost(1)], [510, TIME], [520, lost(2)], [530, { kind: 'reached' }], [540, done(3, 0)]],
    'closed',
    ['start - confirmed', 'clear cannot-close'],
  ],
  ['closing, open', [STARTED[0], [5, OPEN]], 'closing', ['a refused']],
  ['closing, time before the retry', [STARTED[0], [10, lost(1)], [400, TIME]], 'closing', []],
  ['closing, time', [STARTED[0], [10, lost(1)], [510, TIME]], 'closing', ['write 0 for 0']],
  ['closing under way, reached', [STARTED[0], [5, { kind: 'reached' }]], 'closing', []],
  ['closing, read back open', [STARTED[0], [10, done(1, 1)]], 'closing', ['start - unconfirmed']],
  [
    'closing, close again while it waits',
    [STARTED[0], [10, lost(1)], [20, { ...CLOSE, command: 'b' }]],
    'closing',
    ['write 0 for 0'],
  ],
  ['closed, open', OPENING, 'opening', ['write 1 for 10000']],
  ['closed, close', [...STARTED, [20, { ...CLOSE, command: 'b' }]], 'closing', ['write 0 for 0']],
  [
    'closed, close confirmed',
    [...STARTED, [20, { ...CLOSE, command: 'b' }], [30, done(2, 0)]],
    'closed',
    ['b applied'],
  ],
  [
    'closed, close lost',
    [...STARTED, [20, { ...CLOSE, command: 'b' }], [30, lost(2)]],
    'closing',
    ['b failed', 'closed - unconfirmed'],
  ],
  ['closed, seen open while it travels', [...STARTED, [20, seen(1)]], 'closed', []],
  [
    'closed, seen open by another hand',
    [...SHUT, [6_000, seen(1)]],
    'closing',
    ['raise unleased-open', 'write 0 for 0'],
  ],
  [
    'unleased, confirmed',
    [...SHUT, [6_000, seen(1)], [6_010, done(2, 0)]],
    'closed',
    ['unleased - confirmed'],
  ],
  [
    'unleased, seen shut',
    [...SHUT, [6_000, seen(1)], [6_010, done(2, 0)], [6_900, seen(0)]],
    'closed',
    ['clear unleased-open'],
  ],
  ['never seen shut', [...STARTED, [6_000, seen(1)]], 'closing', ['raise cannot-close', 'write 0 for 0']],
  [
    'stuck stays an alarm though it takes the command',
    [...STARTED, [6_000, seen(1)], [6_010, done(2, 0)]],
    'closed',
    [],
  ],
  ['closed, stray opening', [...STARTED, [20, { kind: 'stray' }]], 'closing', ['write 0 for 0']],
  ['opening, confirmed', OPENED, 'open', ['a applied']],
  ['opening, lost', [...OPENING, [150, lost(2)]], 'closing', ['a failed', 'write 0 for 0']],
  [
    'opening, lost, closed',
    [...OPENING, [150, lost(2)], [160, done(3, 0)]],
    'closed',
    ['closed a confirmed'],
  ],
  ['opening, read back differs', [...OPENING, [150, done(2, 0)]], 'closing', ['a failed', 'write 0 for 0']],
  ['opening, never sent', [...OPENING, [150, { kind: 'expired', write: 2 }]], 'closed', ['a expired']],
  ['opening, open', [...OPENING, [110, { ...OPEN, command: 'b' }]], 'opening', ['b refused']],
  ['opening, close', [...OPENING, [110, CLOSE]], 'closing', ['a failed', 'write 0 for 0']],
  ['opening, its time over', [...OPENING, [10_100, TIME]], 'closing', ['a failed', 'write 0 for 0']],
  [
    'opening overtaken, then done',
    [...OPENING, [110, CLOSE], [120, done(2, 1)]],
    'closing',
    ['write 0 for 0'],
  ],
  [
    'opening overtaken, closed, then done',
    [...OPENING, [110, CLOSE], [115, done(3, 0)], [120, done(2, 1)]],
    'closing',
    ['write 0 for 0'],
  ],
  [
    'opening overtaken, closed, then never sent',
    [...OPENING, [110, CLOSE], [115, done(3, 0)], [120, { kind: 'expired', write: 2 }]],
    'closed',
    [],
  ],
  [
    'opening overtaken, open before its end',
    [...OPENING, [110, CLOSE], [115, done(3, 0)], [118, { ...OPEN, command: 'b' }]],
    'closed',
    ['b refused'],
  ],
  ['open, time before its end', [...OPENED, [10_099, TIME]], 'open', []],
  ['open, lease over', [...OPENED, [10_100, TIME]], 'closing', ['write 0 for 0']],
  [
    'open, lease over, confirmed',
    [...OPENED, [10_100, TIME], [10_110, done(3, 0)]],
    'closed',
    ['lapsed a confirmed'],
  ],
  [
    'open, lease over, line cut',
    [...OPENED, [10_100, TIME], [10_110, lost(3)]],
    'closing',
    ['lapsed a unconfirmed'],
  ],
  ['open, close', CLOSING, 'closing', ['write 0 for 0']],
  ['open, closed', [...CLOSING, [1_010, done(3, 0)]], 'closed', ['closed a confirmed']],
  [
    'open, renewed',
    [...OPENED, [5_000, { ...OPEN, command: 'b' }], [5_010, done(3, 1)]],
    'open',
    ['b applied'],
  ],
  [
    'open, renewed, first lease over',
    [...OPENED, [5_000, { ...OPEN, command: 'b' }], [5_010, done(3, 1)], [10_100, TIME]],
    'open',
    [],
  ],
  [
    'open, renewal under way, first lease over',
    [...OPENED, [10_000, { ...OPEN, command: 'b' }], [10_100, TIME]],
    'closing',
    ['b failed', 'write 0 for 0'],
  ],
  [
    'open, renewal lost',
    [...OPENED, [5_000, { ...OPEN, command: 'b' }], [5_010, lost(3)]],
    'closing',
    ['b failed', 'write 0 for 0'],
  ],
  [
    'open, renewal never sent',
    [...OPENED, [5_000, { ...OPEN, command: 'b' }], [5_010, { kind: 'expired', write: 3 }]],
    'open',
    ['b expired'],
  ],
  ['open, seen shut while it travels', [...OPENED, [1_000, seen(0)]], 'open', []],
  ['open, seen shut', [...OPENED, [6_000, seen(0)]], 'closing', ['write 0 for 0']],
  ['open, seen open', [...OPENED, [6_000, seen(1)]], 'open', []],
  ['an end of a write that nobody waits for', [...OPENED, [200, done(77, 0)]], 'open', []],
])('%s', (_, steps, phase, did) => {
  const end = run(steps);
  expect(end.phase).toBe(phase);
  expect(end.did).toEqual(did);
});

test('a close is tried again for ever, at most five seconds apart', () => {
  let { state } = run([...OPENED, [10_100, TIME]]);
  let nowMs = 10_100;
  for (let round = 0; round < 200; round++) {
    const write = state.closing!.write;
    state = stepActuator(RULES, state, lost(write), nowMs).state;
    const dueMs = nextDueMs(RULES, state)!;
    expect(dueMs - nowMs).toBeLessThanOrEqual(5_000);
    nowMs = dueMs;
    state = stepActuator(RULES, state, TIME, nowMs).state;
    expect(state.closing!.write).toBe(write + 1);
  }
});

test('a failed close is due again by itself, a lease at its end, and a closed point never', () => {
  expect(run(STARTED).dueMs).toBeUndefined();
  expect(run(OPENING).dueMs).toBe(10_100);
  expect(run(OPENED).dueMs).toBe(10_100);
  expect(run([STARTED[0], [10, lost(1)]]).dueMs).toBe(510);
});

test('what is allowed to open by itself is still closed after its longest run', () => {
  const rules = { ...RULES, unleased: 'allow' as const };
  const steps = [...SHUT, [6_000, seen(1)]] as const;
  const open = run(steps, rules);
  expect(open).toMatchObject({ phase: 'closed', did: [], dueMs: 66_000 });
  expect(mayBeOpen(open.state)).toBe(true);
  expect(run([...steps, [66_000, TIME]], rules)).toMatchObject({
    phase: 'closing',
    did: ['raise max-run', 'write 0 for 0'],
  });
});

test('opening what somebody else had opened counts the run from when it was seen', () => {
  const rules = { ...RULES, unleased: 'allow' as const };
  expect(run([...SHUT, [6_000, seen(1)], [9_000, OPEN]], rules).state.openSinceMs).toBe(6_000);
});

test('a stranger runs no longer for an opening that was never sent', () => {
  const rules = { ...RULES, unleased: 'allow' as const };
  const steps = [...SHUT, [6_000, seen(1)], [9_000, OPEN], [9_500, { kind: 'expired', write: 2 }]] as const;
  expect(run(steps, rules)).toMatchObject({ phase: 'closed', did: ['a expired'], dueMs: 66_000 });
});

test('renewing and closing again leave it settled, and closing again is no opening', () => {
  const renewed = run([...OPENED, [5_200, { ...OPEN, command: 'b' }], [5_300, done(3, 1)]]);
  expect(renewed.state.toldAtMs).toBe(150);
  const again = run([...SHUT, [6_000, CLOSE]]);
  expect(again.state).toMatchObject({ toldAtMs: 10, wasSeenSafe: true });
  expect(mayBeOpen(again.state)).toBe(false);
  // One that gives back another value is open for all that is known.
  expect(mayBeOpen(run([...SHUT, [6_000, CLOSE], [6_010, done(2, 1)]]).state)).toBe(true);
});
