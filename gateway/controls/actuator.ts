import { SluiceError } from '../../core/errors.ts';
import {
  type ActuatorEffect,
  type ActuatorInput,
  type ActuatorRules,
  type ActuatorState,
  type ActuatorStep,
  type Asked,
  askedUntilMs,
  type Closing,
  isReady,
  isSame,
  type Lease,
  mayBeOpen,
  type Trouble,
} from './actuator-state.ts';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5_000;
/** One lost frame is no alarm. */
const ALARM_AFTER_FAILURES = 2;
/** Of commands that wait for one close; more are refused, and it closes all the same. */
const MOST_WAITING = 16;

/**
 * What one writable point does, as a pure machine. Time is the monotonic clock's, in milliseconds; values are numbers,
 * with false and true as 0 and 1.
 *
 *     unknown ──start──▶ closing ──confirmed──▶ closed ──open──▶ opening ──confirmed──▶ open ──open──▶ opening
 *                         ▲  │ failed: again, for ever     ▲          │ failed, late                  │
 *                         └──┘        seen open, late open ┘          ▼                               ▼
 *                         └───────────────◀── close · lease over · interlock · device closed it ──────┘
 *
 * It never gives up on a close. What it does not know it takes for open.
 */
export function stepActuator(
  rules: ActuatorRules,
  state: ActuatorState,
  input: ActuatorInput,
  nowMs: number,
): ActuatorStep {
  switch (input.kind) {
    case 'open':
      return open(state, input, nowMs);
    case 'close':
      return close(rules, state, input, nowMs);
    case 'written':
    case 'failed':
    case 'expired':
      return ended(rules, state, input, nowMs);
    case 'queued':
      return queued(state, input.write);
    case 'stray':
      return close(rules, state, { kind: 'close', cause: 'unleased' }, nowMs);
    case 'seen':
      return seen(rules, state, input.value, nowMs);
    case 'reached':
      return state.closing?.retryAtMs === undefined ? { state, effects: [] } : tryAgain(rules, state, nowMs);
    case 'time':
      return time(rules, state, nowMs);
  }
}

function open(
  state: ActuatorState,
  { command, value, leaseMs, notAfterMs }: Extract<ActuatorInput, { kind: 'open' }>,
  nowMs: number,
): ActuatorStep {
  if (!isReady(state)) {
    const reason = new SluiceError('COMMAND_POINT_BUSY', {});
    return { state, effects: [{ kind: 'outcome', command, outcome: 'refused', reason }] };
  }
  const write = state.writes + 1;
  const endsAtMs = nowMs + leaseMs;
  const asked: Asked = { command, value, leaseMs, endsAtMs, write, isQueued: false, notAfterMs };
  return {
    state: {
      ...state,
      phase: 'opening',
      asked,
      // A renewal goes on with what was open; what somebody else had opened is ours from now on.
      openSinceMs: state.openSinceMs ?? state.strangeSinceMs ?? nowMs,
      strangeSinceMs: undefined,
      toldAtMs: isSameAgain(state, value) ? state.toldAtMs : nowMs,
      writes: write,
    },
    effects: [{ kind: 'write', write, value, leaseMs, notAfterMs, command }],
  };
}

/** Renewing moves nothing, and must not keep the line from being judged: one that is renewed each second never settles. */
function isSameAgain({ phase, lease }: ActuatorState, value: number): boolean {
  return (phase === 'open' || phase === 'opening') && lease !== undefined && isSame(value, lease.value);
}

