import { describe, expect, it } from 'vitest';
import { type CommandAnswer, type CommandProgress, type CommandState, stepCommand } from './command-state.ts';

const EXPIRES_MS = 30_000;
const pending: CommandProgress = { expiresAtMs: EXPIRES_MS, state: 'pending' };
const applied: CommandAnswer = { outcome: 'applied', timeMs: 5_000, leaseEndsMs: 605_000 };
const refused: CommandAnswer = { outcome: 'refused', timeMs: 6_000, reason: { en: 'no', zh: '否' } };
const at = (nowMs: number) => ({ kind: 'time', nowMs }) as const;
const answer = (said: CommandAnswer) => ({ kind: 'answer', answer: said }) as const;

describe('a pending command', () => {
  it.each([
    [0, [{ kind: 'send' }, { kind: 'wake', delayMs: 2_000 }]],
    [29_000, [{ kind: 'send' }, { kind: 'wake', delayMs: 1_000 }]],
    [29_999, [{ kind: 'send' }, { kind: 'wake', delayMs: 1 }]],
    [30_000, [{ kind: 'wake', delayMs: 15_000 }]],
    [44_999, [{ kind: 'wake', delayMs: 1 }]],
  ])('at %i ms goes on with %j', (nowMs, effects) => {
    expect(stepCommand(pending, at(nowMs))).toEqual({ command: pending, effects });
  });

  it('ends as unanswered once no answer can be under way any more', () => {
    expect(stepCommand(pending, at(45_000))).toEqual({
      command: { ...pending, state: 'unanswered' },
      effects: [{ kind: 'ended' }],
    });
  });

  it.each([applied, refused])('ends with its answer: $outcome', (said) => {
    expect(stepCommand(pending, answer(said))).toEqual({
      command: { ...pending, state: said.outcome, answer: said },
      effects: [{ kind: 'ended' }],
    });
  });
});

describe('a command that has ended', () => {
  it.each<CommandState>(['applied', 'refused', 'failed', 'expired', 'unanswered'])(
    'as %s waits for no time',
    (state) => {
      const ended = { ...pending, state };
      expect(stepCommand(ended, at(1))).toEqual({ command: ended, effects: [] });
    },
  );

  it('keeps its first answer', () => {
    const { command } = stepCommand(pending, answer(applied));
    expect(stepCommand(command, answer(refused))).toEqual({ command, effects: [] });
  });

  it('without an answer takes one that comes late for the truth, once', () => {
    const { command } = stepCommand(pending, at(45_000));
    const late = stepCommand(command, answer(applied));
    expect(late).toEqual({
      command: { ...pending, state: 'applied', answer: applied, isLate: true },
      effects: [{ kind: 'ended' }],
    });
    expect(stepCommand(late.command, answer(refused)).command).toBe(late.command);
  });
});