/** Brings it to its safe value, whatever it does; asked again while it does so, it only notes who waits for it. */
function close(
  rules: ActuatorRules,
  state: ActuatorState,
  { cause, command, reason }: Extract<ActuatorInput, { kind: 'close' }>,
  nowMs: number,
): ActuatorStep {
  const { asked, lease } = state;
  if (state.closing) return waitForClose(rules, state, command, nowMs);
  const write = state.writes + 1;
  const wasClosed = state.phase === 'closed' && cause !== 'unleased' && !mayBeOpen(state);
  const overtaken: ActuatorEffect[] = asked
    ? [
        {
          kind: 'outcome',
          command: asked.command,
          outcome: 'failed',
          reason: reason ?? new SluiceError('COMMAND_OVERTAKEN', {}),
        },
      ]
    : [];
  return {
    state: {
      ...state,
      phase: 'closing',
      lease: undefined,
      asked: undefined,
      closing: {
        sinceMs: nowMs,
        wasClosed,
        cause,
        lease: lease?.command ?? asked?.command ?? '',
        waiting: command === undefined ? [] : [command],
        reason,
        write,
        failures: 0,
        retryAtMs: undefined,
        isQueued: false,
        isTold: false,
      },
      toldAtMs: wasClosed ? state.toldAtMs : nowMs,
      wasSeenSafe: wasClosed && state.wasSeenSafe,
      lateOpenings: asked ? [...state.lateOpenings, asked.write] : state.lateOpenings,
      writes: write,
    },
    effects: [...overtaken, writeSafe(rules, write)],
  };
}

function waitForClose(
  rules: ActuatorRules,
  state: ActuatorState,
  command: string | undefined,
  nowMs: number,
): ActuatorStep {
  const closing = state.closing!;
  const isFull = closing.waiting.length >= MOST_WAITING;
  if (command !== undefined && isFull) {
    const reason = new SluiceError('COMMAND_POINT_BUSY', {});
    return { state, effects: [{ kind: 'outcome', command, outcome: 'refused', reason }] };
  }
  const waiting = command === undefined ? closing.waiting : [...closing.waiting, command];
  const noted = { ...state, closing: { ...closing, waiting } };
  return closing.retryAtMs === undefined ? { state: noted, effects: [] } : tryAgain(rules, noted, nowMs);
}

/** The safe value is never too late. */
function writeSafe({ safeValue }: ActuatorRules, write: number): ActuatorEffect {
  const notAfterMs = Number.MAX_SAFE_INTEGER;
  return { kind: 'write', write, value: safeValue, leaseMs: 0, notAfterMs, command: '' };
}

function queued(state: ActuatorState, write: number): ActuatorStep {
  const { asked, closing } = state;
  if (asked?.write === write)
    return { state: { ...state, asked: { ...asked, isQueued: true } }, effects: [] };
  if (closing?.write !== write) return { state, effects: [] };
  const isNews = !closing.isTold && closing.lease !== '';
  const told = { ...state, closing: { ...closing, isQueued: true, isTold: closing.isTold || isNews } };
  if (!isNews) return { state: told, effects: [] };
  return { state: told, effects: [leaseEnded(closing, false, closing.reason)] };
}

function tryAgain(rules: ActuatorRules, state: ActuatorState, nowMs: number): ActuatorStep {
  const write = state.writes + 1;
  return {
    state: {
      ...state,
      closing: { ...state.closing!, write, retryAtMs: undefined, isQueued: false },
      toldAtMs: state.closing!.wasClosed ? state.toldAtMs : nowMs,
      writes: write,
    },
    effects: [writeSafe(rules, write)],
  };
}

type WriteEndInput = Extract<ActuatorInput, { kind: 'written' | 'failed' | 'expired' }>;

function ended(
  rules: ActuatorRules,
  state: ActuatorState,
  input: WriteEndInput,
  nowMs: number,
): ActuatorStep {
  if (state.asked?.write === input.write) return openingEnded(rules, state, input, nowMs);
  if (state.closing?.write === input.write) return closeEnded(rules, state, input, nowMs);
  if (!state.lateOpenings.includes(input.write)) return { state, effects: [] };
  const rest = { ...state, lateOpenings: state.lateOpenings.filter((write) => write !== input.write) };
  // An opening that was overtaken may have acted after the close that overtook it. Only one that was never sent has not.
  if (input.kind === 'expired') return { state: rest, effects: [] };
  if (!rest.closing) return close(rules, rest, { kind: 'close', cause: 'closed' }, nowMs);
  // The close that is under way may have been before it as well, so its confirmation is worth nothing.
  return tryAgain(rules, rest, nowMs);
}

function openingEnded(
  rules: ActuatorRules,
  state: ActuatorState,
  input: WriteEndInput,
  nowMs: number,
): ActuatorStep {
  const { command, value, leaseMs, isQueued, endsAtMs } = state.asked!;
  const lease: Lease = { command, value, leaseMs, endsAtMs: isQueued ? nowMs + leaseMs : endsAtMs };
  if (input.kind === 'written' && isSame(input.value, lease.value)) {
    const toldAtMs = isSameAgain(state, value) ? state.toldAtMs : nowMs;
    return {
      state: { ...state, phase: 'open', lease, asked: undefined, toldAtMs },
      effects: [{ kind: 'outcome', command, outcome: 'applied', leaseEndsAtMs: lease.endsAtMs }],
    };
  }
  if (input.kind === 'expired') {
    const rest: ActuatorState = state.lease
      ? { ...state, phase: 'open', asked: undefined }
      : { ...state, phase: 'closed', asked: undefined, openSinceMs: undefined };
    // What another hand had opened before is that hand's again, and has run for as long.
    const wasStrange = !state.lease && state.openSinceMs! < endsAtMs - leaseMs;
    return {
      state: wasStrange ? { ...rest, strangeSinceMs: state.openSinceMs } : rest,
      effects: [{ kind: 'outcome', command, outcome: 'expired' }],
    };
  }
  const reason =
    input.kind === 'failed'
      ? input.error
      : new SluiceError('COMMAND_READ_BACK', { asked: lease.value, held: input.value });
  const outcome = reason.code === 'WRITE_TOO_LATE' ? 'expired' : 'failed';
  // What the device does now is not known, so it is closed.
  const step = close(
    rules,
    { ...state, asked: undefined },
    { kind: 'close', cause: 'closed', reason },
    nowMs,
  );
  const closing = { ...step.state.closing!, lease: state.lease?.command ?? command };
  return {
    state: { ...step.state, closing },
    effects: [{ kind: 'outcome', command, outcome, reason }, ...step.effects],
  };
}

function closeEnded(
  rules: ActuatorRules,
  state: ActuatorState,
  input: WriteEndInput,
  nowMs: number,
): ActuatorStep {
  const closing = state.closing!;
  if (input.kind === 'written' && isSame(input.value, rules.safeValue)) return closed(state, nowMs);
  const reason =
    input.kind === 'failed'
      ? input.error
      : new SluiceError('COMMAND_READ_BACK', {
          asked: rules.safeValue,
          held: input.kind === 'written' ? input.value : '?',
        });
  const failures = closing.failures + 1;
  const wasClosed = closing.wasClosed && input.kind !== 'written';
  const effects: ActuatorEffect[] = closing.waiting.map((command) => ({
    kind: 'outcome',
    command,
    outcome: 'failed',
    reason,
  }));
  if (!closing.isTold) effects.push(leaseEnded(closing, false, reason));
  const alarmed = failures >= ALARM_AFTER_FAILURES ? raise(state, 'cannot-close') : { state, effects: [] };
  const retryMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
  return {
    state: {
      ...alarmed.state,
      closing: { ...closing, wasClosed, waiting: [], failures, retryAtMs: nowMs + retryMs, isTold: true },
    },
    effects: [...effects, ...alarmed.effects],
  };
}

function closed(state: ActuatorState, nowMs: number): ActuatorStep {
  const closing = state.closing!;
  const applied = closing.waiting.map(
    (command): ActuatorEffect => ({ kind: 'outcome', command, outcome: 'applied' }),
  );
  // Where nothing was open there is no end to tell; a start that found everything in order is no news.
  const isNews = closing.lease !== '' || closing.isTold || closing.cause === 'unleased';
  // One that was seen to stand open though it took the command has not shown yet that it closes.
  const one = calm(state, 'max-run');
  const calmed =
    state.strangeSinceMs === undefined ? calm(one.state, 'cannot-close') : { state: one.state, effects: [] };
  return {
    state: {
      ...calmed.state,
      phase: 'closed',
      closing: undefined,
      openSinceMs: undefined,
      toldAtMs: closing.wasClosed ? state.toldAtMs : nowMs,
    },
    effects: [
      ...applied,
      ...(isNews ? [leaseEnded(closing, true, closing.reason)] : []),
      ...one.effects,
      ...calmed.effects,
    ],
  };
}

function leaseEnded(
  { lease, cause }: Closing,
  isConfirmed: boolean,
  reason: SluiceError | undefined,
): ActuatorEffect {
  return { kind: 'lease-ended', command: lease, cause, isConfirmed, ...(reason ? { reason } : {}) };
}

function seen(rules: ActuatorRules, state: ActuatorState, value: number, nowMs: number): ActuatorStep {
  const isSafe = isSame(value, rules.safeValue);
  const isSettled = nowMs - state.toldAtMs >= rules.settleMs;
  if (state.phase === 'open' && isSafe && isSettled && !state.asked) {
    const reason = new SluiceError('COMMAND_CLOSED_BY_DEVICE', {});
    return close(rules, state, { kind: 'close', cause: 'closed', reason }, nowMs);
  }
  if (state.phase !== 'closed') return { state, effects: [] };
  if (isSafe) {
    const one = calm(state, 'unleased-open');
    const two = calm(one.state, 'cannot-close');
    return {
      state: { ...two.state, wasSeenSafe: true, strangeSinceMs: undefined },
      effects: [...one.effects, ...two.effects],
    };
  }
  if (!isSettled) return { state, effects: [] };
  // Seen shut since it was closed: somebody has opened it. Never seen shut: it is stuck.
  const trouble: Trouble = state.wasSeenSafe ? 'unleased-open' : 'cannot-close';
  const isNews = trouble === 'cannot-close' || rules.unleased !== 'allow';
  const raised = isNews ? raise(state, trouble) : { state, effects: [] };
  const strange = { ...raised.state, strangeSinceMs: state.strangeSinceMs ?? nowMs };
  const isStuck = strange.troubles.includes('cannot-close');
  if (rules.unleased !== 'close' && !isStuck) return { state: strange, effects: raised.effects };
  const step = close(rules, strange, { kind: 'close', cause: 'unleased' }, nowMs);
  return {
    state: {
      ...step.state,
      // It was told already, and is no news with each try.
      closing: { ...step.state.closing!, cause: isStuck ? 'closed' : 'unleased' },
    },
    effects: [...raised.effects, ...step.effects],
  };
}

function time(rules: ActuatorRules, state: ActuatorState, nowMs: number): ActuatorStep {
  const { closing, lease, asked, strangeSinceMs } = state;
  if (closing) {
    if (closing.retryAtMs === undefined || nowMs < closing.retryAtMs) return { state, effects: [] };
    return tryAgain(rules, state, nowMs);
  }
  const isOver = (lease && nowMs >= lease.endsAtMs) || (asked && nowMs >= askedUntilMs(asked));
  if (isOver) return close(rules, state, { kind: 'close', cause: 'lapsed' }, nowMs);
  if (strangeSinceMs !== undefined && nowMs - strangeSinceMs >= rules.maxRunMs) {
    const reason = new SluiceError('COMMAND_RUN_TOO_LONG', { maxRunS: rules.maxRunMs / 1_000 });
    const raised = raise({ ...state, strangeSinceMs: undefined }, 'max-run');
    const step = close(rules, raised.state, { kind: 'close', cause: 'interlock', reason }, nowMs);
    return { state: step.state, effects: [...raised.effects, ...step.effects] };
  }
  return { state, effects: [] };
}

function raise(state: ActuatorState, trouble: Trouble): ActuatorStep {
  if (state.troubles.includes(trouble)) return { state, effects: [] };
  return {
    state: { ...state, troubles: [...state.troubles, trouble] },
    effects: [{ kind: 'trouble', trouble, isRaised: true }],
  };
}

function calm(state: ActuatorState, trouble: Trouble): ActuatorStep {
  if (!state.troubles.includes(trouble)) return { state, effects: [] };
  return {
    state: { ...state, troubles: state.troubles.filter((other) => other !== trouble) },
    effects: [{ kind: 'trouble', trouble, isRaised: false }],
  };
}
